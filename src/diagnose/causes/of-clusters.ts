import type { Cause } from '../cause.ts';
import { certificates } from './certificates.ts';
import { defaultInterface } from './default-interface.ts';
import { deschedulerStorm } from './descheduler-storm.ts';
import { kubevirtNotAvailable } from './kubevirt-not-available.ts';
import { kubevirtUpgrade } from './kubevirt-upgrade.ts';
import { quotaWaiting } from './quota-waiting.ts';
import { settingsChanged } from './settings-changed.ts';
import { settingsReverted } from './settings-reverted.ts';
import { settingsTainted } from './settings-tainted.ts';
import { singleNode } from './single-node.ts';
import { slotsHeld } from './slots-held.ts';
import { twoBalancers } from './two-balancers.ts';
import { virtApiDown } from './virt-api-down.ts';
import { virtControllerDown } from './virt-controller-down.ts';
import { workloadUpdater } from './workload-updater.ts';

/** Causes that look at the cluster as a whole; the graver first. */
export const causesOfClusters: readonly Cause[] = [
  virtControllerDown,
  virtApiDown,
  certificates,
  defaultInterface,
  quotaWaiting,
  slotsHeld,
  kubevirtUpgrade,
  kubevirtNotAvailable,
  singleNode,
  settingsReverted,
  deschedulerStorm,
  twoBalancers,
  workloadUpdater,
  settingsTainted,
  settingsChanged,
];
