import { z } from 'zod';
import { compareText, keyOf } from '../../model/memo.ts';
import { plain } from '../../model/plain.ts';
import { bytesOf, milliOf } from '../../model/quantity.ts';
import { pageOf } from '../budget.ts';
import { metricsOf, type PodMetrics } from '../primitives/top.ts';
import { objectName, pageInfo, pageText, paging } from '../schemas.ts';
import { tool } from '../tool.ts';

export const podsTop = tool({
  name: 'pods_top',
  title: 'Pods: Top',
  description: 'CPU and memory that pods use, as metrics-server measured it last. The hungriest first, by memory.',
  toolset: 'primitives',
  input: z.strictObject({
    all_namespaces: z.boolean().default(true).describe("False: of namespace, or the kubeconfig context's."),
    namespace: objectName().optional(),
    name: objectName().describe('Of one pod.').optional(),
    label_selector: z.string().max(1000).describe('Kubernetes label selector.').optional(),
    ...paging(50, 500),
  }),
  output: z.object({
    pods: z.array(z.object({ namespace: z.string(), name: z.string(), cpuMillicores: z.int(), memoryBytes: z.int() })),
    ...pageInfo,
  }),
  instead: { pod: 'use "name"' },
  needs: [{ verb: 'list', group: 'metrics.k8s.io', resource: 'pods' }],
  async run({ all_namespaces, namespace: given, name, label_selector: labelSelector, limit, offset }, context) {
    // A namespace that is named is meant, also where all_namespaces was left at its default.
    const namespace = given ?? (all_namespaces ? undefined : context.client.namespace);
    const metrics = await metricsOf<PodMetrics>(context, 'pods', {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
    });
    const all = metrics
      .filter(({ metadata }) => name === undefined || metadata.name === name)
      .map(({ metadata, containers = [] }) => ({
        namespace: metadata.namespace ?? '',
        name: metadata.name,
        cpuMillicores: Math.round(sum(containers.map(({ usage }) => milliOf(usage?.cpu ?? 0)))),
        memoryBytes: Math.round(sum(containers.map(({ usage }) => bytesOf(usage?.memory ?? 0)))),
      }))
      .sort(
        (a, b) => b.memoryBytes - a.memoryBytes || compareText(keyOf(a.namespace, a.name), keyOf(b.namespace, b.name)),
      );
    const { items, ...rest } = pageOf(all, { limit, offset });
    const lines = items.map(
      (each) => `${each.namespace} ${each.name} ${each.cpuMillicores}m ${Math.round(each.memoryBytes / 2 ** 20)}Mi`,
    );
    const text = ['NAMESPACE POD CPU(cores) MEMORY(bytes)', ...lines, ...pageText(rest)].map(plain).join('\n');
    return { structured: { pods: items, ...rest }, text };
  },
});

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
