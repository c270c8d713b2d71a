import type { EventRecord, LogTail } from '../../model/dossier.ts';
import type {
  KubeObject,
  Node,
  Pod,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { kubeVirt, migration, nodes, type VmOptions, vm } from '../../model/testing/fixtures.ts';
import { ago, event, type Said } from './subjects.ts';

// For tests of causes of migrations: web runs on n1 and has the migration m, created 100 s ago.

export interface Given extends Said {
  /** Of the migration m. */
  phase?: string;
  m?: (object: VirtualMachineInstanceMigration) => void;
  /** migrationState of m, on the VMI, and on m where it has ended. */
  state?: Record<string, unknown>;
  /** Of web. */
  web?: VmOptions;
  vmi?: (object: VirtualMachineInstance) => void;
  /** A target pod, bound to n2 and Pending. */
  pod?: (object: Pod) => void;
  node?: (object: Node, index: number) => void;
  settings?: Record<string, unknown>;
  more?: KubeObject[];
  /** What is asked about; vmim/m. */
  of?: string;
  /** Node count; 3. */
  count?: number;
}

/** A cause's id, what its message says, a case that produces it, and a near miss. */
export type Row = [id: string, message: RegExp, given: Given, miss: Given];

export function objectsOf({
  phase = 'Pending',
  m,
  state,
  web = {},
  vmi,
  pod,
  node,
  settings,
  more = [],
  count = 3,
}: Given): KubeObject[] {
  const final = phase === 'Failed' || phase === 'Succeeded';
  const its = state === undefined ? undefined : { migrationUid: 'uid-m', sourceNode: 'n1', targetNode: 'n2', ...state };
  const object = migration('m', 'web', phase, (draft) => {
    draft.metadata.creationTimestamp = ago(100);
    draft.status = { phase: phase, ...(final && its !== undefined && { migrationState: its }) };
    m?.(draft);
  });
  const { change } = web;
  const own = vm('web', {
    on: 'n1',
    ...web,
    change: (objects) => {
      if (its !== undefined) objects.vmi.status = { ...objects.vmi.status, migrationState: its };
      vmi?.(objects.vmi);
      change?.(objects);
    },
  });
  const rest = nodes(count, node).filter(({ kind }) => kind !== 'KubeVirt');
  return [...rest, kubeVirt(settings), ...own, object, ...(pod === undefined ? [] : [targetPod(pod)]), ...more];
}

export function targetPod(change: (pod: Pod) => void): Pod {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'virt-launcher-web-two',
      namespace: 'vms',
      creationTimestamp: ago(90),
      labels: {
        'kubevirt.io': 'virt-launcher',
        'kubevirt.io/created-by': 'uid-vms-web',
        'kubevirt.io/migrationJobUID': 'uid-m',
      },
    },
    spec: { nodeName: 'n2', containers: [{ name: 'compute' }] },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
  };
  change(pod);
  return pod;
}

export const unschedulable =
  (message: string) =>
  (pod: Pod): void => {
    delete pod.spec?.nodeName;
    pod.status = {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
    };
  };

export const ofVmi = (reason: string, message: string): EventRecord =>
  event('VirtualMachineInstance/web', reason, message);
export const ofMigration = (reason: string, message: string): EventRecord =>
  event('VirtualMachineInstanceMigration/m', reason, message);
export const ofPod = (reason: string, message: string): EventRecord =>
  event('Pod/virt-launcher-web-two', reason, message);

export const isTrue =
  (type: string, message?: string) =>
  (object: VirtualMachineInstanceMigration): void => {
    const condition = { type, status: 'True', ...(message !== undefined && { message }) };
    object.status = { ...object.status, conditions: [condition] };
  };

/** Lines of the source's launcher. */
export const launcher = (...lines: string[]): LogTail => ({
  namespace: 'vms',
  pod: 'virt-launcher-web',
  container: 'compute',
  component: 'virt-launcher',
  lines,
});
export const controllerLog = (...lines: string[]): LogTail => ({
  namespace: 'openshift-cnv',
  pod: 'virt-controller-1',
  container: 'virt-controller',
  component: 'virt-controller',
  lines,
});
export const handler = (...lines: string[]): LogTail => ({
  namespace: 'openshift-cnv',
  pod: 'virt-handler-n1',
  container: 'virt-handler',
  component: 'virt-handler',
  lines,
});

/** A line of the monitor of m: MiB left, Mbit/s sent and written. */
export const sample = (seconds: number, left: number, sent: number, written: number, round: number): string =>
  `Migration info for uid-m: TimeElapsed:${seconds * 1000}ms DataProcessed:10MiB DataRemaining:${left}MiB DataTotal:4096MiB MemoryProcessed:10MiB MemoryRemaining:${left}MiB MemoryTotal:4096MiB MemoryBandwidth:${sent}Mbps DirtyRate:${written}Mbps Iteration:${round} PostcopyRequests:0`;
