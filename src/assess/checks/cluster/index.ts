import type { Check } from '../../check.ts';
import { canary } from './canary.ts';
import { dedicatedCpu } from './dedicated-cpu.ts';
import { dedicatedNetwork } from './dedicated-network.ts';
import { defaultInterface } from './default-interface.ts';
import { descheduler } from './descheduler.ts';
import { evictionAudit } from './eviction-audit.ts';
import { hugepages } from './hugepages.ts';
import { kubevirt } from './kubevirt.ts';
import { mtu } from './mtu.ts';
import { networkAttachment } from './network-attachment.ts';
import { repeatedFailures } from './repeated-failures.ts';
import { settingsLimits } from './settings-limits.ts';
import { settingsOverridden } from './settings-overridden.ts';
import { settingsPostCopy } from './settings-post-copy.ts';
import { settingsTimeOuts } from './settings-time-outs.ts';
import { slots } from './slots.ts';
import { spareNode } from './spare-node.ts';
import { unlabelledNodes } from './unlabelled-nodes.ts';
import { unsharedStorage } from './unshared-storage.ts';
import { workloadUpdater } from './workload-updater.ts';

/** What is looked at of the cluster, when the cluster is asked about. */
export const clusterChecks: readonly Check[] = [
  kubevirt,
  unlabelledNodes,
  slots,
  spareNode,
  evictionAudit,
  repeatedFailures,
  settingsLimits,
  settingsTimeOuts,
  settingsPostCopy,
  settingsOverridden,
  networkAttachment,
  defaultInterface,
  mtu,
  dedicatedNetwork,
  descheduler,
  workloadUpdater,
  canary,
  dedicatedCpu,
  hugepages,
  unsharedStorage,
];
