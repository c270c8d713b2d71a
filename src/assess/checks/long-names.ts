import { atVm, blocker, type Check, type Draft } from '../check.ts';

/** A label's value is at most 63 characters long. */
const LABEL = 63;

/** KubeVirt labels each migration with its VM's name, whatever the length. */
export const longNames: Check = {
  id: 'vm/long-name',
  title: 'The name of the VM fits into a label',
  source: 'facts/kubevirt.md A6 (label kubevirt.io/vmi-name)',
  needs: [],
  run(vm): Draft[] {
    if (vm.name.length <= LABEL) return [];
    return [
      blocker(vm, {
        message: `its name has ${vm.name.length} characters; KubeVirt writes it into a label of the migration, which takes ${LABEL}: the migration is refused`,
        summary: `its name is longer than ${LABEL} characters`,
        evidence: atVm(vm, '.metadata.name', vm.name),
        remedy:
          'Move it cold (a restart). Only a VM with a shorter name can live-migrate: a name cannot be changed, so make a copy of the VM that takes over its volumes.',
        allows: 'cold',
      }),
    ];
  },
};
