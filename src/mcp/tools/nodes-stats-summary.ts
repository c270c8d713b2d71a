import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { pathOf } from '../../kube/paths.ts';
import { fit } from '../budget.ts';
import { clean } from '../clean.ts';
import { objectName } from '../schemas.ts';
import { tool } from '../tool.ts';

export const nodesStatsSummary = tool({
  name: 'nodes_stats_summary',
  title: 'Node: Stats Summary',
  description:
    "A node's kubelet summary as JSON: CPU, memory, file systems and the counters of its network interfaces (.node.network.interfaces[]), then its pods, as many as fit.",
  toolset: 'primitives',
  input: z.strictObject({ name: objectName().describe('Of the node.') }),
  output: z.object({ node: z.looseObject({}), pods: z.array(z.unknown()) }),
  instead: { node: 'use "name"' },
  needs: [{ verb: 'get', group: '', resource: 'nodes/proxy' }],
  async run({ name }, { client, signal }) {
    const path = pathOf(resources.nodes, undefined, name, 'proxy/stats/summary');
    const { text } = await client.raw('GET', path, { headers: { accept: 'application/json' }, signal });
    const { node, pods } = clean(JSON.parse(text) as { node?: Record<string, unknown>; pods?: unknown[] });
    const structured = { node: fit(node ?? {}, 16_000), pods: fit(pods ?? [], 12_000) };
    return { structured, text: JSON.stringify(structured) };
  },
});
