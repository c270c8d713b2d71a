import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

/** Access modes with which several nodes may have a volume; without one of them the controller attaches it to one only. */
const SHARED = ['ReadWriteMany', 'ReadOnlyMany'];

interface Used {
  /** The volume of the pod. */
  name: string;
  pv: PersistentVolume & { spec?: { accessModes?: string[] } };
}

/**
 * Why the volumes of a pod cannot be attached to its node, as the attach-detach controller says it in event
 * FailedAttachVolume (Kubernetes pkg/controller/volume/attachdetach/reconciler; a CSI driver's FAILED_PRECONDITION,
 * CSI specification, ControllerPublishVolume); and the volumes the kubelet waits for. Undefined: they can.
 */
export function attachTrouble(cluster: Cluster, pod: Pod): { text: string; waits: string[] } | undefined {
  const refused = [...cluster.broken.unattachable].some((concerns) => concerns(pod));
  // Only a migration's target pod shares its claims with another pod.
  const source =
    pod.metadata.labels?.['kubevirt.io/migrationJobUID'] === undefined ? undefined : elsewhere(cluster, pod);
  if (!refused && source === undefined) return undefined;
  const volumes = volumesOf(cluster, pod);
  const alone = volumes.find(
    ({ pv }) =>
      source !== undefined &&
      !(pv.spec?.accessModes ?? SHARED).some((mode) => SHARED.includes(mode)) &&
      uses(cluster, source, pv),
  );
  if (alone !== undefined) {
    return {
      text: `Multi-Attach error for volume "${alone.pv.metadata.name}" Volume is already used by pod(s) ${source?.metadata.name ?? ''}`,
      waits: [alone.name],
    };
  }
  const [first] = refused ? volumes : [];
  if (first === undefined) return undefined;
  const { name } = first.pv.metadata;
  return {
    text: `AttachVolume.Attach failed for volume "${name}" : rpc error: code = FailedPrecondition desc = volume ${name} is published to another node and cannot be published to a second one`,
    waits: volumes.map((volume) => volume.name),
  };
}

/** Another pod of the same VMI, on another node. */
function elsewhere(cluster: Cluster, pod: Pod): Pod | undefined {
  return cluster.podsOf
    .get(pod.metadata.labels?.['kubevirt.io/created-by'] ?? '')
    .find((other) => other.spec?.nodeName !== pod.spec?.nodeName && !isFinishedPod(other));
}

function uses(cluster: Cluster, pod: Pod, pv: PersistentVolume): boolean {
  return volumesOf(cluster, pod).some((each) => each.pv.metadata.name === pv.metadata.name);
}

function volumesOf({ store }: Cluster, { spec, metadata }: Pod): Used[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim: claim }) => {
    if (claim === undefined) return [];
    const pvc = store.get<PersistentVolumeClaim>(resources.claims, metadata.namespace, claim.claimName);
    const pv = store.get<Used['pv']>(resources.volumes, undefined, pvc?.spec?.volumeName ?? '');
    return pv === undefined ? [] : [{ name, pv }];
  });
}
