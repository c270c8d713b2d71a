import type { VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { Subresource, SubresourceRequest, SubresourceResponse } from '../api/extension.ts';
import { ApiError, badRequest, byWebhook, conflict, internalError, notFound } from '../api/status.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { isTrue, put, without } from './conditions.ts';
import { MIGRATION_CREATE_VALIDATOR, validateNewMigration } from './migration-admission.ts';
import { newMigration } from './new-migration.ts';
import { isFinalVmi } from './printable-status.ts';
import { runStrategyOf } from './virt-vm.ts';

const VM = 'virtualmachine.kubevirt.io';
const VMI = 'virtualmachineinstance.kubevirt.io';
/** What start and restart say while the volumes of a VM are nobody knows where (facts/kubevirt.md E). */
const RECOVERY =
  'VM recovery required: Volume migration failed, leaving some volumes pointing to non-consistent targets; manual intervention is needed to reassign them to their original volumes.';
const ACCEPTED: SubresourceResponse = { status: 202 };

interface Options {
  dryRun?: string[];
  gracePeriod?: number;
  gracePeriodSeconds?: number;
  paused?: boolean;
  addedNodeSelector?: Record<string, string>;
}

function optionsOf({ body }: SubresourceRequest): Options {
  return body ?? {};
}

function isDryRun(request: SubresourceRequest): boolean {
  return (optionsOf(request).dryRun ?? []).includes('All') || request.query.get('dryRun') === 'All';
}

/** subresources.kubevirt.io on VMs and VMIs: what virtctl and the console call (facts/kubevirt.md I). */
export function lifecycleSubresources(cluster: Cluster): Subresource[] {
  const { store } = cluster;
  const vmOf = ({ namespace, name }: SubresourceRequest): VirtualMachine => {
    const vm = store.get<VirtualMachine>(resources.vms, namespace, name);
    if (vm === undefined) throw notFound(VM, name);
    return vm;
  };
  const vmiOf = ({ namespace, name }: SubresourceRequest): VirtualMachineInstance | undefined =>
    store.get<VirtualMachineInstance>(resources.vmis, namespace, name);

  function setRunStrategy(vm: VirtualMachine, strategy: 'Always' | 'Halted'): void {
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      if (draft.spec.running !== undefined) draft.spec.running = strategy === 'Always';
      else draft.spec.runStrategy = strategy;
    });
  }

  function request(vm: VirtualMachine, requests: { action: 'Start' | 'Stop'; uid?: string }[]): void {
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      draft.status = { ...draft.status, stateChangeRequests: requests };
    });
  }

  function start(call: SubresourceRequest): SubresourceResponse {
    const vm = vmOf(call);
    const vmi = vmiOf(call);
    if (vmi !== undefined && !isFinalVmi(vmi)) throw conflict(VM, call.name, 'VM is already running');
    if (isTrue(vm.status?.conditions, 'ManualRecoveryRequired')) throw conflict(VM, call.name, RECOVERY);
    const strategy = runStrategyOf(vm);
    if (strategy === 'Always' || strategy === 'Once') {
      throw conflict(VM, call.name, `${strategy} does not support manual start requests`);
    }
    if (strategy === 'RerunOnFailure' && vmi?.status?.phase === 'Failed') {
      throw conflict(VM, call.name, `${strategy} does not support starting VM from failed state`);
    }
    if (isDryRun(call)) return ACCEPTED;
    if (strategy === 'Halted') setRunStrategy(vm, 'Always');
    else
      request(vm, [
        ...(vmi === undefined ? [] : [{ action: 'Stop' as const, uid: vmi.metadata.uid ?? '' }]),
        { action: 'Start' },
      ]);
    return ACCEPTED;
  }

  function stop(call: SubresourceRequest): SubresourceResponse {
    const vm = vmOf(call);
    const vmi = vmiOf(call);
    const strategy = runStrategyOf(vm);
    if (strategy === 'Halted') {
      const shorter = vmi !== undefined && optionsOf(call).gracePeriod !== undefined;
      if (vmi === undefined || isFinalVmi(vmi)) throw conflict(VM, call.name, 'VM is not running');
      if (!shorter)
        throw conflict(VM, call.name, 'Halted only supports manual stop requests with a shorter graceperiod');
    }
    if (vmi === undefined || isFinalVmi(vmi)) {
      if (strategy === 'Manual' || strategy === 'RerunOnFailure') throw conflict(VM, call.name, 'VM is not running');
    }
    if (isDryRun(call)) return ACCEPTED;
    if (strategy === 'Manual' || strategy === 'RerunOnFailure') {
      request(vm, [{ action: 'Stop', uid: vmi?.metadata.uid ?? '' }]);
    } else setRunStrategy(vm, 'Halted');
    return ACCEPTED;
  }

  function restart(call: SubresourceRequest): SubresourceResponse {
    const vm = vmOf(call);
    const vmi = vmiOf(call);
    const strategy = runStrategyOf(vm);
    const grace = optionsOf(call).gracePeriodSeconds;
    if (grace !== undefined && grace !== 0) {
      throw badRequest('For force restart, only gracePeriod=0 is supported for now');
    }
    if (isTrue(vm.status?.conditions, 'VolumesChange')) throw conflict(VM, call.name, RECOVERY);
    if (strategy === 'Halted' || strategy === 'Once') {
      throw conflict(VM, call.name, `RunStategy ${strategy} does not support manual restart requests`);
    }
    if (vmi === undefined) throw conflict(VM, call.name, 'VM is not running: Halted');
    if (!isDryRun(call)) request(vm, [{ action: 'Stop', uid: vmi.metadata.uid ?? '' }, { action: 'Start' }]);
    return ACCEPTED;
  }

  function migrate(call: SubresourceRequest): SubresourceResponse {
    vmOf(call);
    const vmi = vmiOf(call);
    if (vmi === undefined) throw notFound(VMI, call.name);
    if (vmi.status?.phase !== 'Running') throw conflict(VM, call.name, 'VM is not running');
    const { addedNodeSelector } = optionsOf(call);
    try {
      const migration = { spec: { vmiName: call.name } } as unknown as VirtualMachineInstanceMigration;
      validateNewMigration(cluster, migration, call.namespace ?? '');
    } catch (error) {
      // Through this door the webhook's denial comes as a 500 that quotes it (recordings, Admission).
      if (error instanceof ApiError) throw internalError(byWebhook(MIGRATION_CREATE_VALIDATOR, error).message);
      throw error;
    }
    if (!isDryRun(call)) {
      newMigration(cluster, vmi, {
        generateName: 'kubevirt-migrate-vm-',
        ...(addedNodeSelector === undefined ? {} : { addedNodeSelector }),
      });
    }
    return ACCEPTED;
  }

  function pause(call: SubresourceRequest, wanted: boolean): SubresourceResponse {
    const vmi = vmiOf(call);
    if (vmi === undefined) throw notFound(VMI, call.name);
    if (vmi.status?.phase !== 'Running') throw conflict(VMI, call.name, 'VM is not running');
    const paused = isTrue(vmi.status.conditions, 'Paused');
    if (paused === wanted) throw conflict(VMI, call.name, wanted ? 'VMI is already paused' : 'VMI is not paused');
    if (isDryRun(call)) return { status: 200 };
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      const conditions = wanted
        ? put(draft.status?.conditions, {
            type: 'Paused',
            status: 'True',
            reason: 'PausedByUser',
            message: 'VMI was paused by user',
            lastProbeTime: now(cluster),
            lastTransitionTime: now(cluster),
          })
        : without(draft.status?.conditions, 'Paused');
      draft.status = { ...draft.status, conditions };
    });
    return { status: 200 };
  }

  const put_ = (resource: string, subresource: string, handle: Subresource['handle']): Subresource => ({
    resource,
    subresource,
    methods: ['PUT'],
    untyped: true,
    handle,
  });
  const vms = 'virtualmachines.subresources.kubevirt.io';
  const vmis = 'virtualmachineinstances.subresources.kubevirt.io';
  return [
    put_(vms, 'start', start),
    put_(vms, 'stop', stop),
    put_(vms, 'restart', restart),
    put_(vms, 'migrate', migrate),
    put_(vmis, 'pause', (call) => pause(call, true)),
    put_(vmis, 'unpause', (call) => pause(call, false)),
  ];
}
