import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import type { VirtualResource } from '../api/extension.ts';
import { type Cluster, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { isDown } from './kubelet.ts';
import { nodeUsage, podUsage, type Usage } from './node-usage.ts';

function amounts({ cpu, memory }: Usage): { cpu: string; memory: string } {
  return { cpu: `${Math.round(cpu * 1000)}m`, memory: `${Math.round(memory / 1024)}Ki` };
}

/** metrics.k8s.io: what nodes and pods use, made up from the guests' workloads at each request. */
export function metricsServer(cluster: Cluster): VirtualResource[] {
  const base = { apiVersion: 'metrics.k8s.io/v1beta1', window: '30s' };
  return [
    {
      resource: 'nodes.metrics.k8s.io',
      version: 'v1beta1',
      kind: 'NodeMetrics',
      singular: 'node',
      namespaced: false,
      list: () =>
        cluster.store.list<Node>(resources.nodes).flatMap((node) => {
          if (isDown(cluster, node.metadata.name)) return [];
          const { name, labels } = node.metadata;
          const metrics: KubeObject & Record<string, unknown> = {
            ...base,
            kind: 'NodeMetrics',
            metadata: { name, ...(labels === undefined ? {} : { labels }), creationTimestamp: now(cluster) },
            timestamp: now(cluster),
            usage: amounts(nodeUsage(cluster, node)),
          };
          return [metrics];
        }),
    },
    {
      resource: 'pods.metrics.k8s.io',
      version: 'v1beta1',
      kind: 'PodMetrics',
      singular: 'pod',
      namespaced: true,
      list: (namespace) =>
        cluster.store.list<Pod>(resources.pods, namespace).flatMap((pod) => {
          if (pod.status?.phase !== 'Running' || isDown(cluster, pod.spec?.nodeName)) return [];
          const { name, labels } = pod.metadata;
          const metrics: KubeObject & Record<string, unknown> = {
            ...base,
            kind: 'PodMetrics',
            metadata: {
              name,
              namespace: pod.metadata.namespace,
              ...(labels === undefined ? {} : { labels }),
              creationTimestamp: now(cluster),
            },
            timestamp: now(cluster),
            containers: [{ name: pod.spec?.containers[0]?.name ?? '', usage: amounts(podUsage(cluster, pod)) }],
          };
          return [metrics];
        }),
    },
  ];
}
