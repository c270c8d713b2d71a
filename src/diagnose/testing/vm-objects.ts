import type { KubeObject, Node, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { migration, node, nodes, type VmOptions, vm } from '../../model/testing/fixtures.ts';
import { ago, type Said } from './subjects.ts';

// Each cause: a case that produces it, what its message says, and a near miss that must not.

export interface Given extends Said {
  /** web's options; it runs on n1. */
  web?: VmOptions;
  /** Of n1. */
  n1?: (node: Node) => void;
  more?: KubeObject[];
  /** What is asked about; vm/web. */
  of?: string;
}

export function objectsOf({ web = {}, n1, more = [] }: Given): KubeObject[] {
  const rest = nodes(3).filter(({ kind, metadata }) => kind !== 'Node' || metadata.name !== 'n1');
  return [node('n1', n1), ...rest, ...vm('web', { on: 'n1', ...web }), ...more];
}

export const cordoned = (object: Node): void => {
  object.spec = {
    unschedulable: true,
    taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: ago(3000) }],
  };
};

export const change = (edit: (vmi: VirtualMachineInstance) => void): VmOptions => ({ change: ({ vmi }) => edit(vmi) });

export const condition = (type: string, status: string, reason?: string, message?: string) =>
  ({ type, status, ...(reason && { reason }), ...(message && { message }) }) as never;

export const notMigratable = (vmi: VirtualMachineInstance): void => {
  vmi.status = {
    ...vmi.status,
    conditions: [condition('LiveMigratable', 'False', 'DisksNotLiveMigratable', 'PVC root is not shared')],
  };
};

export const marked = (by: string) => change((vmi) => (vmi.status = { ...vmi.status, evacuationNodeName: by }));

/** web moved from n2 to n1 so many seconds ago. */
export function moved(
  name: string,
  seconds: number,
  annotations: Record<string, string> = {},
  edit: (object: VirtualMachineInstanceMigration) => void = () => undefined,
): VirtualMachineInstanceMigration {
  return migration(name, 'web', 'Succeeded', (object) => {
    object.metadata.creationTimestamp = ago(seconds + 30);
    object.metadata.annotations = annotations;
    object.status = {
      phase: 'Succeeded',
      migrationState: {
        migrationUid: object.metadata.uid ?? '',
        sourceNode: 'n2',
        targetNode: 'n1',
        startTimestamp: ago(seconds + 20),
        endTimestamp: ago(seconds),
        completed: true,
      },
    };
    edit(object);
  });
}

export const outdated = (edit: (vmi: VirtualMachineInstance) => void = () => undefined) =>
  change((vmi) => {
    vmi.metadata.labels = { 'kubevirt.io/outdatedLauncherImage': '' };
    edit(vmi);
  });
