import { isHandlerReady } from '../../../model/objections.ts';
import { podsAreKnown } from '../../../model/placement.ts';
import { vmsOf } from '../../../model/vm.ts';
import { at, blocker, type Check, type Draft, info, warning } from '../../check.ts';

/** Seconds after which virt-controller takes virt-handler for dead (facts/kubevirt.md C4). */
const SILENT = 300;

/** virt-handler carries migrations out, on both sides; its heartbeat and its label say whether it can. */
export const nodeVirtHandler: Check = {
  id: 'node/virt-handler',
  title: 'virt-handler is on the node, ready and heard of',
  source: 'mission: checklist 4, Issue 3; facts/kubevirt.md C4, F1',
  needs: ['nodes', 'pods'],
  runNode(node, snapshot): Draft[] {
    const subject = { kind: 'Node', name: node.name };
    const label = node.labels['kubevirt.io/schedulable'];
    const atLabel = at(node.object, '.metadata.labels["kubevirt.io/schedulable"]', label);
    const drafts: Draft[] = [];
    const hasVms = vmsOf(snapshot).some((vm) => vm.node === node.name);
    if (label === undefined && node.handler === undefined) {
      if (hasVms && podsAreKnown(snapshot)) {
        return [
          blocker(subject, {
            message: `VMs run on ${node.name}, but no virt-handler: they can neither move nor be looked after`,
            evidence: atLabel,
            remedy:
              "Taints of the node, or HyperConverged's workloads.nodePlacement, may keep it off: kubectl get daemonset -A -l kubevirt.io=virt-handler -o yaml shows where it may run.",
            allows: 'nothing',
          }),
        ];
      }
      return [
        info(subject, {
          message: `${node.name} runs no VMs: virt-handler is not on it`,
          evidence: atLabel,
          remedy:
            "Nothing is needed, unless it should: HyperConverged's workloads.nodePlacement says where virt-handler goes.",
        }),
      ];
    }
    const { handler } = node;
    if (podsAreKnown(snapshot) && (handler === undefined || !isHandlerReady(node))) {
      const status = handler?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
      drafts.push(
        blocker(subject, {
          message:
            handler === undefined
              ? `no virt-handler pod is on ${node.name}: VMs can neither leave nor reach it live`
              : `virt-handler on ${node.name} (pod ${handler.metadata.name}) is not ready: VMs can neither leave nor reach the node live`,
          evidence: handler === undefined ? atLabel : at(handler, '.status.conditions[type=Ready].status', status),
          remedy: `Wait if a roll-out of virt-handler is under way; otherwise see why it is not ready: ferry diagnose node/${node.name}. Afterwards VMs can move again.`,
          allows: 'cold',
        }),
      );
    }
    if (label !== 'true') {
      drafts.push(
        warning(subject, {
          message: `${node.name} takes no VMs: virt-handler's label kubevirt.io/schedulable is ${label ?? 'missing'}`,
          evidence: atLabel,
          remedy: `virt-handler sets it as soon as it is ready; what keeps it: ferry diagnose node/${node.name}. Do not set it by hand.`,
        }),
      );
    }
    const beat = node.object.metadata.annotations?.['kubevirt.io/heartbeat'];
    const age = beat === undefined ? undefined : (Date.parse(snapshot.takenAt) - Date.parse(beat)) / 1000;
    if (age !== undefined && age > SILENT) {
      drafts.push(
        warning(subject, {
          message: `virt-handler on ${node.name} was last heard of ${Math.round(age / 60)} minutes ago; after 5 minutes KubeVirt takes it for dead, and VMs whose pods are gone for failed`,
          evidence: at(node.object, '.metadata.annotations["kubevirt.io/heartbeat"]', beat),
          remedy: `The network from the node to the API server, the node or virt-handler itself is down; see which: ferry diagnose node/${node.name}.`,
        }),
      );
    }
    return drafts;
  },
};
