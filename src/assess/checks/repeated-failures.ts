import { failedInARow, isKubeVirts, pauseEnd } from '../../model/migrations.ts';
import { at, type Check, type Draft, warning } from '../check.ts';

/** One failure may be chance; several in a row are not, and KubeVirt goes on trying for ever. */
export const repeatedFailures: Check = {
  id: 'vm/repeated-failures',
  title: 'Its last migrations did not all fail',
  source: 'facts/kubevirt.md C1 (Backoff), C2; facts/anchors.md 2 (pain 19)',
  needs: ['migrations'],
  run(vm, snapshot): Draft[] {
    const failed = failedInARow(vm.finished);
    const last = failed.at(-1);
    if (failed.length < 2 || last === undefined || !vm.running) return [];
    const all = failed.length === vm.finished.length && failed.length >= 5 ? ' or more' : '';
    const own = failedInARow(vm.finished.filter(isKubeVirts));
    const until = pauseEnd(own);
    const waits =
      until !== undefined && until > Date.parse(snapshot.takenAt)
        ? `; KubeVirt itself tries again after ${new Date(until).toISOString().replace('.000Z', 'Z')}`
        : '';
    return [
      warning(vm, {
        message: `its last ${failed.length}${all} migrations failed, one after the other${waits}`,
        evidence: failed.map((migration) => at(migration, '.status.phase', migration.status?.phase)),
        remedy: `Do not try again before you know why: ferry diagnose ${last.metadata.name} -n ${vm.namespace}. ${
          own.length > 0
            ? 'KubeVirt repeats its own tries for as long as the eviction or the update is wanted; each brings a new pod.'
            : ''
        }`.trimEnd(),
      }),
    ];
  },
};
