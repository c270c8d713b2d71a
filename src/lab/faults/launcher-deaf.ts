import { fault } from './fault.ts';

/** virt-launcher hangs. Until KubeVirt 1.5 virt-handler asks it once; from 1.6 on until it answers. */
export const launcherDeaf = fault({
  name: 'launcher-deaf',
  summary: 'the launcher that a VM moved to does not answer: hot-plugs and volume changes are not finished',
  parameters: { vm: 'required' },
  start: ({ cluster }, { vm }) => {
    const { deafLaunchers } = cluster.broken;
    const key = `${vm.namespace}/${vm.name}`;
    deafLaunchers.add(key);
    return () => void deafLaunchers.delete(key);
  },
});
