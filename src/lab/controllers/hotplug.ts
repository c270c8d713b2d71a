import type { PersistentVolumeClaim, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, remove } from '../cluster.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import { attachmentPod, currentAttachment, hotplugVolumesOf } from './attachment-pod.ts';
import { admitPod } from './create-launcher.ts';
import { VIRT_CONTROLLER } from './launcher-pod.ts';
import { claimOfVolume, type Volume } from './live-update-volumes.ts';
import { isLauncherReady } from './pod-status.ts';
import { isBound } from './pvc-binding.ts';
import type { Requeue } from './workqueue.ts';

/** Phases in which the guest may still use a volume, so that what attaches it has to stay (volume-hotplug.go volumeReadyForPodDelete). */
const IN_USE = ['Ready', 'MountedToPod'];

/** After which virt-controller tries again to create a pod that was turned down, ms. */
const RETRY = 5000;

/**
 * virt-controller's VMI controller: one pod beside the launcher attaches all hot-plugged volumes; when their number changes,
 * another one takes its place (KubeVirt 1.3 to 1.9, volume-hotplug.go handleHotplugVolumes, cleanupAttachmentPods).
 */
export function syncAttachments(
  cluster: Cluster,
  random: Random,
  vmi: VirtualMachineInstance,
  launcher: Pod,
): Requeue | undefined {
  if (!isLauncherReady(launcher)) return undefined;
  const pods = cluster.attachmentPods.get(launcher.metadata.uid ?? '');
  const ready = hotplugVolumesOf(vmi, launcher).filter((volume) => isAttachable(cluster, vmi, volume));
  if (pods.length + ready.length === 0) return undefined;
  let current = currentAttachment(cluster, launcher, ready);
  const old = pods.filter((pod) => pod !== current);
  let again: Requeue | undefined;
  const starting = old.some(({ status }) => status?.phase === 'Pending');
  if (current === undefined && !starting && ready.length > 0) {
    const { pod, rejected } = createAttachment(cluster, random, vmi, launcher, ready);
    if (rejected !== undefined) again = { afterMs: RETRY, background: true };
    else if (pod !== undefined) {
      current = pod;
      cluster.events.normal(vmi, VIRT_CONTROLLER, 'SuccessfulCreate', `Created attachment pod ${pod.metadata.name}`);
    }
  }
  cleanUp(cluster, vmi, current, old, ready.length);
  return again;
}

/** Whether a volume can be attached: its claim is there and has a volume, or gets one as soon as a pod uses it. */
function isAttachable({ store }: Cluster, { metadata }: VirtualMachineInstance, volume: Volume): boolean {
  const claim = store.get<PersistentVolumeClaim>(resources.claims, metadata.namespace, claimOfVolume(volume) ?? '');
  if (claim === undefined) return false;
  return isBound(claim) || claim.metadata.ownerReferences?.some(({ kind }) => kind === 'DataVolume') !== true;
}

/** Creates the attachment pod of a launcher; an event on the VMI tells if it is turned down. */
export function createAttachment(
  cluster: Cluster,
  random: Random,
  vmi: VirtualMachineInstance,
  launcher: Pod,
  volumes: readonly Volume[],
  marks: Partial<Pick<Pod['metadata'], 'labels' | 'annotations'>> = {},
): { pod?: Pod; rejected?: string } {
  const pod = attachmentPod(cluster, vmi, launcher, volumes);
  pod.metadata.name = `${pod.metadata.generateName ?? ''}${random.suffix()}`;
  pod.metadata.labels = { ...pod.metadata.labels, ...marks.labels };
  if (marks.annotations !== undefined) pod.metadata.annotations = marks.annotations;
  const { pod: admitted, rejected } = admitPod(cluster, pod);
  if (rejected !== undefined) {
    cluster.events.warning(vmi, VIRT_CONTROLLER, 'FailedCreate', `Error creating attachment pod: ${rejected}`);
    return { rejected: `failed to create attachment pod: ${rejected}` };
  }
  return { pod: cluster.store.create(resources.pods, admitted) };
}

function cleanUp(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  current: Pod | undefined,
  old: readonly Pod[],
  ready: number,
): void {
  const wanted = new Set((vmi.spec.volumes ?? []).map(({ name }) => name));
  const leaving = new Map(
    (vmi.status?.volumeStatus ?? []).flatMap(({ name, phase, hotplugVolume }) =>
      hotplugVolume === undefined || wanted.has(name) ? [] : [[name, phase ?? ''] as const],
    ),
  );
  const namesIn = (pod: Pod): string[] => (pod.spec?.volumes ?? []).map(({ name }) => name);
  const inUse = (name: string): boolean => IN_USE.includes(leaving.get(name) ?? '');
  let kept = false;
  for (const pod of old.toReversed()) {
    const stands = pod.status?.phase === 'Running' && ready > 0 && current?.status?.phase !== 'Running';
    if (!kept && stands && namesIn(pod).some((name) => wanted.has(name) || inUse(name))) {
      kept = true;
      continue;
    }
    if (!namesIn(pod).some(inUse)) deleteAttachment(cluster, vmi, pod);
  }
}

function deleteAttachment(cluster: Cluster, vmi: VirtualMachineInstance, pod: Pod): void {
  remove(cluster, resources.pods, pod, 0);
  cluster.events.normal(vmi, VIRT_CONTROLLER, 'SuccessfulDelete', `Deleted attachment pod ${pod.metadata.name}`);
}

/** Attachment pods whose launcher has ended (deleteOrphanedAttachmentPods), or all of a VMI that ends. */
export function endAttachments(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  launchers: readonly Pod[],
  which: 'orphaned' | 'all',
): void {
  for (const launcher of launchers) {
    if (which === 'orphaned' && !isFinishedPod(launcher)) continue;
    for (const pod of cluster.attachmentPods.get(launcher.metadata.uid ?? '')) deleteAttachment(cluster, vmi, pod);
  }
}
