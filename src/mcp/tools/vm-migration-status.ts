import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { keyOf } from '../../model/memo.ts';
import { migrationRow } from '../../model/migration-row.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { plain } from '../../model/plain.ts';
import { pageOf } from '../budget.ts';
import { isUnfinished, lineOf, type MigrationTold, measured, migrationSchema, unfinishedFirst } from '../migrations.ts';
import { theOne } from '../reading.ts';
import { namespace, objectName, pageInfo, pageText, paging } from '../schemas.ts';
import { tool } from '../tool.ts';

export const vmMigrationStatus = tool({
  name: 'vm_migration_status',
  title: 'VM migration: status',
  description:
    'Live migrations: those under way first, with bytes left and rates, then the ended ones, the newest first. Of one VM, one migration, a namespace or the cluster. Use to follow a move; for why one waits or failed, use vm_migration_diagnose.',
  toolset: 'migration',
  input: z.strictObject({
    name: objectName().describe('Of this VM.').optional(),
    migration: objectName().describe('This migration.').optional(),
    namespace: namespace(),
    phase: z.string().max(40).describe('Only in this phase, e.g. Running, Failed, Succeeded, Pending.').optional(),
    ...paging(20, 100),
  }),
  output: z.object({ now: z.string(), unfinished: z.int(), migrations: z.array(migrationSchema), ...pageInfo }),
  instead: { vm: 'use "name"', allNamespaces: 'leave "namespace" out for all namespaces' },
  needs: [
    { verb: 'list', group: 'kubevirt.io', resource: 'virtualmachineinstancemigrations' },
    { verb: 'list', group: 'kubevirt.io', resource: 'virtualmachineinstances' },
  ],
  async run({ name, migration, namespace, phase, limit, offset }, { client, signal }) {
    const scope = { signal, ...(namespace !== undefined && { namespace }) };
    const [migrations, vmis] = await Promise.all([
      client.list<VirtualMachineInstanceMigration>(resources.migrations, scope),
      client.list<VirtualMachineInstance>(resources.virtualMachineInstances, scope),
    ]);
    const byKey = new Map(vmis.items.map((vmi) => [keyOf(vmi.metadata.namespace, vmi.metadata.name), vmi]));
    const all = migrations.items.map((each) =>
      migrationRow(each, byKey.get(keyOf(each.metadata.namespace, each.spec.vmiName ?? ''))),
    );
    if (migration !== undefined) {
      theOne(
        all.filter((each) => each.name === migration),
        `migration ${migration}`,
        namespace,
      );
    }
    const chosen = all
      .filter((each) => name === undefined || each.vm === name)
      .filter((each) => migration === undefined || each.name === migration)
      .filter((each) => phase === undefined || each.phase.toLowerCase() === phase.toLowerCase())
      .sort(unfinishedFirst);
    const { items, ...rest } = pageOf<MigrationTold>(chosen, { limit, offset });
    const structured = {
      now: new Date(client.serverNow()).toISOString(),
      unfinished: chosen.filter(isUnfinished).length,
      migrations: await measured(items, { client, signal }),
      ...rest,
    };
    const lines = structured.migrations.map((each) => lineOf(each, client.serverNow()));
    const head = `${rest.total} migrations, ${structured.unfinished} under way or waiting (as of ${structured.now})`;
    return { structured, text: [head, ...lines, ...pageText(rest)].map(plain).join('\n') };
  },
});
