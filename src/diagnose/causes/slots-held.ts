import { at as atField } from '../../model/finding.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { settingsOf } from '../../model/settings.ts';
import { migrationCase } from '../case.ts';
import { type Cause } from '../cause.ts';
import { deadlineOf } from '../course.ts';

/** How long a migration may take to get its target ready before somebody should look, s. */
const PREPARING = 120;

/** All slots are taken, and VMs wait: who holds them, and which of those will not let go by themselves (facts/kubevirt.md C1). */
export const slotsHeld: Cause = {
  id: 'queue/slots-held',
  title: 'Migrations wait for slots that others hold',
  source: 'mission: Issue 4; facts/kubevirt.md C1; facts/anchors.md 2 pain 17',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  cluster(each) {
    const { snapshot, now } = each;
    const limit = settingsOf(snapshot).parallelMigrationsPerCluster.value;
    const { unfinished, taken } = migrationsOf(snapshot);
    const waiting = unfinished.filter(({ takesSlot }) => !takesSlot).length;
    if (limit === undefined || taken < limit || waiting === 0) return undefined;
    const holders = unfinished.filter(({ takesSlot }) => takesSlot);
    const stuck = holders.flatMap((holder) => {
      const { object, phase } = holder;
      const since = object.status?.phaseTransitionTimestamps?.find(
        (entry) => entry.phase === phase,
      )?.phaseTransitionTimestamp;
      const seconds = Math.round((now - Date.parse(since ?? '')) / 1000);
      if (phase !== 'Running')
        return seconds > PREPARING ? [{ ...holder, seconds, why: `in ${phase} for ${seconds} s` }] : [];
      const deadline = deadlineOf(migrationCase(each, object));
      return deadline === 0 ? [{ ...holder, seconds, why: 'has no deadline (completionTimeoutPerGiB is 0)' }] : [];
    });
    const names = holders.map(({ namespace, vmi, phase }) => `${namespace}/${vmi} (${phase})`).join(', ');
    return {
      confidence: 'certain',
      message: `${waiting} migration${waiting === 1 ? ' waits' : 's wait'}: the ${limit} slots of the cluster are held by ${names}${stuck.length === 0 ? '' : `. ${stuck.map(({ vmi, why }) => `${vmi} is ${why}`).join('; ')}: it does nothing for its slot`}`,
      evidence: holders.map(({ object, phase }) => atField(object, '.status.phase', phase)),
      remedies: [
        ...stuck.map(
          ({ namespace, name }) =>
            `Find out what it waits for: ferry diagnose vmim/${name} -n ${namespace}; or give its slot to others: ferry cancel vmim/${name} -n ${namespace}.`,
        ),
        'Wait: the next one begins by itself when one has ended. KubeVirt shows the others as Pending, without an event.',
        'If the network has room, allow more at once: ferry settings set parallelMigrationsPerCluster=N.',
      ],
    };
  },
};
