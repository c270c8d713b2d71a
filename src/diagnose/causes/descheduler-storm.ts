import { at as atField } from '../../model/finding.ts';
import { keyOf } from '../../model/memo.ts';
import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const EVACUATION = 'kubevirt.io/evacuationMigration';
const HOUR = 3_600_000;

/** Evacuations of VMs that went back and forth, with a descheduler that acts: it chases its own tail (facts/kubevirt.md J). */
export const deschedulerStorm: Cause = {
  id: 'moves/descheduler-storm',
  title: 'The descheduler moves the same VMs again and again',
  source: 'facts/kubevirt.md G3, J; facts/anchors.md 2 pains 12, 13 (kubevirt/monitoring#266)',
  needs: ['migrations', 'deschedulers'],
  cluster({ snapshot, now }) {
    const descheduler = itemsOf(snapshot.lists.deschedulers).find(({ spec }) => spec?.mode === 'Automatic');
    if (descheduler === undefined) return undefined;
    const byVm = new Map<string, VirtualMachineInstanceMigration[]>();
    for (const object of itemsOf(snapshot.lists.migrations)) {
      const { namespace, annotations, creationTimestamp = '' } = object.metadata;
      if (annotations?.[EVACUATION] === undefined || object.status?.phase !== 'Succeeded') continue;
      if (now - Date.parse(creationTimestamp) > 2 * HOUR) continue;
      const key = keyOf(namespace, object.spec.vmiName ?? '');
      byVm.set(key, [...(byVm.get(key) ?? []), object]);
    }
    // Twelve a day, KubeVirt's own measure of too many, are one in two hours.
    const often = [...byVm].filter(([, moves]) => moves.length >= 2).sort(([a], [b]) => (a < b ? -1 : 1));
    if (often.length === 0) return undefined;
    return {
      confidence: 'likely',
      message: `${often.map(([key, moves]) => `${key} ${moves.length} times`).join(', ')} within two hours: the descheduler evicts VMs that it, or the scheduler, has put there just before`,
      evidence: [
        atField(descheduler, '.spec.mode', 'Automatic'),
        ...often.flatMap(([, moves]) =>
          moves.map((object) =>
            atField(object, `.metadata.annotations["${EVACUATION}"]`, object.metadata.annotations?.[EVACUATION]),
          ),
        ),
      ],
      remedies: [
        `Make it slower: a longer deschedulingIntervalSeconds (it is ${descheduler.spec?.deschedulingIntervalSeconds ?? 3600} s), wider devDeviationThresholds (AsymmetricMedium, AsymmetricHigh), lower evictionLimits.`,
        `Or stop it: kubectl patch kubedescheduler ${descheduler.metadata.name} -n ${descheduler.metadata.namespace} --type=merge -p '{"spec":{"mode":"Predictive"}}'.`,
      ],
    };
  },
};
