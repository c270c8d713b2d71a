import { at, blocker, type Check, type Draft, warning } from '../../check.ts';

const troubles: Record<string, string> = {
  MemoryPressure: 'it is short of memory; the kubelet evicts pods, and a VM that is evicted so is killed, not moved',
  DiskPressure: 'it is short of disk space; the kubelet evicts pods, and a VM that is evicted so is killed, not moved',
  PIDPressure: 'it is short of process IDs; new pods may not start',
  NetworkUnavailable: 'its network is not set up',
};

/** What the kubelet says of its node. */
export const conditions: Check = {
  id: 'node/conditions',
  title: 'The node is Ready and under no pressure',
  source: 'mission: checklist 2, CANNOT (NotReady); facts/kubevirt.md C4',
  needs: ['nodes'],
  runNode(node): Draft[] {
    const subject = { kind: 'Node', name: node.name };
    const drafts: Draft[] = [];
    if (!node.ready) {
      drafts.push(
        blocker(subject, {
          message: `${node.name} is NotReady (${node.notReadyBecause}): nothing can leave it live, for a living node has to send the memory`,
          evidence: at(node.object, '.status.conditions[type=Ready].status', node.readyStatus),
          remedy:
            'Bring it back, or fence it: its VMs start elsewhere only once Kubernetes knows that they do not run here any more.',
          allows: 'nothing',
        }),
      );
    }
    for (const { type, status, message } of node.object.status?.conditions ?? []) {
      const trouble = troubles[type];
      if (trouble === undefined || status !== 'True') continue;
      drafts.push(
        warning(subject, {
          message: `${node.name} has ${type}: ${trouble}`,
          evidence: [
            at(node.object, `.status.conditions[type=${type}].status`, status),
            at(node.object, `.status.conditions[type=${type}].message`, message),
          ],
          remedy: 'Move VMs away while they still run, one at a time: ferry move; then look for what uses it up.',
        }),
      );
    }
    return drafts;
  },
};
