import type { Cause } from '../cause.ts';
import { causesOfClusters } from './of-clusters.ts';
import { causesOfMigrations } from './of-migrations.ts';
import { causesOfNodes } from './of-nodes.ts';
import { causesOfVms } from './of-vms.ts';

/** Every cause. Where two are equally sure, the one that stands first is named. */
export const causes: readonly Cause[] = [...causesOfMigrations, ...causesOfVms, ...causesOfNodes, ...causesOfClusters];
