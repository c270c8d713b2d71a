import type { Node } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';

const KVM = 'devices.kubevirt.io/kvm';

/** A node that came back from a firmware update without virtualization: its virt-handler has no /dev/kvm to offer (facts/kubevirt.md F1). */
export const kvmMissing = fault({
  name: 'kvm-missing',
  summary:
    'a node offers no /dev/kvm: with its next heartbeat virt-handler says that it takes no VMs; those that run go on',
  parameters: { node: 'required' },
  start: ({ cluster }, { node }) => {
    const find = (): Node | undefined => cluster.store.get<Node>(resources.nodes, undefined, node);
    const before = find()?.status?.allocatable?.[KVM];
    const offer = (amount: string | undefined): void => {
      const object = find();
      if (object === undefined || amount === undefined) return;
      modify<Node>(cluster, resources.nodes, object, (draft) => {
        draft.status = { ...draft.status, allocatable: { ...draft.status?.allocatable, [KVM]: amount } };
      });
    };
    cluster.broken.withoutKvm.add(node);
    if (before !== undefined) offer('0');
    return () => {
      cluster.broken.withoutKvm.delete(node);
      offer(before);
    };
  },
});
