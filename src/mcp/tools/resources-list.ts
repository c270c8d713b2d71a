import { z } from 'zod';
import { resourceOf } from '../primitives/find.ts';
import { listOutput, listPage, selection } from '../primitives/list.ts';
import { tool } from '../tool.ts';

export const resourcesList = tool({
  name: 'resources_list',
  title: 'Resources: List',
  description:
    'Kubernetes objects of a kind as JSON, filtered on any field and in pages. Without namespace: of all. Use fields to see only what you need of each. Secrets are never read.',
  toolset: 'primitives',
  input: z.strictObject({
    apiVersion: z.string().max(300).describe('e.g. v1, kubevirt.io/v1.'),
    kind: z.string().max(100),
    ...selection,
  }),
  output: listOutput,
  instead: { allNamespaces: 'leave "namespace" out for all namespaces' },
  needs: [{ verb: 'list', group: '*', resource: '*' }],
  async run({ apiVersion, kind, ...request }, context) {
    const resource = await resourceOf(context, apiVersion, kind);
    return await listPage(context, resource, { apiVersion, kind }, request);
  },
});
