import type { Check } from '../check.ts';
import { backup } from './backup.ts';
import { clusterChecks } from './cluster/index.ts';
import { confidentialComputing } from './confidential-computing.ts';
import { coreos } from './coreos.ts';
import { dedicatedCpus } from './dedicated-cpus.ts';
import { evictionStrategy } from './eviction-strategy.ts';
import { fewNodes } from './few-nodes.ts';
import { hostDevices } from './host-devices.ts';
import { hostPassthrough } from './host-passthrough.ts';
import { hotpluggedVolumes } from './hotplugged-volumes.ts';
import { hugepages } from './hugepages.ts';
import { hypervPassthrough } from './hyperv-passthrough.ts';
import { limits } from './limits.ts';
import { liveMigratable } from './live-migratable.ts';
import { localVolumes } from './local-volumes.ts';
import { longNames } from './long-names.ts';
import { macAddress } from './mac-address.ts';
import { memoryDump } from './memory-dump.ts';
import { nodeChecks } from './node/index.ts';
import { nodeLocalData } from './node-local-data.ts';
import { paused } from './paused.ts';
import { pendingChanges } from './pending-changes.ts';
import { persistentState } from './persistent-state.ts';
import { pinned } from './pinned.ts';
import { podNetwork } from './pod-network.ts';
import { podSecurity } from './pod-security.ts';
import { postCopy } from './post-copy.ts';
import { quota } from './quota.ts';
import { rawBlock } from './raw-block.ts';
import { realtimeAndNuma } from './realtime-and-numa.ts';
import { repeatedFailures } from './repeated-failures.ts';
import { running } from './running.ts';
import { scsiReservation } from './scsi-reservation.ts';
import { secondaryNetworks } from './secondary-networks.ts';
import { sharedVolumes } from './shared-volumes.ts';
import { snapshotOrRestore } from './snapshot-or-restore.ts';
import { sourceNode } from './source-node.ts';
import { staleLauncher } from './stale-launcher.ts';
import { storageLiveMigratable } from './storage-live-migratable.ts';
import { stuckEvacuation } from './stuck-evacuation.ts';
import { suddenEnd } from './sudden-end.ts';
import { target } from './target.ts';
import { tscFrequency } from './tsc-frequency.ts';
import { unfinishedMigration } from './unfinished-migration.ts';
import { utilityVolumes } from './utility-volumes.ts';
import { virtHandler } from './virt-handler.ts';
import { virtiofs } from './virtiofs.ts';
import { volumeMigration } from './volume-migration.ts';
import { workload } from './workload.ts';

/** Every check there is. */
export const checks: readonly Check[] = [
  running,
  liveMigratable,
  storageLiveMigratable,
  unfinishedMigration,
  hostDevices,
  evictionStrategy,
  sharedVolumes,
  localVolumes,
  rawBlock,
  sourceNode,
  coreos,
  virtHandler,
  target,
  limits,
  quota,
  workload,
  hotpluggedVolumes,
  nodeLocalData,
  persistentState,
  scsiReservation,
  virtiofs,
  volumeMigration,
  macAddress,
  podNetwork,
  secondaryNetworks,
  dedicatedCpus,
  hostPassthrough,
  hugepages,
  realtimeAndNuma,
  confidentialComputing,
  hypervPassthrough,
  tscFrequency,
  backup,
  longNames,
  memoryDump,
  paused,
  pendingChanges,
  repeatedFailures,
  snapshotOrRestore,
  staleLauncher,
  stuckEvacuation,
  utilityVolumes,
  fewNodes,
  pinned,
  podSecurity,
  postCopy,
  suddenEnd,
  ...nodeChecks,
  ...clusterChecks,
];
