import { vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, info } from '../../check.ts';
import { counted, some } from '../../text.ts';

/** An upgrade that breaks migrations breaks them for one kind of VM at a time: one of each kind, moved first, shows it. */
export const canary: Check = {
  id: 'upgrade/canary',
  title: 'After an upgrade, one VM of each kind should move first',
  source: 'facts/anchors.md 2 (pain 22; kubevirt#16386)',
  needs: ['virtualMachineInstances'],
  advise(snapshot): Draft[] {
    const running = vmsOf(snapshot).filter((vm) => vm.running && vm.node !== undefined);
    const images = new Set(running.flatMap((vm) => vm.vmi?.status?.launcherContainerImageVersion || []));
    if (images.size < 2) return [];
    const kinds = new Map<string, string>();
    const evidence = [];
    const shown = new Set<string>();
    for (const vm of running) {
      const status = vm.vmi?.status;
      const image = status?.launcherContainerImageVersion ?? '';
      const key = [image, status?.machine?.type ?? '', vm.spec.domain.cpu?.model ?? 'default'].join(' ');
      if (!kinds.has(key)) kinds.set(key, `${vm.namespace}/${vm.name}`);
      if (vm.vmi !== undefined && image !== '' && !shown.has(image)) {
        shown.add(image);
        evidence.push(at(vm.vmi, '.status.launcherContainerImageVersion', image));
      }
    }
    return [
      info(
        { kind: 'KubeVirt', name: 'workloads' },
        {
          message: `VMs run on ${images.size} versions of the launcher, so KubeVirt was upgraded under them; ${counted(kinds.size, 'kind')} of VM (launcher, machine type, CPU model) ${kinds.size === 1 ? 'is' : 'are'} in use: ${some([...kinds.values()], 10)}`,
          evidence,
          remedy:
            'Before you move many, move one of each kind and see that it runs: ferry move for the VMs named. If one fails, the others of its kind would fail, too.',
        },
      ),
    ];
  },
};
