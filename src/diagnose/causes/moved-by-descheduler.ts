import { movedBy } from '../moved-by.ts';

/** The descheduler evicts VMs from nodes that are busier than others (facts/kubevirt.md J). */
export const movedByDescheduler = movedBy({
  id: 'moves/descheduler',
  title: 'The descheduler moved it, to balance the nodes',
  source: 'facts/kubevirt.md J; facts/anchors.md 2 pains 12, 23',
  is: ({ who }) => who === 'descheduler',
  remedies: () => [
    'Nothing has to be done, unless it is moved again and again.',
    'To leave it where it is, annotate its template with descheduler.alpha.kubernetes.io/prefer-no-eviction: "true" (OpenShift 4.20 and later); it takes effect at once.',
  ],
});
