import { settingsOf } from '../../model/settings.ts';
import { abortOf } from '../abort.ts';
import type { Cause } from '../cause.ts';
import { samplesOf } from '../course.ts';
import { rateText, sampleLine } from '../load.ts';

/** KubeVirt's monitor gave up: the guest writes faster than it can be copied, or the time is too short (facts/kubevirt.md D1, D2). */
export const completionTimeout: Cause = {
  id: 'migration/completion-timeout',
  title: 'It was not completed in time',
  source: 'mission: Issue 1; facts/kubevirt.md D1, D2; facts/anchors.md 6 rows 4, 6',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    const abort = abortOf(each);
    if (abort?.why !== 'timeout') return undefined;
    const perGib =
      each.state?.migrationConfiguration?.completionTimeoutPerGiB ??
      settingsOf(each.snapshot).completionTimeoutPerGiB.value;
    const last = samplesOf(each.logs, each.migration.metadata.uid ?? '').at(-1);
    const numbers =
      last === undefined
        ? ''
        : last.dirtyRate >= last.bandwidth
          ? `; at the end the guest wrote ${rateText(last.dirtyRate)} and ${rateText(last.bandwidth)} could be sent, so it would never have ended`
          : `; at the end ${rateText(last.bandwidth)} were sent and the guest wrote ${rateText(last.dirtyRate)}`;
    const rule = perGib === undefined ? '' : `, ${perGib} s for each started gigabyte`;
    return {
      confidence: abort.confidence,
      message: `it was given up after ${abort.seconds} s, the time KubeVirt allows a guest of this size (completionTimeoutPerGiB${rule})${numbers}`,
      evidence: [...abort.evidence, ...sampleLine(each)],
      remedies: [
        'Move it when the guest writes less, or make it write less.',
        'Give this VM a MigrationPolicy with a longer completionTimeoutPerGiB if it was converging, or with allowAutoConverge, which slows the guest down, if it was not.',
        'Where other migrations shared the link, move it alone: ferry move moves one at a time where you name one.',
        'Or move it cold (a restart): virtctl restart VM.',
      ],
    };
  },
  texts: [/migration exceeded timeout/i, /not completed after (\d+) seconds/],
  meaning: {
    message:
      'The migration took longer than completionTimeoutPerGiB for each started gigabyte of the guest (10^9 bytes, rounded up), and KubeVirt gave it up. The VM runs where it was.',
    remedies: [
      'See whether it converges, and against which deadline: ferry diagnose VM.',
      'Give that VM a MigrationPolicy with more time, or with allowAutoConverge.',
    ],
  },
};
