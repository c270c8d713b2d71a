import { setTimeout as sleep } from 'node:timers/promises';
import { callVmAction, readObject, type VmAction } from '../cluster/object-writer.ts';
import { resources } from '../cluster/resources.ts';
import type { KubeClient } from '../kube/types.ts';
import { exit, FerryError } from '../model/errors.ts';
import { at, type Finding, subjectOf } from '../model/finding.ts';
import type { VirtualMachine, VirtualMachineInstance } from '../model/objects.ts';
import type { Draft, FieldChange, Prepared } from './draft.ts';

/** A VM as it is. */
export interface LifecycleState {
  vm: VirtualMachine;
  vmi: VirtualMachineInstance | undefined;
}

export interface DecidedLifecycle {
  action: VmAction;
  state: LifecycleState;
  draft: Draft;
}

/** How long a VM is given beyond its grace period to do as it is told, ms. */
const PATIENCE = 120_000;
const POLL = 500;
/** KubeVirt's, where the VM does not say (facts/kubevirt.md, cold migration recipe). */
const GRACE_SECONDS = 30;

/** Reads what is decided on. Throws FERRY_E_NOT_FOUND, else the client's KubeError. */
export async function readLifecycle(
  client: KubeClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<LifecycleState> {
  const [vm, vmi] = await Promise.all([
    readObject(client, { resource: resources.virtualMachines, namespace, name }, { signal }),
    readObject(client, { resource: resources.virtualMachineInstances, namespace, name }, { signal }),
  ]);
  if (vm === undefined)
    throw new FerryError('FERRY_E_NOT_FOUND', `there is no VM ${name} in namespace ${namespace}`, 'Check the name.');
  return { vm: vm as VirtualMachine, vmi: vmi as VirtualMachineInstance | undefined };
}

/** Decides on what to do with a VM. Pure. Throws FERRY_E_REFUSED where there is nothing to do, or it would not work. */
export function decideLifecycle(state: LifecycleState, action: VmAction): DecidedLifecycle {
  const { vm, vmi } = state;
  const { namespace = '', name } = vm.metadata;
  const objection = objectionTo(state, action);
  if (objection !== undefined)
    throw new FerryError(
      'FERRY_E_REFUSED',
      `VM ${namespace}/${name} ${objection}; nothing was changed`,
      hintFor(action),
    );
  const isOfVmi = action === 'pause' || action === 'unpause';
  return {
    action,
    state,
    draft: {
      summary: `${action.slice(0, 1).toUpperCase()}${action.slice(1)} VM ${namespace}/${name}.`,
      objects: [
        {
          verb: 'call',
          apiVersion: 'subresources.kubevirt.io/v1',
          object: { kind: isOfVmi ? 'VirtualMachineInstance' : 'VirtualMachine', namespace, name },
          subresource: action,
          fields: fieldsOf(state, action),
        },
      ],
      findings: findingsOf(state, action),
      effect: [effectOf(state, action)],
      premises: {
        [`VM ${namespace}/${name}`]: { uid: vm.metadata.uid ?? null, vmi: running(vmi)?.metadata.uid ?? null },
      },
    },
  };
}

/** The same as a write that can be confirmed. */
export function preparedLifecycle(client: KubeClient, { action, state, draft }: DecidedLifecycle): Prepared {
  const { namespace = '', name } = state.vm.metadata;
  const before = state.vmi?.metadata.uid;
  return {
    draft,
    rehearse: (signal) => callVmAction(client, { namespace, name }, action, { dryRun: true, signal }),
    carryOut: async ({ signal, tell }) => {
      await callVmAction(client, { namespace, name }, action, { signal });
      tell(`${action} of VM ${namespace}/${name} was accepted`);
      const end = Date.now() + PATIENCE + graceOf(state) * 1000;
      for (;;) {
        const now = await readLifecycle(client, namespace, name, signal);
        const details = { phase: now.vmi?.status?.phase ?? null, node: now.vmi?.status?.nodeName ?? null };
        if (isDone(now, action, before))
          return { exit: exit.ok, summary: `VM ${namespace}/${name} ${stateText(now)}.`, details };
        if (Date.now() >= end) {
          const summary = `KubeVirt has taken it, but VM ${namespace}/${name} ${stateText(now)} still; vm_migration_check and its events say why.`;
          return { exit: exit.timeout, summary, details };
        }
        await sleep(POLL, undefined, { signal });
      }
    },
  };
}

function objectionTo({ vmi }: LifecycleState, action: VmAction): string | undefined {
  const now = running(vmi);
  if (action === 'start') return now === undefined ? undefined : 'is running already';
  if (now === undefined) return 'is not running';
  if (action === 'pause' && isPaused(now)) return 'is paused already';
  if (action === 'unpause' && !isPaused(now)) return 'is not paused';
  return undefined;
}

function hintFor(action: VmAction): string {
  return action === 'start'
    ? 'To start it anew, restart it.'
    : 'Look at it with resources_get; start it first if need be.';
}

function running(vmi: VirtualMachineInstance | undefined): VirtualMachineInstance | undefined {
  const phase = vmi?.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' ? undefined : vmi;
}

function isPaused(vmi: VirtualMachineInstance): boolean {
  return vmi.status?.conditions?.some(({ type, status }) => type === 'Paused' && status === 'True') === true;
}

/** What virt-api writes into the VM for it (facts/kubevirt.md I); of some strategies nothing but a request. */
function fieldsOf({ vm: { spec }, vmi }: LifecycleState, action: VmAction): FieldChange[] {
  if (action === 'pause' || action === 'unpause') {
    const now = vmi !== undefined && isPaused(vmi);
    return [{ path: ".status.conditions['Paused']", from: now, to: !now }];
  }
  const strategy = spec.runStrategy ?? (spec.running === true ? 'Always' : 'Halted');
  if (action === 'restart' || strategy === 'Manual' || strategy === 'RerunOnFailure') return [];
  if (spec.running !== undefined) return [{ path: '.spec.running', from: spec.running, to: action === 'start' }];
  return [{ path: '.spec.runStrategy', from: strategy, to: action === 'start' ? 'Always' : 'Halted' }];
}

function findingsOf({ vmi }: LifecycleState, action: VmAction): Finding[] {
  const state = vmi?.status?.migrationState;
  const migrates = state !== undefined && state.completed !== true && state.failed !== true;
  if (vmi === undefined || !migrates || action === 'start') return [];
  const interrupts = action === 'stop' || action === 'restart';
  return [
    {
      check: 'lifecycle/migrating',
      severity: 'warning',
      subject: subjectOf({ kind: 'VirtualMachineInstance', metadata: vmi.metadata }),
      message: `VM ${vmi.metadata.name} is migrating from ${state.sourceNode ?? '?'} to ${state.targetNode ?? '?'}${interrupts ? ', and the migration fails with it' : ''}`,
      evidence: [
        at(
          { kind: 'VirtualMachineInstance', metadata: vmi.metadata },
          '.status.migrationState.migrationUid',
          state.migrationUid,
        ),
      ],
      remedy: 'Wait until it has ended, or cancel it first with vm_migration_cancel.',
    },
  ];
}

function effectOf(state: LifecycleState, action: VmAction): string {
  const node = state.vmi?.status?.nodeName ?? 'its node';
  const grace = graceOf(state);
  switch (action) {
    case 'start':
      return 'The scheduler puts it on a node, and the guest boots.';
    case 'stop':
      return `The guest on ${node} is told to shut down, and is switched off after ${grace} s; it stays off until somebody starts it.`;
    case 'restart':
      return `The guest on ${node} is told to shut down, is switched off after ${grace} s, and boots again, maybe on another node; its memory is lost. A live migration would keep it running.`;
    case 'pause':
      return `The guest on ${node} stands still, with its memory, until it is unpaused; its network connections may break.`;
    default:
      return `The guest on ${node} goes on where it stood still.`;
  }
}

function graceOf({ vm, vmi }: LifecycleState): number {
  return (
    vmi?.spec?.terminationGracePeriodSeconds ?? vm.spec.template?.spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS
  );
}

function isDone({ vmi }: LifecycleState, action: VmAction, before: string | undefined): boolean {
  const now = running(vmi);
  const runs = now?.status?.phase === 'Running';
  switch (action) {
    case 'start':
      return runs;
    case 'stop':
      return now === undefined;
    case 'restart':
      return runs && now.metadata.uid !== before;
    case 'pause':
      return now !== undefined && isPaused(now);
    default:
      return now !== undefined && !isPaused(now);
  }
}

function stateText({ vmi }: LifecycleState): string {
  const now = running(vmi);
  if (now === undefined) return 'is off';
  const where = now.status?.nodeName === undefined ? '' : ` on ${now.status.nodeName}`;
  return isPaused(now) ? `is paused${where}` : `is ${now.status?.phase ?? 'Pending'}${where}`;
}
