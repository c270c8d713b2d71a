import type { Prompt } from '../prompt.ts';
import { setUpAMigrationNetwork } from './set-up-a-migration-network.ts';
import { tuneThisCluster } from './tune-this-cluster.ts';
import { whyCantThisVmMove } from './why-cant-this-vm-move.ts';
import { whyDidThisMigrationFail } from './why-did-this-migration-fail.ts';

/** Every prompt, in the order of the list. */
export const prompts: readonly Prompt[] = [
  whyCantThisVmMove,
  whyDidThisMigrationFail,
  tuneThisCluster,
  setUpAMigrationNetwork,
];
