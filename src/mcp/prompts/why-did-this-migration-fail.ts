import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { namespacesWith, namesWith } from '../names.ts';
import { prompt, task } from '../prompt.ts';
import { migration } from '../resources/migration.ts';
import { objectName } from '../schemas.ts';
import { vmMigrationDiagnose } from '../tools/vm-migration-diagnose.ts';
import { uriOf } from '../uri.ts';
import { told, toolsContext } from './told.ts';

export const whyDidThisMigrationFail = prompt({
  name: 'why-did-this-migration-fail',
  title: 'Why did this migration fail?',
  description:
    'The most probable cause of a migration that failed, waits or runs long, with evidence from objects, events and logs, and what to do. Brings the migration, its diagnosis and what the reference says of the cause.',
  arguments: z.strictObject({
    namespace: objectName().describe('Namespace of the migration.'),
    name: objectName().describe('The VirtualMachineInstanceMigration.'),
  }),
  complete: { namespace: namespacesWith(resources.migrations), name: namesWith(resources.migrations) },
  needs: [...migration.needs, ...vmMigrationDiagnose.needs],
  async run({ namespace, name }, source) {
    const context = await toolsContext(source);
    const [status, diagnosis] = await Promise.all([
      migration.read({ namespace, name }, source),
      told(vmMigrationDiagnose, { about: 'migration', namespace, name }, context),
    ]);
    const { cause } = diagnosis.structured as { cause?: { cause: string } };
    const { causePage } = await import('../../diagnose/reference.ts');
    const page = cause && causePage(cause.cause);
    return {
      task: task(
        `Explain why the migration "${name}" in namespace "${namespace}" failed - or why it waits or runs long, if it has not ended.`,
        [
          'Read the migration and its diagnosis below. Confidence is `certain` (KubeVirt says so itself), `likely` (what is seen fits nothing else) or `possible` (it would explain what is seen): say which it is.',
          'Say what happened, in the order of time; the cause, with its evidence; where the VM is now and whether it runs; what to do so that the next try succeeds, the best remedy first.',
          'Name what could not be looked at, if that might change the answer.',
          {
            tool: 'vm_migration_check',
            step: 'Whether the VM can move now: vm_migration_check with its namespace and name.',
          },
          {
            tool: 'vm_migration_status',
            step: 'If it has not ended, how it goes on: vm_migration_status.',
          },
          {
            tool: 'vm_migration_move',
            step: 'If I then ask for another try: vm_migration_move proposes it and changes nothing; apply_proposal only after my yes.',
          },
        ],
        source,
      ),
      brought: [
        { what: 'migration', data: status, uri: uriOf(migration.uri, { namespace, name }) },
        { what: 'What vm_migration_diagnose tells', data: diagnosis.text },
        ...(cause !== undefined && page !== undefined
          ? [{ what: cause.cause, data: page, uri: `ferry://reference/causes/${cause.cause}` }]
          : []),
      ],
    };
  },
});
