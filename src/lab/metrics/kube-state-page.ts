import type { DaemonSet, KubeObject, Node, PersistentVolumeClaim, Pod } from '../../model/objects.ts';
import { amountOf, isReadyPod } from '../../model/pods.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { type Batch, type Page, pairs, parts } from './exposition.ts';

/** kube-state-metrics' metrics of nodes, pods, claims and what runs virt-*, as far as KubeVirt's rules join them. */
export function* kubeStatePage(cluster: Cluster): Generator<Batch> {
  const { store } = cluster;
  yield* parts(store.list<Node>(resources.nodes), nodeMetrics);
  yield* parts(store.list<Pod>(resources.pods), podMetrics);
  yield* parts(store.list<PersistentVolumeClaim>(resources.claims), claimMetrics);
  yield (page) => {
    for (const set of store.list<DaemonSet>(resources.daemonSets)) {
      const labels = page.labels({ namespace: set.metadata.namespace, daemonset: set.metadata.name });
      const { desiredNumberScheduled = 0, numberReady = 0 } = set.status ?? {};
      page.add('kube_daemonset_status_desired_number_scheduled', labels, desiredNumberScheduled);
      page.add('kube_daemonset_status_number_ready', labels, numberReady);
    }
    for (const { metadata, spec, status } of store.list<Deployment>(resources.deployments)) {
      const labels = page.labels({ namespace: metadata.namespace, deployment: metadata.name });
      page.add('kube_deployment_spec_replicas', labels, spec?.replicas ?? 1);
      page.add('kube_deployment_status_replicas_available', labels, status?.availableReplicas ?? 0);
    }
  };
}

interface Deployment extends KubeObject {
  spec?: { replicas?: number };
  status?: { availableReplicas?: number };
}

/** A label or resource name as kube-state-metrics writes it. */
function clean(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

function labelMetric(labels: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(labels ?? {}).map(([name, value]) => [`label_${clean(name)}`, value]));
}

/** What kube-state-metrics calls a resource's unit; its amount in that unit. */
function amount(resource: string, text: string | number): { unit: string; value: number } {
  if (resource === 'cpu') return { unit: 'core', value: amountOf(resource, text) / 1000 };
  const bytes = resource === 'memory' || resource.includes('storage') || resource.startsWith('hugepages');
  return { unit: bytes ? 'byte' : 'integer', value: bytesOf(text) };
}

function nodeMetrics(page: Page, node: Node): void {
  const { name, labels } = node.metadata;
  const info = node.status?.nodeInfo;
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  page.add(
    'kube_node_info',
    page.labels({
      node: name,
      internal_ip: address,
      kernel_version: info?.kernelVersion,
      kubelet_version: info?.kubeletVersion,
      os_image: info?.osImage,
    }),
    1,
  );
  page.add('kube_node_labels', page.labels({ node: name, ...labelMetric(labels) }), 1);
  page.add('kube_node_spec_unschedulable', page.labels({ node: name }), node.spec?.unschedulable === true ? 1 : 0);
  for (const label of Object.keys(labels ?? {})) {
    const role = /^node-role\.kubernetes\.io\/(.+)$/.exec(label)?.[1];
    if (role !== undefined) page.add('kube_node_role', page.labels({ node: name, role }), 1);
  }
  for (const list of ['allocatable', 'capacity'] as const) {
    for (const [resource, text] of Object.entries(node.status?.[list] ?? {})) {
      const { unit, value } = amount(resource, text);
      page.add(`kube_node_status_${list}`, page.labels({ node: name, resource: clean(resource), unit }), value);
    }
  }
  for (const condition of node.status?.conditions ?? []) {
    for (const status of ['true', 'false', 'unknown']) {
      const labelled = page.labels({ node: name, condition: condition.type, status });
      page.add('kube_node_status_condition', labelled, condition.status.toLowerCase() === status ? 1 : 0);
    }
  }
}

const PHASES = ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'];

function podMetrics(page: Page, pod: Pod): void {
  const { name, namespace, uid, labels, ownerReferences, creationTimestamp } = pod.metadata;
  const own = page.labels({ namespace, pod: name, uid });
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  const node = pod.spec?.nodeName;
  const more = pairs({
    node,
    host_ip: pod.status?.hostIP,
    pod_ip: pod.status?.podIP,
    created_by_kind: owner?.kind ?? '<none>',
    created_by_name: owner?.name ?? '<none>',
  });
  page.add('kube_pod_info', `${own},${more}`, 1);
  page.add('kube_pod_labels', page.labels({ namespace, pod: name, uid, ...labelMetric(labels) }), 1);
  page.add('kube_pod_created', own, Date.parse(creationTimestamp ?? '') / 1000 || 0);
  for (const phase of PHASES) {
    page.add('kube_pod_status_phase', `${own},phase="${phase}"`, pod.status?.phase === phase ? 1 : 0);
  }
  const ready = isReadyPod(pod);
  for (const [condition, holds] of Object.entries({ true: ready, false: !ready, unknown: false })) {
    page.add('kube_pod_status_ready', `${own},condition="${condition}"`, holds ? 1 : 0);
  }
  for (const container of pod.spec?.containers ?? []) {
    for (const list of ['requests', 'limits'] as const) {
      for (const [resource, text] of Object.entries(container.resources?.[list] ?? {})) {
        const { unit, value } = amount(resource, text);
        const what = pairs({ container: container.name, node, resource: clean(resource), unit });
        page.add(`kube_pod_container_resource_${list}`, `${own},${what}`, value);
      }
    }
  }
}

function claimMetrics(page: Page, { metadata, spec }: PersistentVolumeClaim): void {
  const claim = { namespace: metadata.namespace, persistentvolumeclaim: metadata.name };
  const about = { storageclass: spec?.storageClassName, volumename: spec?.volumeName };
  page.add('kube_persistentvolumeclaim_info', page.labels({ ...claim, ...about }), 1);
  const size = spec?.resources?.requests?.['storage'];
  if (size !== undefined) {
    page.add('kube_persistentvolumeclaim_resource_requests_storage_bytes', page.labels(claim), bytesOf(size));
  }
}
