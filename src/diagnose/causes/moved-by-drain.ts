import { movedBy } from '../moved-by.ts';

/** Its node was emptied, by kubectl drain, KubeVirt's drain taint, or an eviction of its pod (facts/kubevirt.md B4, C2). */
export const movedByDrain = movedBy({
  id: 'moves/drain',
  title: 'It was evacuated: somebody emptied its node',
  source: 'facts/kubevirt.md B4, C2; facts/anchors.md 2 pain 23',
  is: ({ who, trigger }) => who === 'evacuation' && trigger !== 'machine-config' && trigger !== 'cluster-autoscaler',
  remedies: ({ from }, { vm }) => [
    ...(from === undefined
      ? []
      : [
          `When ${from} is back in service, put it back if you want: ferry move ${vm.name} -n ${vm.namespace} --to ${from}.`,
        ]),
    "Who it was stands in the API server's audit log, if the cluster keeps one: the request is a create of pods/eviction.",
  ],
});
