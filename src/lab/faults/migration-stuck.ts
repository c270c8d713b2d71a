import { fault } from './fault.ts';

/**
 * QEMU's connections of a VM's migrations hang while libvirt's own is well, as when the target process is stopped
 * (facts/qemu.md 3.6): nobody but KubeVirt's progress timeout notices.
 */
export const migrationStuck = fault({
  name: 'migration-stuck',
  summary: 'migrations of a VM make no progress; KubeVirt gives them up after its progress timeout',
  parameters: { vm: 'required' },
  start: ({ cluster, network }, { vm }) =>
    network.impair({
      concerns: ({ id }) =>
        cluster.migrationsOf.get(`${vm.namespace}/${vm.name}`).some(({ metadata }) => metadata.uid === id),
      line: 0,
    }),
});
