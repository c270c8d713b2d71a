import { unmarking } from '../../model/eviction.ts';
import { at as atField } from '../../model/finding.ts';
import { isKubeVirts, pauseEnd } from '../../model/migrations.ts';
import { type Cause } from '../cause.ts';
import { eventSaying, inWords, isWaiting } from '../said.ts';

/** virt-controller waits 20 s times 2 for each further failure before it tries again what KubeVirt itself asked for (facts/kubevirt.md C1, Backoff). */
export const backoff: Cause = {
  id: 'queue/backoff',
  title: 'KubeVirt waits after failed attempts',
  source: 'facts/kubevirt.md C1; facts/anchors.md 2 pain 19',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const { migration, vm, events, now, snapshot } = each;
    if (!isWaiting(each) || vm === undefined || !isKubeVirts(migration)) return undefined;
    // Unlike for a user, for KubeVirt one that was called off counts as failed, too.
    const past = vm.finished.filter(isKubeVirts);
    const failed = past.slice(past.findLastIndex(({ status }) => status?.phase === 'Succeeded') + 1);
    const last = failed.at(-1);
    if (last === undefined) return undefined;
    const left = ((pauseEnd(failed) ?? now) - now) / 1000;
    if (left <= 0) return undefined;
    const said = eventSaying(events, /^backoff migrating vmi /);
    return {
      confidence: said === undefined ? 'likely' : 'certain',
      message: `it waits: ${failed.length} attempts in a row have failed, so KubeVirt tries again in ${inWords(left)}, twice as late after each failure, for as long as it is wanted`,
      evidence: [
        ...(said === undefined ? [] : [said.evidence]),
        ...failed.toReversed().map((object) => atField(object, '.status.phase', object.status?.phase)),
      ],
      remedies: [
        `Find out why the last one failed; until that is fixed, the next one fails, too: ferry diagnose vmim/${last.metadata.name} -n ${vm.namespace}.`,
        ...(vm.vmi?.status?.evacuationNodeName ? unmarking(vm, snapshot) : []),
        'A migration that somebody asks for does not wait: ferry move VM.',
      ],
    };
  },
  texts: [/backoff migrating vmi/, /MigrationBackoff/],
  meaning: {
    message:
      'Evacuations and updates that fail are tried again after 20 s, 40 s, 80 s and so on. This says that KubeVirt waits, not why the attempts fail.',
    remedies: ['Find out why the last attempt failed: ferry diagnose VM.'],
  },
};
