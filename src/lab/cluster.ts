import type { KubeObject, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { KubeVirtVersion } from '../model/versions/index.ts';
import { same } from './api/fields/compare.ts';
import type { ResourceName, Store } from './api/store.ts';
import { seconds } from './api/store.ts';
import { type Broken, nothingBroken } from './broken.ts';
import type { Clock } from './clock.ts';
import { copyOf } from './copy.ts';
import { type Duty, duty } from './duty.ts';
import { type EventRecorder, eventRecorder } from './events.ts';
import type { Hypervisor } from './hypervisor/hypervisor.ts';
import { type Index, indexBy } from './index-by.ts';
import { type LogBook, logBook } from './logs.ts';
import type { Random } from './random.ts';
import { resources } from './resources.ts';

/** What every controller of the lab works with. */
export interface Cluster {
  clock: Clock;
  store: Store;
  random: Random;
  hypervisor: Hypervisor;
  version: KubeVirtVersion;
  events: EventRecorder;
  logs: LogBook;
  /** Pods bound to a node, by the node's name. */
  podsOn: Index<Pod>;
  /** Launcher pods of a VMI, by its UID (label kubevirt.io/created-by). */
  podsOf: Index<Pod>;
  /** VMIs by the node they run on. */
  vmisOn: Index<VirtualMachineInstance>;
  /** Target pods of unfinished migrations, by the migration's UID (label kubevirt.io/migrationJobUID). */
  targetPods: Index<Pod>;
  /** Pods that attach hot-plugged volumes, by the UID of their launcher. */
  attachmentPods: Index<Pod>;
  /** Migrations of a VMI, by `namespace/name` (label kubevirt.io/vmi-name). */
  migrationsOf: Index<VirtualMachineInstanceMigration>;
  broken: Broken;
  /** virt-controller: one of its pods leads, and its controllers act. */
  virtController: Duty;
  /** virt-api: a pod of it is ready. Without it nothing can write VMs, VMIs and migrations: its webhooks fail closed. */
  virtApi: Duty;
  /** Failures of controllers that are bugs of the lab: tests expect none. */
  faults: Error[];
}

/** A running part of the cluster. */
export interface Controller {
  start(): void;
}

export function createCluster(parts: Pick<Cluster, 'clock' | 'store' | 'random' | 'hypervisor' | 'version'>): Cluster {
  const { clock, store, random } = parts;
  return {
    ...parts,
    events: eventRecorder(clock, store, random),
    logs: logsOf(store),
    podsOn: indexBy<Pod>(store, resources.pods, (pod) => pod.spec?.nodeName),
    podsOf: indexBy<Pod>(store, resources.pods, (pod) => pod.metadata.labels?.['kubevirt.io/created-by']),
    vmisOn: indexBy<VirtualMachineInstance>(store, resources.vmis, (vmi) => vmi.status?.nodeName),
    targetPods: indexBy<Pod>(store, resources.pods, ({ metadata: { labels } }) =>
      labels?.['kubevirt.io'] === 'virt-launcher' ? labels['kubevirt.io/migrationJobUID'] : undefined,
    ),
    attachmentPods: indexBy<Pod>(store, resources.pods, ({ metadata: { labels, ownerReferences } }) =>
      labels?.['kubevirt.io'] === 'hotplug-disk' ? ownerReferences?.[0]?.uid : undefined,
    ),
    migrationsOf: indexBy<VirtualMachineInstanceMigration>(
      store,
      resources.migrations,
      (migration) => `${migration.metadata.namespace ?? ''}/${migration.spec.vmiName ?? ''}`,
    ),
    broken: nothingBroken(),
    virtController: duty(),
    virtApi: duty(),
    faults: [],
  };
}

/** Logs go with their pod, whoever deletes it. */
function logsOf(store: Store): LogBook {
  const logs = logBook();
  store.subscribe(({ type, resource, object }) => {
    if (type === 'DELETED' && resource === resources.pods) logs.forget(object.metadata.uid ?? '');
  });
  return logs;
}

/** `namespace/name`, as controllers key their queues. */
export function keyOf(object: KubeObject): string {
  return object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`;
}

/** The stored object of a queue key. */
export function byKey<T extends KubeObject>(cluster: Cluster, resource: ResourceName, key: string): T | undefined {
  const slash = key.indexOf('/');
  return slash < 0
    ? cluster.store.get<T>(resource, undefined, key)
    : cluster.store.get<T>(resource, key.slice(0, slash), key.slice(slash + 1));
}

/**
 * Changes an object as it is stored now; `change` works on a copy. As in Kubernetes, the generation rises when the
 * spec changes (of a VMI, which has no status subresource, also when its status does), and an object in deletion
 * disappears with its last finalizer. Returns the stored object, or undefined if it is gone.
 */
export function modify<T extends KubeObject>(
  cluster: Cluster,
  resource: ResourceName,
  object: KubeObject,
  change: (draft: T) => void,
): T | undefined {
  const { store } = cluster;
  const current = store.get<T>(resource, object.metadata.namespace, object.metadata.name);
  if (current === undefined || current.metadata.uid !== object.metadata.uid) return undefined;
  const draft = copyOf(current);
  change(draft);
  if (draft.metadata.deletionTimestamp !== undefined && (draft.metadata.finalizers ?? []).length === 0) {
    store.delete(resource, draft.metadata.namespace, draft.metadata.name);
    return undefined;
  }
  if (!same(generationOf(resource, draft), generationOf(resource, current))) {
    draft.metadata.generation = (draft.metadata.generation ?? 0) + 1;
  }
  return store.update(resource, draft);
}

/** What a change of raises the generation. */
function generationOf(resource: ResourceName, object: KubeObject): unknown {
  const { spec, status } = object as KubeObject & { spec?: unknown; status?: unknown };
  if (resource === resources.vmis) return [spec, status];
  // A binding is not a change of the spec by its owner (recordings, run1/pods: it stays at 1).
  if (resource === resources.pods) return { ...(spec as object), nodeName: undefined };
  return spec;
}

/** DELETE as the API server does it: at once, or by marking what has finalizers (or, for a bound pod, a grace period). */
export function remove(cluster: Cluster, resource: ResourceName, object: KubeObject, graceSeconds?: number): void {
  const { clock, store } = cluster;
  const current = store.get(resource, object.metadata.namespace, object.metadata.name);
  if (current === undefined || current.metadata.uid !== object.metadata.uid) return;
  const pod = resource === resources.pods ? (current as Pod) : undefined;
  const ended = pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed';
  const grace =
    pod?.spec?.nodeName === undefined || ended ? 0 : (graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
  const marks = (current.metadata.finalizers ?? []).length > 0 || grace > 0;
  if (!marks) {
    store.delete(resource, current.metadata.namespace, current.metadata.name);
    return;
  }
  if (current.metadata.deletionTimestamp !== undefined) return;
  store.update(resource, {
    ...current,
    metadata: {
      ...current.metadata,
      generation: (current.metadata.generation ?? 0) + 1,
      deletionTimestamp: seconds(clock.now() + grace * 1000),
      deletionGracePeriodSeconds: grace,
    },
  });
}

/** metav1.Time of now: whole seconds. */
export function now(cluster: Cluster): string {
  return seconds(cluster.clock.now());
}

/** Now as Go prints a metav1.Time, which is what virt-controller writes into one annotation. */
export function goNow(cluster: Cluster): string {
  return `${now(cluster).replace('T', ' ').replace('Z', '')} +0000 UTC`;
}
