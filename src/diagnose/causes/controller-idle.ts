import { at as atField } from '../../model/finding.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { isReadyPod } from '../../model/pods.ts';
import { settingsOf } from '../../model/settings.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';
import { inWords, isWaiting } from '../said.ts';

/** virt-controller looks at a waiting migration at least every 5 s (facts/kubevirt.md C1); after this nothing explains that it has not. */
const IDLE_MS = 60_000;

/** Slots are free and nothing is said: nobody serves the queue. */
export const controllerIdle: Cause = {
  id: 'queue/virt-controller',
  title: 'Nobody serves the queue',
  source: 'facts/kubevirt.md C1, G3 (VirtControllerDown)',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  reads: ['events'],
  yieldsTo: ['queue'],
  migration(each) {
    const { migration, view, phase, snapshot, vmi, ageMs } = each;
    if (view === undefined || !isWaiting(each) || vmi?.status?.phase !== 'Running' || ageMs < IDLE_MS) return undefined;
    if ((migration.status?.conditions ?? []).some(({ status }) => status === 'True')) return undefined;
    const { taken, takenByNode } = migrationsOf(snapshot);
    const settings = settingsOf(snapshot);
    const outbound = settings.parallelOutboundMigrationsPerNode.value ?? Infinity;
    if (taken >= (settings.parallelMigrationsPerCluster.value ?? Infinity)) return undefined;
    if (view.sourceNodes.some((node) => (takenByNode.get(node) ?? 0) >= outbound)) return undefined;
    const controllers = itemsOf(snapshot.lists.pods).filter(
      ({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-controller',
    );
    if (!snapshot.lists.pods.known || controllers.some(isReadyPod)) return undefined;
    return {
      confidence: 'likely',
      message: `it waits for ${inWords(ageMs / 1000)} although slots are free: ${controllers.length === 0 ? 'there is no pod of virt-controller' : 'no pod of virt-controller is ready'}, which starts migrations`,
      evidence: [
        atField(migration, '.status.phase', phase === '' ? undefined : phase),
        ...controllers.map((pod) => atField(pod, '.status.phase', pod.status?.phase)),
      ],
      remedies: [
        "See why virt-controller does not run: kubectl get pods -A -l kubevirt.io=virt-controller, then describe them, and look at KubeVirt's conditions.",
        'Nothing is lost meanwhile: VMs go on running, and the migration starts once it is back.',
      ],
    };
  },
};
