import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { listOutput, listPage, selection } from '../primitives/list.ts';
import { tool } from '../tool.ts';

const { group, version, plural, namespaced } = resources.pods;

export const podsList = tool({
  name: 'pods_list',
  title: 'Pods: List',
  description:
    'Pods as JSON, of all namespaces or one, filtered on any field and in pages. E.g. labelSelector kubevirt.io=virt-handler with fields .status.containerStatuses[0].ready and .status.startTime.',
  toolset: 'primitives',
  input: z.strictObject(selection),
  output: listOutput,
  instead: { allNamespaces: 'leave "namespace" out for all namespaces' },
  needs: [{ verb: 'list', group: '', resource: 'pods' }],
  async run(request, context) {
    return await listPage(context, { group, version, plural, namespaced }, { apiVersion: 'v1', kind: 'Pod' }, request);
  },
});
