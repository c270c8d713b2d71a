import type { Tool } from '../tool.ts';
import { applyProposal } from './apply-proposal.ts';
import { clusterCheck } from './cluster-check.ts';
import { migrationNetwork } from './migration-network.ts';
import { migrationNetworkChange } from './migration-network-change.ts';
import { migrationSettings } from './migration-settings.ts';
import { migrationSettingsChange } from './migration-settings-change.ts';
import { nodesStatsSummary } from './nodes-stats-summary.ts';
import { nodesTop } from './nodes-top.ts';
import { podsList } from './pods-list.ts';
import { podsLog } from './pods-log.ts';
import { podsTop } from './pods-top.ts';
import { resourcesCreateOrUpdate } from './resources-create-or-update.ts';
import { resourcesGet } from './resources-get.ts';
import { resourcesList } from './resources-list.ts';
import { vmLifecycle } from './vm-lifecycle.ts';
import { vmMigrationCancel } from './vm-migration-cancel.ts';
import { vmMigrationCheck } from './vm-migration-check.ts';
import { vmMigrationDiagnose } from './vm-migration-diagnose.ts';
import { vmMigrationMove } from './vm-migration-move.ts';
import { vmMigrationStatus } from './vm-migration-status.ts';

/** Every tool, in the order of the list. */
export const tools: readonly Tool[] = [
  vmMigrationCheck,
  vmMigrationMove,
  vmMigrationCancel,
  vmMigrationStatus,
  vmMigrationDiagnose,
  migrationSettings,
  migrationSettingsChange,
  clusterCheck,
  migrationNetwork,
  migrationNetworkChange,
  applyProposal,
  resourcesGet,
  resourcesList,
  podsList,
  podsLog,
  podsTop,
  nodesTop,
  nodesStatsSummary,
  resourcesCreateOrUpdate,
  vmLifecycle,
];
