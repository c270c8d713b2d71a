import { createHash } from 'node:crypto';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';
import { uidOf } from './observed.ts';

/** Label of every migration Ferry makes: the run it belongs to. */
export const RUN = 'ferry.run/run';

/**
 * The name of the next migration of a VMI: `ferry-<vm>-<8 hex>`, the same for whoever asks until that migration
 * exists. So a creation that was repeated, because the answer got lost or Ferry was killed, is refused by the API
 * server instead of moving the VM twice.
 */
export function migrationName(vm: string, vmiUid: string, newest: string | undefined): string {
  const hash = createHash('sha256')
    .update(`${vmiUid}/${newest ?? ''}`)
    .digest('hex')
    .slice(0, 8);
  // A name may not have '.' or '-' next to each other at the cut.
  return `ferry-${vm.slice(0, 40).replace(/[-.]+$/, '')}-${hash}`;
}

/**
 * The free name of the next migration of a VMI, given the migrations it has had. Creation times have whole seconds:
 * where the newest is not certain, the name it leads to may be taken by a final migration, which then is the newest.
 */
export function nextMigrationName(vm: string, vmiUid: string, had: VirtualMachineInstanceMigration[]): string {
  const byAge = had.toSorted((a, b) => compare(created(a), created(b)) || compare(uidOf(a), uidOf(b)));
  let newest = byAge.at(-1)?.metadata.uid;
  for (;;) {
    const name = migrationName(vm, vmiUid, newest);
    const taken = had.find((migration) => migration.metadata.name === name);
    if (taken === undefined) return name;
    newest = uidOf(taken);
  }
}

const created = (migration: VirtualMachineInstanceMigration): string => migration.metadata.creationTimestamp ?? '';
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
