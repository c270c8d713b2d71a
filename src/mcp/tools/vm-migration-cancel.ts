import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { proposeTool } from '../propose-tool.ts';
import { namespace, objectName } from '../schemas.ts';

export const vmMigrationCancel = proposeTool({
  name: 'vm_migration_cancel',
  title: 'VM migration: cancel',
  description:
    'Propose to cancel live migrations that have not ended, by the name of the VM or of the migration. The VMs stay where they are. Changes nothing: returns a proposal for apply_proposal.',
  toolset: 'migration',
  input: z.strictObject({
    name: z.union([objectName(), z.array(objectName()).min(1).max(50)]).describe('VM or migration, or up to 50.'),
    namespace: namespace(),
  }),
  instead: { vm: 'use "name"', migration: 'use "name"', names: 'use "name", which takes a list as well' },
  needs: needsOf.cancel,
  async prepare({ name, namespace }, { client, signal, shown }) {
    const [{ chooseMigrations }, { decideCancel, preparedCancel, readCancellables, withProgress }] = await Promise.all([
      import('../../propose/cancel-choice.ts'),
      import('../../propose/cancel.ts'),
    ]);
    const { items } = await client.list<VirtualMachineInstanceMigration>(resources.migrations, {
      signal,
      ...(namespace !== undefined && { namespace }),
    });
    const meant = [...new Set([name].flat())].map((each) => ({ name: each }));
    const hint = 'vm_migration_status lists the migrations; without namespace, those of all namespaces.';
    const chosen = chooseMigrations(meant, { all: items, namespace, shown, hint });
    const read = await readCancellables(client, chosen, signal);
    return preparedCancel(client, decideCancel(await withProgress(client, read, signal)));
  },
});
