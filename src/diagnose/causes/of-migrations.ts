import type { Cause } from '../cause.ts';
import { abortFailed } from './abort-failed.ts';
import { aborted } from './aborted.ts';
import { attachmentMissing } from './attachment-missing.ts';
import { attachmentPod } from './attachment-pod.ts';
import { backoff } from './backoff.ts';
import { backup } from './backup.ts';
import { bandwidthTooLow } from './bandwidth-limit.ts';
import { cancelled } from './cancelled.ts';
import { changeUnfinished } from './change-unfinished.ts';
import { clusterLimit } from './cluster-limit.ts';
import { completionTimeout } from './completion-timeout.ts';
import { connectionLost } from './connection-lost.ts';
import { consoleMessage } from './console-message.ts';
import { containerDiskDigest } from './container-disk-digest.ts';
import { controllerIdle } from './controller-idle.ts';
import { cpuIncompatible } from './cpu-incompatible.ts';
import { deadlineTooShort } from './deadline-too-short.ts';
import { decentralized } from './decentralized.ts';
import { diskLock } from './disk-lock.ts';
import { disruptionBudgetMissing } from './disruption-budget-missing.ts';
import { domainUnseen } from './domain-unseen.ts';
import { guestPaused } from './guest-paused.ts';
import { halfNetwork } from './half-network.ts';
import { handlerUnready } from './handler-unready.ts';
import { hostModelNowhere } from './host-model-nowhere.ts';
import { hostModelUnknown } from './host-model-unknown.ts';
import { imagePull } from './image-pull.ts';
import { libvirtError } from './libvirt-error.ts';
import { lowPriority } from './low-priority.ts';
import { mtu } from './mtu.ts';
import { networkFallback } from './network-fallback.ts';
import { nodeLost } from './node-lost.ts';
import { notConverging } from './not-converging.ts';
import { notMigratable } from './not-migratable.ts';
import { outboundLimit } from './outbound-limit.ts';
import { podNetwork } from './pod-network.ts';
import { podSecurity } from './pod-security.ts';
import { postCopyFailed } from './post-copy-failed.ts';
import { preparing } from './preparing.ts';
import { previousSourcePod } from './previous-source-pod.ts';
import { quota } from './quota.ts';
import { refusedRequest } from './refused-request.ts';
import { saturation } from './saturation.ts';
import { selinuxUnknown } from './selinux-unknown.ts';
import { smallerVolume } from './smaller-volume.ts';
import { sourceReported } from './source-reported.ts';
import { stallDetector } from './stall-detector.ts';
import { storageDeadline } from './storage-deadline.ts';
import { stuck } from './stuck.ts';
import { takenOver } from './taken-over.ts';
import { targetPodLost } from './target-pod-lost.ts';
import { targetPodRefused } from './target-pod-refused.ts';
import { targetStarting } from './target-starting.ts';
import { testHook } from './test-hook.ts';
import { tls } from './tls.ts';
import { unreachable } from './unreachable.ts';
import { unschedulable } from './unschedulable.ts';
import { utilityVolumes } from './utility-volumes.ts';
import { vmStopped } from './vm-stopped.ts';
import { vmiNotRunning } from './vmi-not-running.ts';
import { volumeAttach } from './volume-attach.ts';

/**
 * Why migrations wait, fail, run too long or stay stuck. Where two are equally sure, the one that stands first is
 * named: what explains another stands before it.
 */
export const causesOfMigrations: readonly Cause[] = [
  // What a person did, and what leaves a guest in trouble.
  abortFailed,
  cancelled,
  postCopyFailed,
  guestPaused,
  domainUnseen,
  vmStopped,
  takenOver,
  testHook,
  // Nodes.
  nodeLost,
  handlerUnready,
  // What it waits for before there is a target pod: first what waiting does not mend.
  vmiNotRunning,
  previousSourcePod,
  quota,
  utilityVolumes,
  backup,
  decentralized,
  hostModelUnknown,
  selinuxUnknown,
  containerDiskDigest,
  podSecurity,
  targetPodRefused,
  disruptionBudgetMissing,
  backoff,
  clusterLimit,
  outboundLimit,
  lowPriority,
  controllerIdle,
  // The target pod.
  hostModelNowhere,
  unschedulable,
  imagePull,
  volumeAttach,
  podNetwork,
  targetStarting,
  attachmentPod,
  preparing,
  // The way between the nodes, and what the other end refuses.
  cpuIncompatible,
  diskLock,
  halfNetwork,
  tls,
  unreachable,
  connectionLost,
  targetPodLost,
  attachmentMissing,
  networkFallback,
  mtu,
  // Copying.
  smallerVolume,
  storageDeadline,
  bandwidthTooLow,
  completionTimeout,
  stuck,
  stallDetector,
  saturation,
  notConverging,
  deadlineTooShort,
  changeUnfinished,
  // libvirt's own words, and what is left.
  libvirtError,
  aborted,
  notMigratable,
  refusedRequest,
  consoleMessage,
  sourceReported,
];
