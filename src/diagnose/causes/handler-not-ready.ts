import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import { type NodeView, vmNodesOf } from '../../model/nodes.ts';
import { isReadyPod } from '../../model/pods.ts';
import { type Cause } from '../cause.ts';
import { rolloutOf } from '../handlers.ts';

/** virt-handler of a node that should have one, and does not work. */
function broken(node: NodeView): { why: string; crashing: boolean; evidence: Evidence[] } | undefined {
  const { handler } = node;
  if (!node.ready) return undefined;
  if (handler === undefined) {
    const label = node.labels['kubevirt.io/schedulable'];
    return {
      why: 'there is none',
      crashing: true,
      evidence: [atField(node.object, '.metadata.labels["kubevirt.io/schedulable"]', label)],
    };
  }
  if (isReadyPod(handler)) return undefined;
  const container = (handler.status?.containerStatuses ?? []).find(({ ready }) => !ready);
  const reason = container?.state?.waiting?.reason ?? container?.state?.terminated?.reason;
  const restarts = container?.restartCount ?? 0;
  return {
    why: `${reason ?? 'not ready'}${restarts > 0 ? `, restarted ${restarts} times` : ''}`,
    crashing: reason === 'CrashLoopBackOff' || restarts > 2,
    evidence: [
      atField(
        handler,
        '.status.conditions[type=Ready].status',
        handler.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
      ),
      ...(container === undefined
        ? []
        : [atField(handler, `.status.containerStatuses[name=${container.name}].restartCount`, restarts)]),
      ...(container?.state?.waiting?.reason === undefined
        ? []
        : [
            atField(
              handler,
              `.status.containerStatuses[name=${container.name}].state.waiting.reason`,
              container.state.waiting.reason,
            ),
          ]),
    ],
  };
}

function remediesFor(nodes: readonly NodeView[]): string[] {
  return nodes
    .slice(0, 3)
    .flatMap(({ name, handler }) =>
      handler === undefined
        ? [
            `Look why it has no pod on ${name}: kubectl describe daemonset virt-handler -n openshift-cnv (taints, spec.workloads of the HyperConverged).`,
          ]
        : [
            `Read why: kubectl logs -n ${handler.metadata.namespace} ${handler.metadata.name} --previous, kubectl describe pod -n ${handler.metadata.namespace} ${handler.metadata.name}.`,
          ],
    );
}

/** virt-handler does everything on a node: without it nothing starts, moves or ends there; what runs goes on (facts/kubevirt.md C4). */
export const handlerNotReady: Cause = {
  id: 'handler/not-ready',
  title: 'virt-handler does not work',
  source: 'mission: Issue 3; facts/kubevirt.md C4; facts/anchors.md 2 pain 32',
  needs: ['nodes', 'pods', 'daemonSets'],
  node(node, { snapshot }) {
    const found = vmNodesOf(snapshot).includes(node) ? broken(node) : undefined;
    if (found === undefined) return undefined;
    // In a roll-out each is away for half a minute.
    const rolling = rolloutOf(snapshot) !== undefined && !found.crashing;
    return {
      confidence: rolling ? 'possible' : 'certain',
      message: `virt-handler does not work on ${node.name} (${found.why})${rolling ? ', as it does for a moment while it is rolled out' : ''}: VMs on it go on running, but none starts there, and no migration from or to it begins`,
      evidence: found.evidence,
      remedies: rolling ? ['Wait: the roll-out goes on with the next node by itself.'] : remediesFor([node]),
    };
  },
  cluster({ snapshot }) {
    const all = vmNodesOf(snapshot).flatMap((node) => {
      const found = broken(node);
      return found === undefined ? [] : [{ node, ...found }];
    });
    if (all.length === 0) return undefined;
    const rolling = rolloutOf(snapshot) !== undefined && !all.some(({ crashing }) => crashing);
    return {
      confidence: rolling ? 'possible' : 'certain',
      message: `virt-handler does not work on ${all.map(({ node, why }) => `${node.name} (${why})`).join(', ')}: VMs there go on running, but none starts, and no migration from or to these nodes begins`,
      evidence: all.flatMap(({ evidence }) => evidence),
      remedies: rolling ? ['Wait: the roll-out goes on by itself.'] : remediesFor(all.map(({ node }) => node)),
    };
  },
  texts: [
    /VirtHandlerDown|NoReadyVirtHandler|LowReadyVirtHandlerCount/,
    /CrashLoopBackOff.*virt-handler|virt-handler.*CrashLoopBackOff/,
  ],
  meaning: {
    message:
      'virt-handler, which does the work of KubeVirt on each node, is not ready somewhere: VMs run on, but nothing starts or migrates there.',
    remedies: ['See where, and why: ferry diagnose cluster.'],
  },
};
