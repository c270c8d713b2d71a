import { abortFails } from './abort-fails.ts';
import { addressLost } from './address-lost.ts';
import { api429 } from './api-429.ts';
import { api500 } from './api-500.ts';
import { api503 } from './api-503.ts';
import { apiLatency } from './api-latency.ts';
import { apiReset } from './api-reset.ts';
import { apiRestart } from './api-restart.ts';
import { attachmentEvicted } from './attachment-evicted.ts';
import { certificateExpired } from './certificate-expired.ts';
import { clockSkew } from './clock-skew.ts';
import { compaction } from './compaction.ts';
import type { Fault } from './fault.ts';
import { firewall } from './firewall.ts';
import { guestUnseen } from './guest-unseen.ts';
import { imagePull } from './image-pull.ts';
import { kvmMissing } from './kvm-missing.ts';
import { launcherDeaf } from './launcher-deaf.ts';
import { libvirtError } from './libvirt-error.ts';
import { linkDown } from './link-down.ts';
import { linkLossy } from './link-lossy.ts';
import { linkMtu } from './link-mtu.ts';
import { linkSlow } from './link-slow.ts';
import { migrationDiverging } from './migration-diverging.ts';
import { migrationStuck } from './migration-stuck.ts';
import { nodeNotReady } from './node-not-ready.ts';
import { podRefused } from './pod-refused.ts';
import { quotaExceeded } from './quota-exceeded.ts';
import { staleReads } from './stale-reads.ts';
import { targetCrash } from './target-crash.ts';
import { targetPending } from './target-pending.ts';
import { virtApiCrash } from './virt-api-crash.ts';
import { virtControllerCrash } from './virt-controller-crash.ts';
import { virtHandlerCrash } from './virt-handler-crash.ts';
import { virtHandlerRollout } from './virt-handler-rollout.ts';
import { volumeAttach } from './volume-attach.ts';
import { volumeDetached } from './volume-detached.ts';
import { watchDrop } from './watch-drop.ts';

/** What can be broken, in the order in which it is listed. */
export const faults: readonly Fault[] = [
  api429,
  api500,
  api503,
  apiLatency,
  apiReset,
  apiRestart,
  watchDrop,
  compaction,
  staleReads,
  nodeNotReady,
  kvmMissing,
  virtHandlerCrash,
  virtHandlerRollout,
  virtControllerCrash,
  virtApiCrash,
  certificateExpired,
  linkSlow,
  linkLossy,
  linkDown,
  linkMtu,
  firewall,
  targetPending,
  imagePull,
  volumeAttach,
  targetCrash,
  attachmentEvicted,
  quotaExceeded,
  podRefused,
  migrationStuck,
  migrationDiverging,
  libvirtError,
  abortFails,
  guestUnseen,
  launcherDeaf,
  addressLost,
  volumeDetached,
  clockSkew,
];
