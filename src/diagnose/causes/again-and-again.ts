import type { Cause } from '../cause.ts';
import { historyOf } from '../history.ts';

/** The rate of the alert KubeVirtVMIExcessiveMigrations, 12 in a day, over as many moves as KubeVirt keeps safely: 4 in 8 h (facts/kubevirt.md G3). */
const MOVES = 4;
const WITHIN = 8 * 3_600_000;

/** Each migration costs its guest something; one that is moved every hour is a ball in somebody's game. */
export const againAndAgain: Cause = {
  id: 'moves/again-and-again',
  title: 'It is moved again and again',
  source: 'facts/kubevirt.md G3, J; facts/anchors.md 2 pains 12, 13, 14',
  needs: ['nodes', 'virtualMachineInstances', 'migrations'],
  reads: ['events'],
  vm(each) {
    const moves = historyOf(each).filter(
      ({ kind, who, at }) => kind === 'moved' && who !== 'user' && each.now - Date.parse(at) <= WITHIN,
    );
    if (moves.length < MOVES) return undefined;
    const byWho = new Map<string, number>();
    for (const { who = 'unknown' } of moves) byWho.set(who, (byWho.get(who) ?? 0) + 1);
    const parts = [...byWho].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    const most = parts[0]?.[0];
    const { vm } = each;
    return {
      confidence: 'certain',
      message: `it moved ${moves.length} times in the last ${Math.max(1, Math.ceil((each.now - Date.parse(moves[0]?.at ?? '')) / 3_600_000))} h (${parts.map(([who, times]) => `${times} by ${nameOf(who)}`).join(', ')}), along ${moves.map(({ to }) => to).join(', ')}`,
      evidence: moves.flatMap(({ evidence }) => evidence.slice(0, 1)),
      remedies: [
        ...(most === 'descheduler'
          ? [
              'Make the descheduler slower: a longer deschedulingIntervalSeconds, wider devDeviationThresholds, lower evictionLimits in the KubeDescheduler; or mode: Predictive to stop it.',
              `Leave this VM out: annotate its template with descheduler.alpha.kubernetes.io/prefer-no-eviction: "true" (OpenShift 4.20 and later).`,
            ]
          : most === 'workload-update'
            ? ['Look why it is updated so often: ferry diagnose cluster.']
            : most === 'evacuation'
              ? [
                  'Look what empties the nodes it is on: a roll-out of machine configurations, an autoscaler, a script that drains.',
                ]
              : ['Find out which program asks for it: only one should balance VMs.']),
        `See where it has been, and why: ferry diagnose ${vm.name} -n ${vm.namespace}.`,
      ],
    };
  },
  texts: [/KubeVirtVMIExcessiveMigrations/],
  meaning: {
    message: 'The alert says that a VM has migrated at least 12 times within a day. Something moves it by itself.',
    remedies: ['See who, and when: ferry diagnose VM.'],
  },
};

function nameOf(who: string): string {
  return (
    {
      evacuation: 'drains and evictions',
      descheduler: 'the descheduler',
      'workload-update': "KubeVirt's updates",
      api: 'somebody with virtctl or the console',
      ferry: 'Ferry',
      'volume-migration': 'migrations of its volumes',
    }[who] ?? who
  );
}
