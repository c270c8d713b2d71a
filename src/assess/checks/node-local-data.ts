import { atVm, type Check, type Draft, info } from '../check.ts';

const SOURCES = new Set(['containerDisk', 'emptyDisk', 'ephemeral']);

/** What such a volume has written since the VM started is a file in its pod, and travels with the memory. */
export const nodeLocalData: Check = {
  id: 'storage/node-local-data',
  title: "No disk's data lie in the VM's pod",
  source: 'facts/kubevirt.md A3 (migrationMethod), D1 (size of the migration), E (containerDisk, emptyDisk, ephemeral)',
  needs: [],
  run(vm): Draft[] {
    if (!vm.running) return [];
    const found = vm.volumes.filter(({ source, name }) => SOURCES.has(source) && !isReadOnlyCdrom(name));
    if (found.length === 0) return [];
    function isReadOnlyCdrom(name: string): boolean {
      const disk = vm.spec.domain.devices.disks?.find((candidate) => candidate.name === name);
      return disk?.cdrom !== undefined && disk.cdrom.readonly !== false;
    }
    const named = found.map(({ name, source }) => `${name} (${source})`).join(', ');
    return [
      info(vm, {
        message: `what it has written to ${named} lies in its pod and is copied along with its memory`,
        evidence: found.map(({ name }) =>
          atVm(vm, `.spec.volumes[name=${name}]`, vm.spec.volumes?.find((volume) => volume.name === name) ?? null),
        ),
        remedy:
          'Nothing is needed: it makes the migration longer by as much as was written, and is lost with a restart. Keep data that matter on a claim.',
      }),
    ];
  },
};
