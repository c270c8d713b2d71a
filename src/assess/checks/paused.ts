import { conditionOf } from '../../model/vm.ts';
import { atVm, type Check, type Draft, info, warning } from '../check.ts';

/** A paused guest can migrate, and stays paused; why it is paused matters. */
export const paused: Check = {
  id: 'vm/paused',
  title: 'The guest is not paused',
  source: 'facts/kubevirt.md A3 (Paused reasons), C4',
  needs: ['virtualMachineInstances'],
  run(vm): Draft[] {
    const condition = vm.running ? conditionOf(vm, 'Paused') : undefined;
    if (condition?.status !== 'True') return [];
    const { reason } = condition;
    const evidence = atVm(vm, '.status.conditions[type=Paused].reason', reason);
    if (reason === 'PausedIOError') {
      return [
        warning(vm, {
          message: 'the guest is paused because its disk gave an error; it would stay paused on the target',
          evidence,
          remedy: `Find out what is wrong with its storage first (a full or lost volume); then let it go on: virtctl unpause vm ${vm.name} -n ${vm.namespace}. Move it only if the storage works from the other node.`,
        }),
      ];
    }
    if (reason === 'PausedByMigrationMonitor' && vm.unfinished.length === 0) {
      return [
        warning(vm, {
          message: 'the guest was paused so that a migration could end, and is paused still, though none is under way',
          evidence,
          remedy: `Let it go on: virtctl unpause vm ${vm.name} -n ${vm.namespace}.`,
        }),
      ];
    }
    return [
      info(vm, {
        message: `the VM is paused (${reason ?? 'no reason given'}); it stays paused when it migrates`,
        evidence,
        remedy: 'Nothing is needed. Unpause it if it should run on the target.',
      }),
    ];
  },
};
