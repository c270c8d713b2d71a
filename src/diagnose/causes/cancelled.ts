import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import type { MigrationCase } from '../case.ts';
import { type Cause } from '../cause.ts';
import { eventSaying, failureSaying, migrationCondition, stateAt } from '../said.ts';

const EARLY = /^Migration failed due to being canceled$/;
const ABORTED = /^Live migration aborted ?$/;
const UPDATER = /^Aborted change for vmi: /;

/** Somebody deleted the migration, which cancels it (facts/kubevirt.md C1, Cancel; D2). */
export const cancelled: Cause = {
  id: 'migration/cancelled',
  title: 'It was cancelled',
  source: 'facts/kubevirt.md C1, D2, G4; recordings, Cancel',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const evidence = cancelling(each);
    if (evidence === undefined) return undefined;
    const updater = eventSaying(each.events, UPDATER);
    const stillGoing = !each.final;
    return {
      confidence: 'certain',
      message: `${stillGoing ? 'it is being cancelled' : 'it was cancelled'}: ${updater === undefined ? 'somebody deleted the migration (ferry cancel, virtctl migrate-cancel, the console, kubectl delete)' : 'KubeVirt itself called it off, because the change that needed it was taken back'}`,
      evidence: [...evidence, ...(updater === undefined ? [] : [updater.evidence])],
      remedies: [
        ...(stillGoing
          ? [
              'It ends as soon as virt-handler has aborted it; in post-copy it cannot be aborted any more and goes on to its end.',
            ]
          : []),
        'Nothing is lost: the VM runs where it was. Ask again when it suits: ferry move VM.',
        'Kubernetes keeps no record of who deleted it except in the audit log of the API server: look there for verb delete on virtualmachineinstancemigrations.',
      ],
    };
  },
  texts: [
    /Migration failed due to being canceled/,
    /Live migration aborted/,
    /migration canceled and pod \S+ is deleted/,
    /Migration is ready to be canceled by virt-handler/,
    /VirtualMachineInstance is aborting migration/,
    /migrationAbortRequested|SuccessfulAbortMigration/,
    /Aborted change for vmi/,
  ],
  meaning: {
    message:
      'The migration was cancelled: somebody deleted its object, or KubeVirt called it off because what it was for was taken back. The VM runs where it was.',
    remedies: ['Ask again when it suits: ferry move VM.'],
  },
};

function cancelling(each: MigrationCase): Evidence[] | undefined {
  const { phase, migration, state } = each;
  if (phase === 'Succeeded') return undefined;
  if (!each.final) {
    const at = migration.metadata.deletionTimestamp;
    return at === undefined ? undefined : [atField(migration, '.metadata.deletionTimestamp', at)];
  }
  if (state?.abortRequested === true) return [stateAt(each, 'abortRequested'), stateAt(each, 'failureReason')];
  const said = failureSaying(each, ABORTED) ?? eventSaying(each.events, EARLY);
  const condition = migrationCondition(each, 'migrationAbortRequested');
  if (said === undefined && condition === undefined) return undefined;
  return [...(said === undefined ? [] : [said.evidence]), ...(condition === undefined ? [] : [condition])];
}
