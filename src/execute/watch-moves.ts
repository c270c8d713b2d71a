import { resources } from '../cluster/resources.ts';
import type { KubeClient, Selection, WatchEvent } from '../kube/types.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { Observed } from './observed.ts';
import type { MovePlan } from './run.ts';
import { watchScopes } from './scopes.ts';

type Watched = VirtualMachineInstance | VirtualMachineInstanceMigration;
type List = 'migrations' | 'virtualMachineInstances';

/** What the watches of a run post. */
export type WatchMail =
  | { from: 'watch'; list: List; scope: number; event: WatchEvent<Watched> }
  /** A watch that can't go on, e.g. forbidden. */
  | { from: 'broken'; error: unknown };

export interface MoveWatches {
  /** Every watch has told what exists. */
  synced(): boolean;
  /** Takes an event into what is observed; migrations are told to `onMigration`, too. */
  see(
    mail: Extract<WatchMail, { from: 'watch' }>,
    observed: Observed,
    onMigration: (migration: VirtualMachineInstanceMigration, deleted: boolean) => void,
  ): void;
}

/** Watches the migrations of the whole cluster, if that is allowed, and the VMIs of the namespaces of a plan. */
export function watchMoves(
  client: KubeClient,
  { orders, everywhere }: MovePlan,
  signal: AbortSignal,
  post: (mail: WatchMail) => void,
): MoveWatches {
  const unsynced = new Set<string>();
  const watch = (list: List, scopes: Selection[]): void => {
    for (const [scope, selection] of scopes.entries()) {
      unsynced.add(`${list}/${scope}`);
      void follow(list, scope, selection);
    }
  };
  const follow = async (list: List, scope: number, selection: Selection): Promise<void> => {
    try {
      for await (const event of client.watch<Watched>(resources[list], { ...selection, signal })) {
        post({ from: 'watch', list, scope, event });
      }
    } catch (error) {
      if (!signal.aborted) post({ from: 'broken', error });
    }
  };
  const namespaces = orders.map(({ vm }) => vm.namespace);
  watch('migrations', watchScopes(namespaces, { everywhere: true, allowed: everywhere.migrations }));
  watch('virtualMachineInstances', watchScopes(namespaces, { everywhere: false, allowed: everywhere.vmis }));
  return {
    synced: () => unsynced.size === 0,
    see({ list, scope, event }, observed, onMigration) {
      if (event.type === 'interrupted') return;
      if (event.type === 'synced') {
        unsynced.delete(`${list}/${scope}`);
        return;
      }
      const deleted = event.type === 'deleted';
      if (list === 'virtualMachineInstances') {
        const vmi = event.object as VirtualMachineInstance;
        const key = `${vmi.metadata.namespace}/${vmi.metadata.name}`;
        if (deleted) observed.vmis.delete(key);
        else observed.vmis.set(key, vmi);
        return;
      }
      const migration = event.object as VirtualMachineInstanceMigration;
      const { uid = '' } = migration.metadata;
      if (deleted) observed.migrations.delete(uid);
      else observed.migrations.set(uid, migration);
      onMigration(migration, deleted);
    },
  };
}
