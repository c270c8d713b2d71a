import type {
  KubeObject,
  PersistentVolumeClaim,
  VirtualMachine,
  VirtualMachineInstance,
  VmiSpec,
} from '../../model/objects.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { type Condition, isTrue, put, without } from './conditions.ts';
import { dataVolumeFailed, dataVolumeProvisions, ensureDataVolumes } from './data-volumes.ts';
import { plugVolumes } from './hotplug-requests.ts';
import { VIRT_CONTROLLER } from './launcher-pod.ts';
import { liveUpdate } from './live-update.ts';
import { syncAnnotations } from './live-update-annotations.ts';
import { claimOfVolume } from './live-update-volumes.ts';
import { isFinalVmi, printableStatus } from './printable-status.ts';
import { vmiOf } from './vmi-defaults.ts';
import { syncVolumeMigration } from './volume-migration.ts';
import { type Requeue, workqueue } from './workqueue.ts';

export const VM_FINALIZER = 'kubevirt.io/virtualMachineControllerFinalize';

/** spec.runStrategy, or what the deprecated spec.running means. */
export function runStrategyOf(vm: VirtualMachine): string {
  return vm.spec.runStrategy ?? (vm.spec.running === true ? 'Always' : 'Halted');
}

/** virt-controller's VM controller: a VM's VMI, its status, and what of its template takes effect without a restart. */
export function virtVm(cluster: Cluster): Controller {
  const { store, events } = cluster;
  const random = cluster.random.fork('virt-vm');
  const queue = workqueue(cluster, 'virt-vm', { from: 15, to: 60 }, reconcile, [
    cluster.virtController,
    cluster.virtApi,
  ]);
  /** The template each VM's guest was started with, by the VM's UID. */
  const startedWith = new Map<string, VmiSpec>();

  function reconcile(key: string): Requeue | undefined {
    const vm = byKey<VirtualMachine>(cluster, resources.vms, key);
    if (vm === undefined) return undefined;
    if (vm.metadata.deletionTimestamp === undefined && !vm.metadata.finalizers?.includes(VM_FINALIZER)) {
      modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
        draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), VM_FINALIZER];
      });
    }
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, key);
    sync(vm, vmi);
    updateStatus(vm);
    return undefined;
  }

  function sync(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): void {
    if (vm.metadata.deletionTimestamp !== undefined) {
      if (vmi !== undefined) stop(vm, vmi);
      else {
        modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
          draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((name) => name !== VM_FINALIZER);
        });
        startedWith.delete(vm.metadata.uid ?? '');
      }
      return;
    }
    // A VM that shall not run is not kept waiting by its DataVolumes (vm.go sync).
    if (!ensureDataVolumes(cluster, vm) && runStrategyOf(vm) !== 'Halted') return;
    plugVolumes(cluster, vm, vmi);
    const requests = vm.status?.stateChangeRequests ?? [];
    const first = requests[0];
    if (first?.action === 'Stop' && vmi !== undefined && (first.uid === undefined || first.uid === vmi.metadata.uid)) {
      stop(vm, vmi);
      return;
    }
    if (vmi === undefined) {
      if (startExpected(vm)) start(vm);
      return;
    }
    if (stopExpected(vm, vmi)) stop(vm, vmi);
    else if (vmi.metadata.deletionTimestamp === undefined) update(vm, vmi);
  }

  function remember({ metadata, spec }: VirtualMachine): void {
    if (spec.template.spec !== undefined) startedWith.set(metadata.uid ?? '', spec.template.spec);
  }

  function start(vm: VirtualMachine): void {
    if (isTrue(vm.status?.conditions, 'ManualRecoveryRequired')) return;
    const vmi = store.create(resources.vmis, vmiOf(cluster, vm, random));
    remember(vm);
    events.normal(
      vm,
      VIRT_CONTROLLER,
      'SuccessfulCreate',
      `Started the virtual machine by creating the new virtual machine instance ${vmi.metadata.name}`,
    );
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      draft.status = { ...draft.status, conditions: without(draft.status?.conditions, 'RestartRequired') };
      const left = (draft.status.stateChangeRequests ?? []).filter(({ action }) => action !== 'Start');
      delete draft.status.stateChangeRequests;
      if (left.length > 0) draft.status.stateChangeRequests = left;
    });
  }

  function stop(vm: VirtualMachine, vmi: VirtualMachineInstance): void {
    if (vmi.metadata.deletionTimestamp === undefined) {
      remove(cluster, resources.vmis, vmi);
      events.normal(
        vm,
        VIRT_CONTROLLER,
        'SuccessfulDelete',
        `Stopped the virtual machine by deleting the virtual machine instance ${vmi.metadata.uid}`,
      );
    }
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      const requests = draft.status?.stateChangeRequests;
      if (requests?.[0]?.action !== 'Stop') return;
      const left = requests.slice(1);
      delete draft.status?.stateChangeRequests;
      if (left.length > 0) draft.status = { ...draft.status, stateChangeRequests: left };
    });
  }

  /** What of the template a running guest takes up, and what virt-controller says about the rest. */
  function update(vm: VirtualMachine, vmi: VirtualMachineInstance): void {
    syncAnnotations(cluster, vm, vmi);
    const outcome = liveUpdate(cluster, vm, vmi, startedWith.get(vm.metadata.uid ?? ''));
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      const time = { lastProbeTime: null, lastTransitionTime: now(cluster) };
      const { restartRequired: message, failure, migratedVolumes } = outcome;
      let conditions = draft.status?.conditions;
      conditions =
        message === undefined
          ? without(conditions, 'RestartRequired')
          : put(conditions, { type: 'RestartRequired', status: 'True', message, ...time });
      conditions =
        failure === undefined
          ? without(conditions, 'Failure')
          : put(conditions, { type: 'Failure', status: 'True', ...failure, ...time });
      draft.status = { ...draft.status, conditions };
      if (migratedVolumes !== undefined) {
        draft.status.volumeUpdateState = { volumeMigrationState: { migratedVolumes } };
      }
    });
  }

  function updateStatus(stale: VirtualMachine): void {
    const vm = byKey<VirtualMachine>(cluster, resources.vms, keyOf(stale));
    if (vm === undefined || vm.metadata.uid !== stale.metadata.uid) return;
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, keyOf(vm));
    const status = printableStatus(vm, vmi, {
      now: cluster.clock.now(),
      dataVolumeFailed: dataVolumeFailed(cluster, vm),
      provisioning: dataVolumeProvisions(cluster, vm),
      claimUnbound: claimUnbound(vm),
      startExpected: startExpected(vm),
      stopExpected: vmi !== undefined && stopExpected(vm, vmi),
    });
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      const before = draft.status;
      draft.status = vmStatus(cluster, draft, vmi, status);
      syncVolumeMigration(cluster, draft, vmi, before);
    });
  }

  function claimUnbound({ metadata, spec }: VirtualMachine): boolean {
    return (spec.template.spec?.volumes ?? []).some((volume) => {
      const name = claimOfVolume(volume);
      const claim = store.get<PersistentVolumeClaim>(resources.claims, metadata.namespace, name ?? '');
      return claim !== undefined && claim.status?.phase !== 'Bound';
    });
  }

  /** VMs that wait for a claim or DataVolume: those that do not run yet, and those that are to be moved to it. */
  function wakeUsersOf({ metadata: { name, namespace = '' } }: KubeObject): void {
    for (const vm of store.list<VirtualMachine>(resources.vms, namespace)) {
      const uses =
        (vm.spec.template.spec?.volumes ?? []).some((volume) => claimOfVolume(volume) === name) ||
        vm.spec.dataVolumeTemplates?.some(({ metadata }) => metadata?.name === name) === true;
      if (uses) queue.add(keyOf(vm));
    }
  }

  return {
    start: () => {
      for (const vm of store.values<VirtualMachine>(resources.vms)) {
        if (vm.status?.printableStatus === undefined) queue.add(keyOf(vm));
      }
      store.subscribe((event) => {
        if (event.resource === resources.vms) {
          const before = event.previous as VirtualMachine | undefined;
          const vm = event.object as VirtualMachine;
          const uid = vm.metadata.uid ?? '';
          if (before !== undefined && !startedWith.has(uid) && before.status?.created === true) {
            remember(before);
          }
          if (event.type !== 'DELETED') queue.add(keyOf(vm));
        } else if (event.resource === resources.vmis) queue.add(keyOf(event.object));
        else if (event.resource === resources.dataVolumes || event.resource === resources.claims)
          wakeUsersOf(event.object);
      });
    },
  };
}

