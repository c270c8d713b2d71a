import { fault } from './fault.ts';

/** QEMU does not answer libvirt, which waits for its lock in vain. */
export const abortFails = fault({
  name: 'abort-fails',
  summary: 'libvirt does not abort the migrations of a VM: neither for a user nor when KubeVirt gives them up',
  parameters: { vm: 'required' },
  start: ({ cluster }, { vm }) => {
    const { unabortable } = cluster.broken;
    const key = `${vm.namespace}/${vm.name}`;
    unabortable.add(key);
    return () => void unabortable.delete(key);
  },
});
