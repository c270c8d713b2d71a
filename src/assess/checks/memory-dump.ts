import { at, type Check, type Draft, warning } from '../check.ts';

const BUSY = new Set(['Associating', 'InProgress', 'Unmounting', 'Dissociating']);

/** QEMU writes a dump or migrates, not both. */
export const memoryDump: Check = {
  id: 'vm/memory-dump',
  title: "No dump of the VM's memory is being written",
  source: 'facts/kubevirt.md E (memory dump)',
  needs: ['virtualMachines'],
  run(vm): Draft[] {
    const request = vm.vm?.status?.memoryDumpRequest;
    if (vm.vm === undefined || request === undefined || !vm.running || !BUSY.has(request.phase)) return [];
    return [
      warning(vm, {
        message: `its memory is being dumped to claim ${request.claimName} (${request.phase}): a migration now would fail, or spoil the dump`,
        evidence: at(vm.vm, '.status.memoryDumpRequest.phase', request.phase),
        remedy: `Wait until the dump is Completed. If it hangs, give it up: virtctl memory-dump remove ${vm.name} -n ${vm.namespace}.`,
      }),
    ];
  },
};
