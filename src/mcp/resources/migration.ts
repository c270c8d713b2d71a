import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { ApiError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/types.ts';
import { migrationRow } from '../../model/migration-row.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { lineOf, measured, unfinishedFirst } from '../migrations.ts';
import { namespacesWith, namesWith } from '../names.ts';
import { type Change, resourceKind } from '../resource.ts';
import { objectName } from '../schemas.ts';
import { uriOf } from '../uri.ts';

const URI = 'ferry://migrations/{namespace}/{name}';
const { migrations, virtualMachineInstances } = resources;
const { group, plural: resource } = migrations;

/** A live migration: what vm_migration_status tells of it. */
export const migration = resourceKind({
  name: 'migration',
  title: 'Live migration',
  description:
    'One live migration: phase, source and target node, times, and while it runs, bytes left and rates; why it failed. Subscribe to follow it to its end.',
  mimeType: 'application/json',
  uri: URI,
  variables: z.strictObject({ namespace: objectName(), name: objectName() }),
  needs: [
    { verb: 'get', group, resource },
    { verb: 'get', group, resource: virtualMachineInstances.plural },
  ],
  async read({ namespace, name }, source) {
    const client = await source.client();
    const { signal } = source;
    const found = await client.get<VirtualMachineInstanceMigration>(migrations, name, { namespace, signal });
    const vmi = await vmiOf(client, found, signal);
    const row = migrationRow(found, vmi);
    const [told = row] = await measured([row], { client, signal });
    const now = client.serverNow();
    return { now: new Date(now).toISOString(), migration: told, text: lineOf(told, now) };
  },
  async list(source) {
    const client = await source.client();
    const { items } = await client.list(migrations, {
      signal: source.signal,
      map: (each: VirtualMachineInstanceMigration) => migrationRow(each, undefined),
    });
    return items.sort(unfinishedFirst).map(({ namespace, name, vm, phase }) => ({
      variables: { namespace, name },
      title: `${namespace}/${vm}: ${phase} (${name})`,
    }));
  },
  complete: { namespace: namespacesWith(migrations), name: namesWith(migrations) },
  changes: {
    needs: [
      { verb: 'list', group, resource },
      { verb: 'watch', group, resource },
    ],
    async follow(source, tell) {
      const client = await source.client();
      let synced = false;
      for await (const event of client.watch<VirtualMachineInstanceMigration>(migrations, source)) {
        if (event.type === 'synced') {
          synced = true;
          // Between the reading of a client and the beginning of the watch anything may have happened.
          tell('anything');
        } else if (event.type !== 'interrupted' && synced) tell(changeOf(event));
      }
    },
  },
});

/** Undefined where the guest has ended since: of the migration, all is told that is known. */
async function vmiOf(
  client: KubeClient,
  { metadata: { namespace = '' }, spec: { vmiName = '' } }: VirtualMachineInstanceMigration,
  signal: AbortSignal,
): Promise<VirtualMachineInstance | undefined> {
  if (vmiName === '') return undefined;
  try {
    return await client.get(virtualMachineInstances, vmiName, { namespace, signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function changeOf(event: { type: 'added' | 'modified' | 'deleted'; object: VirtualMachineInstanceMigration }): Change {
  const { namespace = '', name } = event.object.metadata;
  return { uri: uriOf(URI, { namespace, name }), list: event.type !== 'modified' };
}
