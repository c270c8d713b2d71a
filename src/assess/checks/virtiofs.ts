import { atVm, blocker, type Check, type Draft } from '../check.ts';
import { refuses, versionIn } from '../refused.ts';

/** Directories shared with virtiofs migrate from KubeVirt 1.5 on. */
export const virtiofs: Check = {
  id: 'storage/virtiofs',
  title: 'No directory is shared with virtiofs, or KubeVirt can migrate it',
  source: 'facts/kubevirt.md A4 (VirtIOFSNotLiveMigratable), E (virtiofs filesystem)',
  needs: [],
  run(vm, snapshot): Draft[] {
    const filesystems = vm.spec.domain.devices.filesystems ?? [];
    if (filesystems.length === 0 || !refuses('virtiofs', vm, snapshot)) return [];
    const version = versionIn(snapshot)?.name ?? 'of this cluster';
    return filesystems.map(({ name }) =>
      blocker(vm, {
        message: `it shares the directory ${name} with virtiofs, which KubeVirt ${version} does not migrate`,
        evidence: atVm(vm, `.spec.domain.devices.filesystems[name=${name}].name`, name),
        remedy:
          'Move it cold (a restart), or upgrade to OpenShift Virtualization 4.19 or later (KubeVirt 1.5), which migrates it if the volume behind it is ReadWriteMany.',
        allows: 'cold',
      }),
    );
  },
};
