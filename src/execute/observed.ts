import { isFinal } from '../model/migrations.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { MoveOrder } from './events.ts';

/** What the watches have told so far. */
export interface Observed {
  /** By `namespace/name`. */
  vmis: Map<string, VirtualMachineInstance>;
  /** By uid. */
  migrations: Map<string, VirtualMachineInstanceMigration>;
}

/** An unfinished migration, and the nodes whose budgets it takes from. */
export interface Active {
  object: VirtualMachineInstanceMigration;
  vm: string;
  source: string | undefined;
  target: string | undefined;
}

/** `namespace/name` of the VMI a migration is about. */
export function vmOf(migration: VirtualMachineInstanceMigration): string {
  return `${migration.metadata.namespace}/${migration.spec.vmiName}`;
}

export function uidOf({ metadata }: VirtualMachineInstanceMigration): string {
  return metadata.uid ?? '';
}

/** The state of a VMI's migration, if it is about this one: the last one's stays on the VMI until the next hand-off (recordings/README). */
export function stateOf(
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance | undefined,
): NonNullable<VirtualMachineInstance['status']>['migrationState'] | undefined {
  const state = vmi?.status?.migrationState;
  return state !== undefined && state.migrationUid === migration.metadata.uid ? state : undefined;
}

/**
 * The unfinished migrations. `lastNode` knows where a VMI was that is not watched, `orders` where Ferry's own
 * migrations go before KubeVirt says so, `hostnames` what a migration's node selector means.
 */
export function activeMigrations(
  observed: Observed,
  known: {
    lastNode: ReadonlyMap<string, string>;
    orders: ReadonlyMap<string, MoveOrder>;
    hostnames: ReadonlyMap<string, string>;
  },
): Active[] {
  const active: Active[] = [];
  for (const object of observed.migrations.values()) {
    if (isFinal(object)) continue;
    const vm = vmOf(object);
    const vmi = observed.vmis.get(vm);
    const state = stateOf(object, vmi);
    const hostname = object.spec.addedNodeSelector?.['kubernetes.io/hostname'];
    active.push({
      object,
      vm,
      source: state?.sourceNode ?? vmi?.status?.nodeName ?? known.lastNode.get(vm),
      target:
        state?.targetNode ??
        known.orders.get(uidOf(object))?.target?.node ??
        (hostname === undefined ? undefined : known.hostnames.get(hostname)),
    });
  }
  return active;
}
