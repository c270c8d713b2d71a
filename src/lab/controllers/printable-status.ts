import type { VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { conditionOf, isTrue } from './conditions.ts';

export interface VmContext {
  /** Ms since the epoch. */
  now: number;
  /** A DataVolume of the VM has failed, or can't be filled. */
  dataVolumeFailed: boolean;
  /** A DataVolume of the VM is being filled. */
  provisioning: boolean;
  /** A claim the VM uses is not bound yet. */
  claimUnbound: boolean;
  startExpected: boolean;
  stopExpected: boolean;
}

type Rule = [
  status: string,
  holds: (vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, context: VmContext) => boolean,
];

/** In KubeVirt's order; the first that holds is the status (facts/kubevirt.md A2, virt-controller setPrintableStatus). */
const rules: Rule[] = [
  ['Terminating', (vm) => vm.metadata.deletionTimestamp !== undefined],
  [
    'Stopping',
    (_vm, vmi, { stopExpected }) =>
      vmi !== undefined && !isFinalVmi(vmi) && (vmi.metadata.deletionTimestamp !== undefined || stopExpected),
  ],
  ['Migrating', (_vm, vmi, { now }) => isMigrating(vmi, now)],
  ['Paused', (_vm, vmi) => vmi?.status?.phase === 'Running' && isTrue(vmi.status.conditions, 'Paused')],
  ['Running', (_vm, vmi) => vmi?.status?.phase === 'Running'],
  [
    'ErrorPvcNotFound',
    (_vm, vmi) => conditionOf(vmi?.status?.conditions, 'Synchronized')?.reason === 'FailedPvcNotFound',
  ],
  ['DataVolumeError', (_vm, _vmi, { dataVolumeFailed }) => dataVolumeFailed],
  [
    'ErrorUnschedulable',
    (_vm, vmi) => {
      const scheduled = conditionOf(vmi?.status?.conditions, 'PodScheduled');
      return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
    },
  ],
  ['Provisioning', (_vm, _vmi, { provisioning }) => provisioning],
  [
    'WaitingForVolumeBinding',
    (_vm, vmi, { claimUnbound, startExpected }) => claimUnbound && (startExpected || vmi !== undefined),
  ],
  ['Starting', (_vm, vmi, { startExpected }) => (vmi === undefined ? startExpected : isStarting(vmi))],
  ['Stopped', (_vm, vmi, { startExpected }) => (vmi === undefined ? !startExpected : isFinalVmi(vmi))],
  [
    'WaitingForReceiver',
    (vm, vmi) =>
      vm.spec.runStrategy === 'WaitAsReceiver' && (vmi === undefined || vmi.status?.phase === 'WaitingForSync'),
  ],
];

/** What `kubectl get vm` shows under STATUS. */
export function printableStatus(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  context: VmContext,
): string {
  return rules.find(([, holds]) => holds(vm, vmi, context))?.[0] ?? 'Unknown';
}

export function isFinalVmi(vmi: VirtualMachineInstance): boolean {
  return vmi.status?.phase === 'Succeeded' || vmi.status?.phase === 'Failed';
}

function isStarting(vmi: VirtualMachineInstance): boolean {
  return ['', 'Pending', 'Scheduling', 'Scheduled'].includes(vmi.status?.phase ?? '');
}

/** A migration has begun to copy and has not ended. Before that, a VM with a waiting migration still shows Running. */
export function isMigrating(vmi: VirtualMachineInstance | undefined, now: number): boolean {
  const state = vmi?.status?.migrationState;
  if (state?.startTimestamp === undefined || Date.parse(state.startTimestamp) > now) return false;
  return state.endTimestamp === undefined || Date.parse(state.endTimestamp) > now;
}
