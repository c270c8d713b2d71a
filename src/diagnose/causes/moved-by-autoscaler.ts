import { movedBy } from '../moved-by.ts';

/** The cluster autoscaler empties nodes that have little to do, and deletes them. */
export const movedByAutoscaler = movedBy({
  id: 'moves/cluster-autoscaler',
  title: 'The cluster autoscaler removes its node',
  source: 'facts/anchors.md 2 pains 14, 23',
  is: ({ trigger }) => trigger === 'cluster-autoscaler',
  remedies: ({ from }) => [
    'Nothing has to be done, unless it happens often: then raise the thresholds of the ClusterAutoscaler (scaleDown.unneededTime, utilizationThreshold).',
    `To keep a node: kubectl annotate node ${from ?? 'NODE'} cluster-autoscaler.kubernetes.io/scale-down-disabled=true.`,
  ],
});
