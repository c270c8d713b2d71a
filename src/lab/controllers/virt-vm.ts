import type { PersistentVolumeClaim, VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { type Condition, put, without } from './conditions.ts';
import { claimsOf, VIRT_CONTROLLER } from './launcher-pod.ts';
import { isFinalVmi, printableStatus } from './printable-status.ts';
import { vmiOf } from './vmi-defaults.ts';
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
  const queue = workqueue(cluster, 'virt-vm', { from: 15, to: 60 }, reconcile);
  /** The template each VM's guest was started with, by the VM's UID. */
  const startedWith = new Map<string, string>();

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
    else if (vmi.metadata.deletionTimestamp === undefined) liveUpdate(vm, vmi);
  }

  function start(vm: VirtualMachine): void {
    const vmi = store.create(resources.vmis, vmiOf(cluster, vm, random));
    startedWith.set(vm.metadata.uid ?? '', fixedPart(vm));
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

  /** Node selector, affinity and tolerations reach a running VMI, and move nothing by themselves (facts/kubevirt.md K). */
  function liveUpdate(vm: VirtualMachine, vmi: VirtualMachineInstance): void {
    const before = startedWith.get(vm.metadata.uid ?? '');
    const restart = before !== undefined && before !== fixedPart(vm);
    const had = vm.status?.conditions?.some(({ type }) => type === 'RestartRequired') ?? false;
    if (restart !== had) {
      modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
        const conditions = restart
          ? put(draft.status?.conditions, {
              type: 'RestartRequired',
              status: 'True',
              message: 'a non-live-updatable field was changed in the template spec',
              lastProbeTime: null,
              lastTransitionTime: now(cluster),
            })
          : without(draft.status?.conditions, 'RestartRequired');
        draft.status = { ...draft.status, conditions };
      });
    }
    const template = vm.spec.template;
    const annotations = template.metadata?.annotations ?? {};
    const migrating = vmi.status?.migrationState !== undefined && vmi.status.migrationState.completed !== true;
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      const kept = Object.entries(draft.metadata.annotations ?? {}).filter(
        ([key]) => !key.startsWith('lab.ferry.run/'),
      );
      const lab = Object.entries(annotations).filter(([key]) => key.startsWith('lab.ferry.run/'));
      draft.metadata.annotations = { ...Object.fromEntries(kept), ...Object.fromEntries(lab) };
      // "Node affinity should not be changed during VMI migration": it is taken up when the migration is over.
      if (restart || migrating) return;
      for (const field of ['nodeSelector', 'affinity', 'tolerations'] as const) {
        const wanted = template.spec?.[field];
        if (JSON.stringify(wanted) === JSON.stringify(draft.spec[field])) continue;
        if (wanted === undefined) delete draft.spec[field];
        else Object.assign(draft.spec, { [field]: structuredClone(wanted) });
      }
    });
  }

  function updateStatus(stale: VirtualMachine): void {
    const vm = byKey<VirtualMachine>(cluster, resources.vms, keyOf(stale));
    if (vm === undefined || vm.metadata.uid !== stale.metadata.uid) return;
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, keyOf(vm));
    const claims = claimsOf({ spec: vm.spec.template.spec as VirtualMachineInstance['spec'] }).map(({ claimName }) =>
      store.get<PersistentVolumeClaim>(resources.claims, vm.metadata.namespace, claimName),
    );
    const status = printableStatus(vm, vmi, {
      now: cluster.clock.now(),
      claimMissing: claims.includes(undefined),
      claimUnbound: claims.some((claim) => claim !== undefined && claim.status?.phase !== 'Bound'),
      startExpected: startExpected(vm),
      stopExpected: vmi !== undefined && stopExpected(vm, vmi),
    });
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      draft.status = vmStatus(cluster, draft, vmi, status);
    });
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
            startedWith.set(uid, fixedPart(before));
          }
          if (event.type !== 'DELETED') queue.add(keyOf(vm));
        } else if (event.resource === resources.vmis) queue.add(keyOf(event.object));
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

/** The part of a template that a running guest can't take up. */
function fixedPart(vm: VirtualMachine): string {
  const {
    nodeSelector: _nodeSelector,
    affinity: _affinity,
    tolerations: _tolerations,
    ...fixed
  } = vm.spec.template.spec ?? {};
  return JSON.stringify(fixed);
}
