import { emptyingOf, evacuatedFrom, strategyOf, unmarking } from '../../model/eviction.ts';
import { at as atField } from '../../model/finding.ts';
import { isFinal } from '../../model/migrations.ts';
import { nodesOf } from '../../model/nodes.ts';
import { type Cause } from '../cause.ts';

const EVACUATION = 'kubevirt.io/evacuationMigration';

/** An eviction marks the VM; the mark stays until it has moved, also when nobody wants it any more (facts/kubevirt.md A3, C1, C2). */
export const evacuationStuck: Cause = {
  id: 'drain/evacuation-stuck',
  title: 'It is still marked for eviction',
  source: 'facts/kubevirt.md A3, C1, I; facts/anchors.md 2 pain 2',
  needs: ['nodes', 'virtualMachineInstances', 'migrations'],
  vm({ vm, vmi, snapshot }) {
    const marked = evacuatedFrom(vm);
    if (vmi === undefined || marked === undefined) return undefined;
    if (strategyOf(vm, snapshot).value === 'External') return undefined;
    const evidence = [
      atField(vmi, '.status.evacuationNodeName', marked),
      atField(vmi, '.status.nodeName', vmi.status?.nodeName),
    ];
    if (marked !== vm.node) {
      return {
        confidence: 'certain',
        message: `it is marked for the eviction from ${marked}, but runs on ${vm.node}: KubeVirt does not act on the mark, and answers every further eviction with "Evacuation in progress"`,
        evidence,
        remedies: unmarking(vm, snapshot),
      };
    }
    if (emptyingOf(nodesOf(snapshot).get(marked), snapshot) !== undefined) return undefined;
    const failed = [...vm.finished, ...vm.unfinished.map(({ object }) => object)].filter(
      (object) => object.metadata.annotations?.[EVACUATION] === marked && object.status?.phase === 'Failed',
    );
    const last = [...vm.finished].reverse().find(isFinal);
    // An eviction that goes well takes a moment, too.
    if (failed.length === 0 || last?.status?.phase !== 'Failed') return undefined;
    return {
      confidence: 'likely',
      message: `it is marked for the eviction from ${marked}, though nothing empties that node any more: KubeVirt goes on creating migrations until one succeeds (${failed.length} of those it still keeps have failed), and cancelling one does not take the mark off`,
      evidence: [...evidence, ...failed.map((object) => atField(object, '.status.phase', 'Failed'))],
      remedies: unmarking(vm, snapshot),
    };
  },
  texts: [/Evacuation in progress: Eviction triggered evacuation/, /VMI is marked for eviction/],
  meaning: {
    message:
      'The VM has been marked for eviction before. KubeVirt migrates it, as often as it takes; the mark goes when it has moved.',
    remedies: ['See whether it moves, and how to take the mark off: ferry diagnose VM.'],
  },
};
