import { keyOf, perSnapshot } from './memo.ts';
import { type NodeView, storageOf } from './nodes.ts';
import { isFinishedPod } from './pods.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import type { Vm } from './vm.ts';

// How many volumes a CSI driver can attach to a node, as kube-scheduler counts them (NodeVolumeLimits: Kubernetes
// pkg/scheduler/framework/plugins/nodevolumelimits/csi.go).

/** A volume that a CSI driver has to attach to the VM's node. */
export interface AttachedVolume {
  driver: string;
  /** Of its PersistentVolume. */
  volume: string;
}

/** A driver that has no slot left on a node for the VM's volumes. */
export interface AttachObjection {
  rule: 'attach-limit';
  driver: string;
  limit: number;
  attached: number;
  needed: number;
  ownPodsOnly: false;
}

interface Attachments {
  /** Volumes that a driver can attach, by node and driver. */
  limits: Map<string, Map<string, number>>;
  /** What a claim, by namespace and name, has attached. */
  volumeOf(namespace: string, claimName: string): AttachedVolume | undefined;
  /** Volumes attached to a node now, by driver. */
  attachedTo(node: string): Map<string, Set<string>>;
}

/** Undefined where no driver has a limit, or not all is known that counts against it. */
const attachmentsOf = perSnapshot((snapshot: Snapshot): Attachments | undefined => {
  const { csiNodes, pods, claims, volumes } = snapshot.lists;
  const limits = new Map<string, Map<string, number>>();
  for (const { metadata, spec } of itemsOf(csiNodes)) {
    for (const { name, allocatable } of spec?.drivers ?? []) {
      if (allocatable?.count === undefined) continue;
      const known = limits.get(metadata.name) ?? new Map<string, number>();
      limits.set(metadata.name, known.set(name, allocatable.count));
    }
  }
  const whole = pods.known && pods.onlyNamespaces === undefined && claims.known && volumes.known;
  if (limits.size === 0 || !whole) return undefined;
  const drivers = new Map(
    volumes.items.flatMap(({ metadata, spec }) =>
      spec?.csi === undefined ? [] : [[metadata.name, spec.csi.driver] as const],
    ),
  );
  const byClaim = storageOf(snapshot).claims;
  const volumeOf = (namespace: string, claimName: string): AttachedVolume | undefined => {
    const volume = byClaim.get(keyOf(namespace, claimName))?.spec?.volumeName ?? '';
    const driver = drivers.get(volume);
    return driver === undefined ? undefined : { driver, volume };
  };
  const attached = new Map<string, Map<string, Set<string>>>();
  for (const pod of pods.items) {
    const node = pod.spec?.nodeName;
    if (node === undefined || isFinishedPod(pod)) continue;
    for (const { persistentVolumeClaim: claim } of pod.spec?.volumes ?? []) {
      const found = claim === undefined ? undefined : volumeOf(pod.metadata.namespace ?? '', claim.claimName);
      if (found === undefined) continue;
      let there = attached.get(node);
      if (there === undefined) attached.set(node, (there = new Map()));
      const same = there.get(found.driver);
      if (same === undefined) there.set(found.driver, new Set([found.volume]));
      else same.add(found.volume);
    }
  }
  return { limits, volumeOf, attachedTo: (node) => attached.get(node) ?? new Map() };
});

/** The volumes that must be attached where the VM goes to; none where no driver has a limit, or it can't be told. */
export function attachedVolumesOf(vm: Vm, snapshot: Snapshot): AttachedVolume[] {
  const attachments = attachmentsOf(snapshot);
  if (attachments === undefined) return [];
  return vm.volumes.flatMap(({ claimName }) =>
    claimName === undefined ? [] : (attachments.volumeOf(vm.namespace, claimName) ?? []),
  );
}

/** A function that tells which driver has no slot left on a node for those volumes that are not there yet. */
export function attachObjector(
  volumes: readonly AttachedVolume[],
  snapshot: Snapshot,
): (node: NodeView) => AttachObjection | undefined {
  const attachments = attachmentsOf(snapshot);
  const drivers = [...new Set(volumes.map(({ driver }) => driver))].sort();
  return ({ name }) => {
    const limits = attachments?.limits.get(name);
    for (const driver of drivers) {
      const limit = limits?.get(driver);
      if (limit === undefined) continue;
      const there = attachments?.attachedTo(name).get(driver);
      const fresh = new Set(
        volumes.flatMap((each) => (each.driver === driver && there?.has(each.volume) !== true ? each.volume : [])),
      );
      const attached = there?.size ?? 0;
      if (fresh.size > 0 && attached + fresh.size > limit) {
        return { rule: 'attach-limit', driver, limit, attached, needed: fresh.size, ownPodsOnly: false };
      }
    }
    return undefined;
  };
}
