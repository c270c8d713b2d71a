import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { FerryError } from '../../model/errors.ts';
import { compareText } from '../../model/memo.ts';
import type { Node } from '../../model/objects.ts';
import { plain } from '../../model/plain.ts';
import { bytesOf, milliOf } from '../../model/quantity.ts';
import { pageOf } from '../budget.ts';
import { metricsOf, type NodeMetrics } from '../primitives/top.ts';
import { objectName, pageInfo, pageText, paging } from '../schemas.ts';
import { tool } from '../tool.ts';

const row = z.object({
  name: z.string(),
  cpuMillicores: z.int(),
  cpuPercent: z.int().optional().describe('Of what the node can allocate.'),
  memoryBytes: z.int(),
  memoryPercent: z.int().optional(),
});

export const nodesTop = tool({
  name: 'nodes_top',
  title: 'Nodes: Top',
  description: 'CPU and memory that nodes use, as metrics-server measured it last, of one node or all.',
  toolset: 'primitives',
  input: z.strictObject({
    name: objectName().describe('Default: all nodes.').optional(),
    label_selector: z.string().max(1000).describe('Kubernetes label selector.').optional(),
    ...paging(100, 500),
  }),
  output: z.object({ nodes: z.array(row), ...pageInfo }),
  instead: { node: 'use "name"' },
  needs: [
    { verb: 'list', group: 'metrics.k8s.io', resource: 'nodes' },
    { verb: 'list', group: '', resource: 'nodes' },
  ],
  async run({ name, label_selector: labelSelector, limit, offset }, context) {
    const { client, signal } = context;
    const selected = labelSelector === undefined ? {} : { labelSelector };
    const [metrics, nodes] = await Promise.all([
      metricsOf<NodeMetrics>(context, 'nodes', selected),
      client.list<Node>(resources.nodes, { signal, ...selected }),
    ]);
    const allocatable = new Map(nodes.items.map(({ metadata, status }) => [metadata.name, status?.allocatable]));
    const chosen = metrics.filter(({ metadata }) => name === undefined || metadata.name === name);
    if (name !== undefined && chosen.length === 0) {
      const hint = allocatable.has(name) ? 'It may be new, or not answer.' : 'Check the name.';
      throw new FerryError('FERRY_E_NOT_FOUND', `nothing was measured of a node ${name}`, hint);
    }
    const all = chosen
      .map(({ metadata, usage }) => {
        const can = allocatable.get(metadata.name);
        const cpuMillicores = Math.round(milliOf(usage?.cpu ?? 0));
        const memoryBytes = Math.round(bytesOf(usage?.memory ?? 0));
        return {
          name: metadata.name,
          cpuMillicores,
          ...share('cpuPercent', cpuMillicores, milliOf(can?.['cpu'] ?? 0)),
          memoryBytes,
          ...share('memoryPercent', memoryBytes, bytesOf(can?.['memory'] ?? 0)),
        };
      })
      .sort((a, b) => compareText(a.name, b.name));
    const { items, ...rest } = pageOf(all, { limit, offset });
    const lines = items.map((each) => {
      const memory = `${Math.round(each.memoryBytes / 2 ** 20)}Mi`;
      return `${each.name} ${each.cpuMillicores}m ${percent(each.cpuPercent)} ${memory} ${percent(each.memoryPercent)}`;
    });
    const text = ['NAME CPU(cores) CPU(%) MEMORY(bytes) MEMORY(%)', ...lines, ...pageText(rest)].map(plain).join('\n');
    return { structured: { nodes: items, ...rest }, text };
  },
});

function share<K extends string>(key: K, used: number, of: number | undefined): Partial<Record<K, number>> {
  if (of === undefined || of <= 0) return {};
  return { [key]: Math.round((used / of) * 100) } as Record<K, number>;
}

function percent(value: number | undefined): string {
  return value === undefined ? '<unknown>' : `${value}%`;
}
