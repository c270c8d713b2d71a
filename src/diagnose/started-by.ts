import type { EventRecord } from '../model/dossier.ts';
import { drainTaintKey } from '../model/eviction.ts';
import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import { keyOf } from '../model/memo.ts';
import { type NodeView, nodesOf } from '../model/nodes.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { VmCase } from './case.ts';
import { atEvent } from './cause.ts';

/** What made KubeVirt create a migration by itself. */
export interface Trigger {
  what:
    | 'descheduler'
    | 'machine-config'
    | 'cluster-autoscaler'
    | 'drain-taint'
    | 'drain'
    | 'eviction'
    | 'upgrade'
    | 'live-update'
    | 'update';
  /** What it did, after "because". */
  because: string;
  evidence: Evidence[];
}

/** How long after a cordon or an eviction its migrations may come, and how far apart those of one upgrade are, ms. */
const SOON = 30 * 60_000;

const WORKLOAD_UPDATE = 'kubevirt.io/workloadUpdateMigration';
const EVACUATION = 'kubevirt.io/evacuationMigration';
const MACHINE_CONFIG = 'machineconfiguration.openshift.io/';

/** What emptied the node that a VM was evacuated from, by what the node and the events still show; undefined for migrations of another kind. */
export function evacuationTrigger(each: VmCase, migration: VirtualMachineInstanceMigration): Trigger | undefined {
  const name = migration.metadata.annotations?.[EVACUATION];
  if (name === undefined) return undefined;
  const created = createdAt(migration);
  const node = nodesOf(each.snapshot).get(name);
  return (
    byDescheduler(each, migration, created) ??
    (node && (byMachineConfig(each, node, created) ?? byAutoscaler(node))) ??
    (node && (byDrainTaint(each, node) ?? byCordon(each, node, created))) ?? {
      what: 'eviction',
      because: `its pod on ${name} was evicted: by kubectl drain, the console or a program`,
      evidence: [atField(migration, `.metadata.annotations["${EVACUATION}"]`, name)],
    }
  );
}

function byDescheduler(each: VmCase, migration: VirtualMachineInstanceMigration, created: number): Trigger | undefined {
  const because = 'the descheduler evicted it, to balance the nodes';
  const said = each.events.find(
    ({ component, message, ...event }) =>
      (component.includes('descheduler') || message.includes('sigs.k8s.io/descheduler')) && isSoon(event, created),
  );
  if (said !== undefined) return { what: 'descheduler', because, evidence: [atEvent(said)] };
  // Evacuations that nobody urges on are the descheduler's (facts/kubevirt.md C1).
  if (migration.spec.priority === 'system-maintenance') {
    return {
      what: 'descheduler',
      because,
      evidence: [atField(migration, '.spec.priority', migration.spec.priority)],
    };
  }
  const source = each.vmi?.metadata.annotations?.['kubevirt.io/eviction-source'];
  // It is removed when the VM has moved: it is about the migration that is still to end.
  if (source !== 'descheduler' || each.vmi === undefined || migration.status?.phase === 'Succeeded') return undefined;
  return {
    what: 'descheduler',
    because,
    evidence: [atField(each.vmi, '.metadata.annotations["kubevirt.io/eviction-source"]', source)],
  };
}

/** OpenShift's Machine Config Operator cordons and drains a node before it changes its system (annotations of the node). */
function byMachineConfig({ events }: VmCase, node: NodeView, created: number): Trigger | undefined {
  const because = `OpenShift's Machine Config Operator drained ${node.name}, to update its system`;
  const said = events.find(
    ({ about, component, reason, ...event }) =>
      about.kind === 'Node' &&
      about.name === node.name &&
      component.startsWith('machineconfig') &&
      (reason === 'Drain' || reason === 'Cordon') &&
      isSoon(event, created),
  );
  if (said !== undefined) return { what: 'machine-config', because, evidence: [atEvent(said)] };
  const state = node.object.metadata.annotations?.[`${MACHINE_CONFIG}state`];
  if (state === undefined || state === 'Done') return undefined;
  return {
    what: 'machine-config',
    because,
    evidence: [atField(node.object, `.metadata.annotations["${MACHINE_CONFIG}state"]`, state)],
  };
}

function byAutoscaler(node: NodeView): Trigger | undefined {
  const taint = node.taints.find(({ key }) => key === 'ToBeDeletedByClusterAutoscaler');
  if (taint === undefined) return undefined;
  return {
    what: 'cluster-autoscaler',
    because: `the cluster autoscaler is removing node ${node.name}`,
    evidence: [atField(node.object, `.spec.taints[key=${taint.key}].effect`, taint.effect)],
  };
}

function byDrainTaint({ snapshot }: VmCase, node: NodeView): Trigger | undefined {
  const taint = node.taints.find(({ key, effect }) => key === drainTaintKey(snapshot) && effect === 'NoSchedule');
  if (taint === undefined) return undefined;
  return {
    what: 'drain-taint',
    because: `somebody put the taint ${taint.key} on ${node.name}, which KubeVirt empties then`,
    evidence: [atField(node.object, `.spec.taints[key=${taint.key}].effect`, taint.effect)],
  };
}

