import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { seconds } from '../api/store.ts';
import { nodeNow } from '../broken.ts';
import { type Cluster, type Controller, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { handlerPod, handlerWorks } from './handler-pods.ts';
import { isFinalVmi } from './printable-status.ts';
import { currentPod, enterPhase } from './virt-vmi.ts';
import { workqueue } from './workqueue.ts';

const SCHEDULABLE = 'kubevirt.io/schedulable';
const HEARTBEAT = 'kubevirt.io/heartbeat';
/** virt-handler reports every 1 to 2.2 minutes. */
const PERIOD = 90_000;
/** virt-controller gives a virt-handler up after this silence (facts/kubevirt.md C4). */
const SILENCE = 300_000;
const UNRESPONSIVE = 'virt-handler is not responsive, marking node as unresponsive';

/** virt-handler's heartbeat on its node, and virt-controller's watch over it: the label that lets VMs be scheduled. */
export function heartbeat(cluster: Cluster): Controller {
  const { store, clock, events } = cluster;
  const queue = workqueue(cluster, 'heartbeat', { from: 20, to: 100 }, (name) => {
    const node = store.get<Node>(resources.nodes, undefined, name);
    if (node?.metadata.labels?.[SCHEDULABLE] === undefined) return undefined;
    const works = handlerWorks(cluster, name);
    const posted = seconds(nodeNow(cluster, name));
    const age = clock.now() - Date.parse(node.metadata.annotations?.[HEARTBEAT] ?? now(cluster));
    // A handler that is shut down says so itself; one that is just silent is given up after a while.
    const pod = handlerPod(cluster, name);
    const shutDown = pod === undefined || pod.status?.phase === 'Pending';
    const givenUp = age > SILENCE && cluster.virtController.works();
    // virt-handler says no while its device plugins are not registered (KubeVirt pkg/virt-handler/heartbeat, Initialized).
    const ready = cluster.broken.withoutKvm.has(name) ? 'false' : 'true';
    const schedulable = works ? ready : shutDown || givenUp ? 'false' : node.metadata.labels[SCHEDULABLE];
    if (schedulable !== node.metadata.labels[SCHEDULABLE] && schedulable === 'false' && !shutDown && !works) {
      events.warning(node, { component: 'virt-controller' }, 'NodeUnresponsive', UNRESPONSIVE);
    }
    modify<Node>(cluster, resources.nodes, node, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, [SCHEDULABLE]: schedulable };
      if (works) draft.metadata.annotations = { ...draft.metadata.annotations, [HEARTBEAT]: posted };
    });
    if (schedulable === 'false' && !shutDown && !works) judge(() => failEnded(name));
    // virt-controller goes by its own clock: a heartbeat that is old when it comes is none.
    const stale = works && clock.now() - Date.parse(posted) > SILENCE;
    if (stale) judge(() => distrust(name));
    return undefined;
  });

  /** What virt-controller makes of a silence, if it can: it looks again at each heartbeat. */
  function judge(run: () => void): void {
    if (cluster.virtController.works() && cluster.virtApi.works()) run();
  }

  function distrust(name: string): void {
    const node = store.get<Node>(resources.nodes, undefined, name);
    if (node === undefined) return;
    events.warning(node, { component: 'virt-controller' }, 'NodeUnresponsive', UNRESPONSIVE);
    modify<Node>(cluster, resources.nodes, node, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, [SCHEDULABLE]: 'false' };
    });
    failEnded(name);
  }

  /** VMIs whose launcher has ended while nobody on their node can say so (facts/kubevirt.md C4). */
  function failEnded(name: string): void {
    for (const vmi of cluster.vmisOn.get(name)) {
      if (isFinalVmi(vmi) || vmi.status?.phase !== 'Running' || currentPod(cluster, vmi) !== undefined) continue;
      events.warning(
        vmi,
        { component: 'virt-controller' },
        'NodeUnresponsive',
        `virt-handler on node ${name} is not responsive, marking VMI as failed`,
      );
      modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
        enterPhase(cluster, draft, 'Failed');
        draft.status = { ...draft.status, reason: 'NodeUnresponsive' };
      });
    }
  }

  return {
    start: () => {
      clock.every(PERIOD, () => {
        for (const node of store.list<Node>(resources.nodes)) queue.add(node.metadata.name);
      });
      store.subscribe(({ resource, object }) => {
        const pod = object as Pod;
        if (resource !== resources.pods || pod.metadata.labels?.['kubevirt.io'] !== 'virt-handler') return;
        if (pod.spec?.nodeName !== undefined) queue.add(pod.spec.nodeName);
      });
    },
  };
}
