import { at as atField } from '../../model/finding.ts';
import { conditionOf } from '../../model/vm.ts';
import { type Cause } from '../cause.ts';

/** KubeVirt refuses every migration of a VM that is not LiveMigratable, and names one reason (facts/kubevirt.md A4, B1; pain 3). */
export const notMigratable: Cause = {
  id: 'admission/not-migratable',
  title: 'The VM cannot be migrated',
  source: 'facts/kubevirt.md A4, B1; facts/anchors.md 2 pain 3, 6 row 14',
  needs: ['virtualMachineInstances'],
  vm({ vm, vmi }) {
    const condition = conditionOf(vm, 'LiveMigratable');
    if (vmi === undefined || condition?.status !== 'False' || !vm.running) return undefined;
    // One that was admitted has more to tell.
    if (vm.unfinished.length > 0) return undefined;
    return {
      confidence: 'certain',
      message: `KubeVirt refuses every migration of ${vm.name} (${condition.reason ?? 'no reason given'}): ${condition.message ?? ''}`,
      evidence: [
        atField(vmi, '.status.conditions[type=LiveMigratable].status', condition.status),
        atField(vmi, '.status.conditions[type=LiveMigratable].reason', condition.reason),
        atField(vmi, '.status.conditions[type=LiveMigratable].message', condition.message),
      ],
      remedies: [
        `KubeVirt names the first reason only. See all of them, each with its fix: ferry check -n ${vm.namespace} ${vm.name} --explain.`,
        'Until they are fixed, the VM moves cold (a restart), where storage and devices allow it: virtctl restart VM.',
      ],
    };
  },
  texts: [
    /Cannot migrate VMI, Reason: /,
    /cannot migrate VMI: PVC \S+ is not shared/,
    /Unable to determine if PVC \S+ is shared/,
    /cannot migrate VMI with non-shared HostDisk/,
    /cannot migrate VMI which does not use masquerade/,
    /(?:Disks|Interface|VirtIOFS|HostDevice|SEV|TDX|SecureExecution|PersistentReservation|NoTSCFrequency|HypervPassthrough|Hotplug)NotLiveMigratable|CPUModeLiveMigratable/,
    /VirtualMachineInstance is not migrateable/,
    /EvictionStrategy is set but vmi is not migratable/,
  ],
  meaning: {
    message: 'KubeVirt refuses to migrate this VM, and names the first reason it finds; there may be more.',
    remedies: ['See all reasons, each with its fix: ferry check VM --explain.'],
  },
};
