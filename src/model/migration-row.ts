import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from './objects.ts';

/** A migration as people see it. */
export interface MigrationRow {
  namespace: string;
  name: string;
  vm: string;
  phase: string;
  source?: string;
  target?: string;
  policy?: string;
  /** RFC 3339. */
  created?: string;
  started?: string;
  ended?: string;
  mode?: string;
  /** Why it failed. */
  reason?: string;
  /** The Ferry run it belongs to. */
  run?: string;
}

/**
 * Joins a migration with its VMI. While it runs, source and target are on the VMI only, where the last migration's
 * state stays until the next hand-off: so it counts only if it names this migration (recordings/README).
 */
export function migrationRow(
  { metadata, spec, status }: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance | undefined,
): MigrationRow {
  const onVmi = vmi?.status?.migrationState;
  const state = { ...status?.migrationState, ...(onVmi?.migrationUid === metadata.uid ? onVmi : {}) };
  const phase = status?.phase ?? '';
  const unfinished = phase !== 'Succeeded' && phase !== 'Failed';
  const source = state.sourceNode ?? (unfinished ? vmi?.status?.nodeName : undefined);
  const target = state.targetNode ?? spec.addedNodeSelector?.['kubernetes.io/hostname'];
  const ending = metadata.deletionTimestamp !== undefined && unfinished;
  const run = metadata.labels?.['ferry.run/run'];
  const row: Record<keyof MigrationRow, string | undefined> = {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    vm: spec.vmiName ?? '',
    phase: ending ? 'Cancelling' : phase === '' ? 'Pending' : phase,
    source,
    target,
    policy: state.migrationPolicyName,
    created: metadata.creationTimestamp,
    started: state.startTimestamp,
    ended: state.endTimestamp,
    mode: state.mode,
    reason: state.failureReason?.trim() || undefined,
    run,
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as unknown as MigrationRow;
}

/** Oldest first, as they happened. */
export function byAge(a: MigrationRow, b: MigrationRow): number {
  const order = (row: MigrationRow): string => `${row.created ?? ''} ${row.namespace}/${row.name}`;
  return order(a) < order(b) ? -1 : 1;
}