/** status of a VM, from its VMI; conditions of the VMI are copied up. */
export function vmStatus(
  cluster: Pick<Cluster, 'clock'>,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  printable: string,
): NonNullable<VirtualMachine['status']> {
  const own = ((vm.status?.conditions ?? []) as unknown as Condition[]).filter(({ type }) =>
    ['RestartRequired', 'Failure', 'ManualRecoveryRequired'].includes(type),
  );
  const copied: Condition[] =
    vmi === undefined
      ? [
          {
            type: 'Ready',
            status: 'False',
            reason: 'VMINotExists',
            message: 'VMI does not exist',
            lastProbeTime: null,
            lastTransitionTime:
              ((vm.status?.conditions ?? []) as unknown as Condition[]).find(
                ({ type, reason }) => type === 'Ready' && reason === 'VMINotExists',
              )?.lastTransitionTime ?? new Date(cluster.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
          },
        ]
      : (vmi.status?.conditions ?? []);
  const status = {
    ...vm.status,
    conditions: [...copied, ...own] as unknown as NonNullable<NonNullable<VirtualMachine['status']>['conditions']>,
    printableStatus: printable,
    observedGeneration: vm.metadata.generation ?? 1,
    desiredGeneration: vm.metadata.generation ?? 1,
    runStrategy: runStrategyOf(vm) as NonNullable<VirtualMachine['status']>['runStrategy'],
  } as NonNullable<VirtualMachine['status']>;
  delete status.created;
  delete status.ready;
  if (vmi !== undefined) {
    status.created = true;
    if (copied.some(({ type, status: value }) => type === 'Ready' && value === 'True')) status.ready = true;
  }
  return status;
}

function startExpected(vm: VirtualMachine): boolean {
  if (vm.metadata.deletionTimestamp !== undefined) return false;
  switch (runStrategyOf(vm)) {
    case 'Always':
    case 'RerunOnFailure':
    case 'WaitAsReceiver':
      return true;
    case 'Once':
      return vm.status?.runStrategy !== 'Once' || vm.status.created === true;
    case 'Manual':
      return vm.status?.stateChangeRequests?.some(({ action }) => action === 'Start') ?? false;
    default:
      return false;
  }
}

function stopExpected(vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  const final = isFinalVmi(vmi);
  switch (runStrategyOf(vm)) {
    case 'Halted':
      return true;
    case 'Always':
      return final;
    case 'RerunOnFailure':
      return vmi.status?.phase === 'Failed';
    default:
      return false;
  }
}
