import type { Check } from '../check.ts';
import { coreos } from './coreos.ts';
import { evictionStrategy } from './eviction-strategy.ts';
import { hostDevices } from './host-devices.ts';
import { limits } from './limits.ts';
import { liveMigratable } from './live-migratable.ts';
import { localVolumes } from './local-volumes.ts';
import { quota } from './quota.ts';
import { rawBlock } from './raw-block.ts';
import { running } from './running.ts';
import { sharedVolumes } from './shared-volumes.ts';
import { sourceNode } from './source-node.ts';
import { storageLiveMigratable } from './storage-live-migratable.ts';
import { target } from './target.ts';
import { unfinishedMigration } from './unfinished-migration.ts';
import { virtHandler } from './virt-handler.ts';
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
];