function byCordon({ events }: VmCase, node: NodeView, created: number): Trigger | undefined {
  const because = `${node.name} was cordoned and drained`;
  const said = events.find(
    ({ about, reason, ...event }) =>
      about.kind === 'Node' && about.name === node.name && reason === 'NodeNotSchedulable' && isSoon(event, created),
  );
  if (said !== undefined) return { what: 'drain', because, evidence: [atEvent(said)] };
  if (!node.cordoned) return undefined;
  const since = cordonedSince(node);
  // A cordon that came later tells nothing about it.
  if (since !== undefined && since > created) return undefined;
  return { what: 'drain', because, evidence: [atField(node.object, '.spec.unschedulable', true)] };
}

/** When a node was cordoned, by the taint that Kubernetes adds then. Ms since the epoch. */
export function cordonedSince(node: NodeView): number | undefined {
  const taint = node.object.spec?.taints?.find(({ key }) => key === 'node.kubernetes.io/unschedulable');
  return taint?.timeAdded === undefined ? undefined : Date.parse(taint.timeAdded);
}

/** Why the workload updater moved it; undefined for migrations of another kind. */
export function updateTrigger(each: VmCase, migration: VirtualMachineInstanceMigration): Trigger | undefined {
  if (migration.metadata.annotations?.[WORKLOAD_UPDATE] === undefined) return undefined;
  const { vmi, snapshot } = each;
  const upgrade = (evidence: Evidence[]): Trigger => ({
    what: 'upgrade',
    because: 'KubeVirt was upgraded, and brings its new virt-launcher to every running VM',
    evidence,
  });
  const change = (evidence: Evidence[]): Trigger => ({
    what: 'live-update',
    because: 'a change of its CPUs, memory, networks or placement takes effect by a migration',
    evidence,
  });
  const { priority } = migration.spec;
  if (priority === 'user-triggered') return change([atField(migration, '.spec.priority', priority)]);
  if (vmi !== undefined && migration.status?.phase !== 'Succeeded') {
    const hot = vmi.status?.conditions?.find(
      ({ type, status }) =>
        type === 'HotVCPUChange' || ((type === 'HotMemoryChange' || type === 'MigrationRequired') && status === 'True'),
    );
    if (hot !== undefined) return change([atField(vmi, `.status.conditions[type=${hot.type}].status`, hot.status)]);
  }
  const outdated = vmi?.metadata.labels?.['kubevirt.io/outdatedLauncherImage'];
  if (outdated !== undefined && vmi !== undefined) {
    return upgrade([atField(vmi, '.metadata.labels["kubevirt.io/outdatedLauncherImage"]', outdated)]);
  }
  if (priority === 'system-critical') return upgrade([atField(migration, '.spec.priority', priority)]);
  // Nobody resizes several VMs at once; an upgrade moves them all.
  const others = updatesAround(snapshot, migration);
  if (others.length >= 2) {
    return upgrade(
      others
        .slice(0, 2)
        .map((other) => atField(other, `.metadata.annotations["${WORKLOAD_UPDATE}"]`, valueOf(other, WORKLOAD_UPDATE))),
    );
  }
  return {
    what: 'update',
    because: 'KubeVirt was upgraded, or a change of its CPUs, memory or placement needed a migration',
    evidence: [atField(migration, `.metadata.annotations["${WORKLOAD_UPDATE}"]`, valueOf(migration, WORKLOAD_UPDATE))],
  };
}

function valueOf({ metadata }: VirtualMachineInstanceMigration, annotation: string): string | undefined {
  return metadata.annotations?.[annotation];
}

/** One migration of each other VM that the workload updater moved at about the same time. */
function updatesAround(
  { lists }: Snapshot,
  migration: VirtualMachineInstanceMigration,
): VirtualMachineInstanceMigration[] {
  const created = createdAt(migration);
  const found = new Map<string, VirtualMachineInstanceMigration>();
  const own = keyOf(migration.metadata.namespace, migration.spec.vmiName ?? '');
  for (const other of itemsOf(lists.migrations)) {
    const key = keyOf(other.metadata.namespace, other.spec.vmiName ?? '');
    if (key === own || valueOf(other, WORKLOAD_UPDATE) === undefined || found.has(key)) continue;
    if ('kubevirt.io/volume-update-migration' in (other.metadata.labels ?? {})) continue;
    if (Math.abs(createdAt(other) - created) <= SOON) found.set(key, other);
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, other]) => other);
}

/** Ms since the epoch. */
function createdAt({ metadata }: VirtualMachineInstanceMigration): number {
  return Date.parse(metadata.creationTimestamp ?? '');
}

/** Seen shortly before, and not after, a migration was created. (Events have whole seconds.) */
function isSoon({ first, last }: Pick<EventRecord, 'first' | 'last'>, created: number): boolean {
  return Date.parse(first) <= created + 1000 && created - Date.parse(last) <= SOON;
}
