import { formatBytes } from '../../model/quantity.ts';
import type { Cause } from '../cause.ts';
import { rateText, struggleOf } from '../load.ts';
import { inWords } from '../said.ts';

/** The guest writes as fast as its memory can be sent (facts/kubevirt.md D1; mission Issue 1; pain 8). */
export const notConverging: Cause = {
  id: 'migration/not-converging',
  title: 'It does not converge',
  source: 'mission: Issue 1; facts/kubevirt.md D1; facts/anchors.md 2 pain 8',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    const struggle = struggleOf(each);
    const { course } = struggle ?? {};
    const last = course?.last;
    if (struggle === undefined || course?.converging !== false || last === undefined) return undefined;
    const left = (course.deadlineSeconds ?? 0) - course.elapsedSeconds;
    const then = {
      abort: 'gives it up',
      'post-copy': 'switches it to post-copy',
      pause: 'pauses the guest to let it end',
    }[course.afterwards];
    const end =
      course.deadlineSeconds === undefined || course.deadlineSeconds === 0
        ? 'KubeVirt sets it no deadline'
        : `KubeVirt ${then} in ${inWords(left)}`;
    return {
      confidence: 'likely',
      message: `the guest writes ${rateText(last.dirtyRate)} of its memory anew and ${rateText(last.bandwidth)} are sent: each round has about as much to send as the one before (it is in round ${last.iteration}, with ${formatBytes(last.remaining)} left of it), so it does not end this way; ${end}`,
      evidence: struggle.evidence,
      remedies: [
        'Make the guest write less for a while, or wait for a quiet hour: ferry cancel VM, then ferry move VM.',
        'Give this VM a MigrationPolicy with allowAutoConverge, which slows the guest down until it converges; it takes effect with the next migration.',
        ...(course.afterwards === 'abort'
          ? [
              'If a short interruption is acceptable, allow post-copy in the policy (allowPostCopy and allowWorkloadDisruption); if the network fails then, the guest is lost.',
            ]
          : []),
        'More time does not help: the limit is the rate, not the clock.',
        'Or move it cold (a restart): virtctl restart VM.',
      ],
    };
  },
};
