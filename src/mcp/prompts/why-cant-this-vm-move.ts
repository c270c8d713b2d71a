import { z } from 'zod';
import { namespacesWith, namesWith, vms } from '../names.ts';
import { type Brought, prompt, task } from '../prompt.ts';
import { objectName } from '../schemas.ts';
import { vmMigrationCheck } from '../tools/vm-migration-check.ts';
import { vmMigrationDiagnose } from '../tools/vm-migration-diagnose.ts';
import { told, toolsContext } from './told.ts';

/** Pages of the reference that are brought along. */
const PAGES = 3;

export const whyCantThisVmMove = prompt({
  name: 'why-cant-this-vm-move',
  title: "Why can't this VM move?",
  description:
    'What keeps a VM from moving to another node, with evidence, what to do about it, and what becomes possible then. Brings the check of the VM, the nodes it could go to and the diagnosis.',
  arguments: z.strictObject({
    namespace: objectName().describe('Namespace of the VM.'),
    name: objectName().describe('The VM.'),
  }),
  complete: { namespace: namespacesWith(...vms), name: namesWith(...vms) },
  needs: vmMigrationDiagnose.needs,
  async run({ namespace, name }, source) {
    const context = await toolsContext(source);
    const [check, diagnosis] = await Promise.all([
      told(vmMigrationCheck, { namespace, name }, context),
      told(vmMigrationDiagnose, { about: 'vm', namespace, name }, context),
    ]);
    return {
      task: task(
        `Explain why the VM "${name}" in namespace "${namespace}" can't be moved to another node - or say that it can.`,
        [
          'Read the check and the diagnosis below. The verdict is `live` (it can live-migrate), `cold` (only by a restart) or `blocked` (neither).',
          'Name every blocker, the one that decides first: what is the case, the evidence (object, field, value), what to do, what that costs (a restart, a downtime, work on storage or nodes), and what becomes possible then. Then the warnings, briefly.',
          'Name the nodes it could go to, and why the others are out.',
          {
            tool: 'vm_migration_check',
            step: 'To ask about one node, or again after something was changed: vm_migration_check with namespace, name and target.',
          },
          { tool: 'resources_get', step: 'For a detail that is not below: resources_get.' },
          {
            tool: 'vm_migration_move',
            step: 'If I then ask for the move: vm_migration_move proposes it and changes nothing; apply_proposal only after my yes.',
          },
        ],
        source,
      ),
      brought: [
        { what: 'What vm_migration_check tells', data: check.text },
        { what: 'What vm_migration_diagnose tells', data: diagnosis.text },
        ...(await pagesOf(check.structured)),
      ],
    };
  },
});

/** What the reference says of the checks that found blockers. */
async function pagesOf(structured: Record<string, unknown>): Promise<Brought[]> {
  const [vm] = structured['vms'] as { findings: { check: string; severity: string }[] }[];
  const blockers = (vm?.findings ?? []).filter(({ severity }) => severity === 'blocker').map(({ check }) => check);
  const { checkPage } = await import('../../assess/reference.ts');
  return [...new Set(blockers)].slice(0, PAGES).flatMap((id) => {
    const data = checkPage(id);
    return data === undefined ? [] : [{ what: id, data, uri: `ferry://reference/checks/${id}` }];
  });
}
