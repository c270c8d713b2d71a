import { at as atField } from '../../model/finding.ts';
import type { Cause } from '../cause.ts';
import { refusalEvidence, refusalsOf, refusalText, schedulerWords } from '../scheduling.ts';
import { targetPodSaying, targetTrouble } from '../target.ts';

const AVAILABLE = /\d+\/\d+ nodes are available: .*|no nodes available to schedule pods/s;

/** kube-scheduler finds no node for the target pod (facts/kubevirt.md C1; pain 5). The console says "the selected Node is unavailable". */
export const unschedulable: Cause = {
  id: 'target/unschedulable',
  title: 'No node takes its target pod',
  source: 'facts/kubevirt.md C1, F; facts/anchors.md 2 pain 5, 6 row 27',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'nodes'],
  reads: ['events'],
  migration(each) {
    const trouble = targetTrouble(each);
    if (trouble?.stage !== 'unschedulable') return undefined;
    const { migration } = each;
    const refusals = refusalsOf(each);
    const said = targetPodSaying(each, AVAILABLE);
    const scheduled = each.targetPod?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
    const words = schedulerWords(scheduled ?? said?.match[0] ?? '');
    const free = refusals.filter(({ objections, notAskedFor }) => objections.length === 0 && !notAskedFor);
    const text = refusalText(refusals);
    const added = migration.spec.addedNodeSelector;
    const asked =
      added === undefined
        ? ''
        : ` It was asked to go to ${Object.entries(added)
            .map(([key, value]) => `${key}=${value}`)
            .join(', ')} only.`;
    const now =
      free.length === 0
        ? ''
        : ` Now ${free
            .map(({ node }) => node.name)
            .slice(0, 3)
            .join(', ')} could take it.`;
    return {
      confidence: 'certain',
      message: `no node takes its target pod${text === '' ? (words === undefined ? '' : `: ${words}`) : `: ${text}`}${trouble.outcome}.${asked}${now}`,
      evidence: [
        ...trouble.evidence,
        ...(said === undefined || scheduled !== undefined ? [] : [said.evidence]),
        ...(added === undefined ? [] : [atField(migration, '.spec.addedNodeSelector', added)]),
        ...refusalEvidence(refusals),
      ],
      remedies: [
        'See what stands in the way on every node: ferry check VM.',
        ...(added === undefined ? [] : ['Ask for another node, or for none: ferry move VM --to NODE.']),
        ...(free.length > 0
          ? ['Ask again: ferry move VM.']
          : [
              'Remove what keeps the nearest node out (uncordon it, make room on it, add the missing label), or change what the VM asks for.',
            ]),
        ...(each.final ? [] : ['It goes on by itself if a node becomes possible before KubeVirt gives up.']),
      ],
    };
  },
  texts: [
    /unschedulable pod \S+ timeout period exceeded/,
    /Migration target pod for VMI \[[^\]]*\] is currently unschedulable/,
    /migrationTargetPodUnschedulable/,
    /\d+\/\d+ nodes are available/,
    /ErrorUnschedulable/,
  ],
  meaning: {
    message:
      'kube-scheduler finds no node for the pod in which the VM would run after the migration. KubeVirt waits 300 s for one, and then fails the migration; the VM goes on running where it is.',
    remedies: [
      'See what stands in the way on every node: ferry check VM.',
      'See it for one that is under way: ferry diagnose VM.',
    ],
  },
};
