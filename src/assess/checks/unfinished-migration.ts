import { at, blocker, type Check, type Draft } from '../check.ts';

/** KubeVirt refuses a second migration of a VM while one is not final. */
export const unfinishedMigration: Check = {
  id: 'vm/unfinished-migration',
  title: 'No migration of the VM is under way',
  source: 'facts/kubevirt.md B1 (in-flight migration detected)',
  needs: ['migrations'],
  run(vm): Draft[] {
    return vm.unfinished.map(({ object, name, phase, targetNode }) =>
      blocker(vm, {
        message: `migration ${name} of this VM is ${phase === '' ? 'new' : phase}${targetNode === undefined ? '' : `, to ${targetNode}`}`,
        evidence: at(object, '.status.phase', phase),
        remedy: `Wait until it has ended, or cancel it: ferry cancel ${name} -n ${vm.namespace}`,
        allows: 'nothing',
      }),
    );
  },
};
