import type { CsiNode, PersistentVolume, PersistentVolumeClaim, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

/** Handles of the volumes that CSI drivers attach for a pod, by driver. */
export type CsiVolumes = Map<string, Set<string>>;

/** The volumes behind a pod's bound claims. */
export function csiVolumesOf(cluster: Cluster, pod: Pod, into: CsiVolumes = new Map()): CsiVolumes {
  for (const { persistentVolumeClaim } of pod.spec?.volumes ?? []) {
    if (persistentVolumeClaim === undefined) continue;
    const { namespace } = pod.metadata;
    const claim = cluster.store.get<PersistentVolumeClaim>(
      resources.claims,
      namespace,
      persistentVolumeClaim.claimName,
    );
    const name = claim?.spec?.volumeName;
    if (name === undefined) continue;
    const csi = cluster.store.get<PersistentVolume>(resources.volumes, undefined, name)?.spec?.csi;
    if (csi === undefined) continue;
    const handles = into.get(csi.driver) ?? new Set<string>();
    into.set(csi.driver, handles.add(csi.volumeHandle ?? name));
  }
  return into;
}

/** Whether a node's drivers have slots for a pod's volumes that are not attached there yet (kube-scheduler's NodeVolumeLimits). */
export function withinAttachLimits(cluster: Cluster, wanted: CsiVolumes, node: string): boolean {
  const drivers = cluster.store.get<CsiNode>(resources.csiNodes, undefined, node)?.spec?.drivers ?? [];
  const limited = drivers.filter(({ name, allocatable }) => allocatable?.count !== undefined && wanted.has(name));
  if (limited.length === 0) return true;
  const attached: CsiVolumes = new Map();
  for (const pod of cluster.podsOn.get(node)) if (!isFinishedPod(pod)) csiVolumesOf(cluster, pod, attached);
  return limited.every(({ name, allocatable }) => {
    const there = attached.get(name) ?? new Set<string>();
    const fresh = [...(wanted.get(name) ?? [])].filter((handle) => !there.has(handle));
    return fresh.length === 0 || there.size + fresh.length <= (allocatable?.count ?? 0);
  });
}
