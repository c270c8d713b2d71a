import type { Cause } from '../cause.ts';
import { addressLost } from './address-lost.ts';
import { againAndAgain } from './again-and-again.ts';
import { dedicatedCpus } from './dedicated-cpus.ts';
import { drainBudget } from './drain-budget.ts';
import { drainExternal } from './drain-external.ts';
import { drainNotMigratable } from './drain-not-migratable.ts';
import { evacuationStuck } from './evacuation-stuck.ts';
import { ioError } from './io-error.ts';
import { manualRecovery } from './manual-recovery.ts';
import { movedByAutoscaler } from './moved-by-autoscaler.ts';
import { movedByDescheduler } from './moved-by-descheduler.ts';
import { movedByDrain } from './moved-by-drain.ts';
import { movedByMachineConfig } from './moved-by-machine-config.ts';
import { movedByLiveUpdate } from './moved-by-update.ts';
import { movedByUpgrade } from './moved-by-upgrade.ts';
import { movedByVolumes } from './moved-by-volumes.ts';
import { noNode } from './no-node.ts';
import { outdatedLauncher } from './outdated-launcher.ts';
import { podBridge } from './pod-bridge.ts';
import { postCopyLost } from './post-copy-lost.ts';
import { preempted } from './preempted.ts';
import { restartRequired } from './restart-required.ts';
import { restartedAfterLoss } from './restarted-after-loss.ts';
import { restartedByDrain } from './restarted-by-drain.ts';
import { retryLoop } from './retry-loop.ts';
import { staleLauncher } from './stale-launcher.ts';

/** Causes that look at a VM, whatever its migrations; the graver first. */
export const causesOfVms: readonly Cause[] = [
  postCopyLost,
  manualRecovery,
  ioError,
  noNode,
  staleLauncher,
  retryLoop,
  evacuationStuck,
  drainNotMigratable,
  drainExternal,
  drainBudget,
  outdatedLauncher,
  preempted,
  restartedAfterLoss,
  restartedByDrain,
  addressLost,
  podBridge,
  againAndAgain,
  restartRequired,
  dedicatedCpus,
  movedByDescheduler,
  movedByUpgrade,
  movedByLiveUpdate,
  movedByVolumes,
  movedByMachineConfig,
  movedByAutoscaler,
  movedByDrain,
];
