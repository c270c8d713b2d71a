import type { Cause } from '../cause.ts';
import { rateText, struggleOf } from '../load.ts';
import { inWords, stateAt } from '../said.ts';

/** It converges, and will not be through in the time KubeVirt allows (facts/kubevirt.md D1). */
export const deadlineTooShort: Cause = {
  id: 'migration/deadline-too-short',
  title: 'It needs more time than it is allowed',
  source: 'mission: Issue 1; facts/kubevirt.md D1; facts/anchors.md 6 rows 1, 4, pain 11',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    const struggle = struggleOf(each);
    const { course } = struggle ?? {};
    if (struggle === undefined || course === undefined || course.converging === false) return undefined;
    const { expectedSeconds, deadlineSeconds = 0, elapsedSeconds, last } = course;
    if (expectedSeconds === undefined || last === undefined || course.afterwards !== 'abort') return undefined;
    return {
      confidence: 'likely',
      message: `at ${rateText(last.bandwidth)}, with ${rateText(last.dirtyRate)} written anew, it needs about ${inWords(expectedSeconds)} more, and KubeVirt gives it up in ${inWords(deadlineSeconds - elapsedSeconds)}`,
      evidence: [...struggle.evidence, stateAt(each, 'startTimestamp')],
      remedies: [
        'Give this VM a MigrationPolicy with a longer completionTimeoutPerGiB; it takes effect with the next migration, so cancel this one first: ferry cancel VM.',
        'Or give it more of the link: let other migrations end first.',
      ],
    };
  },
};
