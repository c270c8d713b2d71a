import type { Node, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { nodeUsage, podUsage } from '../controllers/node-usage.ts';
import type { Batch, Page } from './exposition.ts';
import type { UsageMeter } from './usage-meter.ts';

/** What of a working set is anonymous memory, and what is used beyond it: inactive file cache. */
export const RSS = 0.9;
export const USAGE = 1.05;

function runningPods(cluster: Cluster, node: Node): Pod[] {
  return cluster.podsOn.get(node.metadata.name).filter((pod) => pod.status?.phase === 'Running' && !isFinishedPod(pod));
}

/** The kubelet's own metrics: `/metrics`. */
export function kubeletPage(cluster: Cluster, node: Node): Batch[] {
  return [
    (page) => {
      page.add('kubelet_node_name', page.labels({ node: node.metadata.name }), 1);
      page.add('kubelet_running_pods', '', runningPods(cluster, node).length);
    },
  ];
}

/** cAdvisor's metrics of a node's containers: `/metrics/cadvisor`. Each pod once by its container, and once as a whole. */
export function cadvisorPage(cluster: Cluster, node: Node, meter: UsageMeter): Batch[] {
  return [
    (page) => {
      for (const pod of runningPods(cluster, node)) {
        const { name, namespace } = pod.metadata;
        const usage = podUsage(cluster, pod);
        const seconds = meter.pod(pod);
        for (const container of [pod.spec?.containers[0]?.name, undefined]) {
          const labels = page.labels({ container, namespace, pod: name });
          page.add('container_cpu_usage_seconds_total', `${labels},cpu="total"`, seconds);
          page.add('container_memory_working_set_bytes', labels, Math.round(usage.memory));
          page.add('container_memory_rss', labels, Math.round(usage.memory * RSS));
          page.add('container_memory_usage_bytes', labels, Math.round(usage.memory * USAGE));
        }
      }
    },
  ];
}

/** What metrics-server reads: `/metrics/resource`. */
export function resourcePage(cluster: Cluster, node: Node, meter: UsageMeter): Batch[] {
  return [
    (page) => {
      page.add('node_cpu_usage_seconds_total', '', meter.node(node));
      page.add('node_memory_working_set_bytes', '', Math.round(nodeUsage(cluster, node).memory));
      for (const pod of runningPods(cluster, node)) podResources(cluster, page, pod, meter);
    },
  ];
}

function podResources(cluster: Cluster, page: Page, pod: Pod, meter: UsageMeter): void {
  const labels = page.labels({ namespace: pod.metadata.namespace, pod: pod.metadata.name });
  page.add('pod_cpu_usage_seconds_total', labels, meter.pod(pod));
  page.add('pod_memory_working_set_bytes', labels, Math.round(podUsage(cluster, pod).memory));
}
