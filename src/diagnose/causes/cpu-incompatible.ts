import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { failureSaying, lineSaying } from '../said.ts';
import { LOST } from './connection-lost.ts';

const CPU =
  /guest CPU doesn't match specification[^']*|[Gg]uest and host CPU are not compatible[^']*|host doesn't support requested feature[^']*|the CPU is incompatible with host CPU[^']*|missing features: [\w,. -]+/;

/** libvirt finds that the target's CPU is not the one the guest runs on (facts/kubevirt.md E, host-passthrough). */
export const cpuIncompatible: Cause = {
  id: 'libvirt/cpu',
  title: 'The CPU of the target does not fit the guest',
  source: 'facts/kubevirt.md D2, E',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    // The source says that the connection was lost; why, only the log of the target's launcher says.
    const lost = failureSaying(each, LOST);
    const said = failureSaying(each, CPU) ?? (lost && lineSaying(each.logs, CPU, 'virt-launcher'));
    if (said === undefined) return undefined;
    const { vmi } = each;
    const model = vmi?.spec.domain.cpu?.model;
    const passed = model === 'host-passthrough';
    return {
      confidence: 'certain',
      message: `node ${each.targetNode ?? ''} has another CPU than the guest was started on${passed ? '; with cpu.model host-passthrough KubeVirt does not look whether it fits' : ''}`,
      evidence: [
        said.evidence,
        ...(vmi === undefined || model === undefined ? [] : [atField(vmi, '.spec.domain.cpu.model', model)]),
      ],
      remedies: [
        'Move it to a node with the same CPU: ferry check VM, then ferry move VM --to NODE.',
        'Give the VM a named CPU model that all nodes have, and restart it once.',
      ],
    };
  },
  texts: [CPU],
  meaning: {
    message:
      'libvirt on the target refuses the guest, because the CPU there lacks something the guest was started with.',
    remedies: [
      'Move it to a node with the same CPU: ferry check VM.',
      'Give the VM a named CPU model that all nodes have.',
    ],
  },
};
