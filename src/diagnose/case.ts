import type { Dossier, Enactment, EventRecord, LogTail } from '../model/dossier.ts';
import { keyOf } from '../model/memo.ts';
import { isFinal, type Migration, migrationsOf } from '../model/migrations.ts';
import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsByName } from '../model/vm.ts';

type MigrationState = NonNullable<NonNullable<VirtualMachineInstance['status']>['migrationState']>;

/** The cluster, and all that was said. */
export interface ClusterCase {
  snapshot: Snapshot;
  /** Ms since the epoch: when the Snapshot was taken. */
  now: number;
  events: EventRecord[];
  logs: LogTail[];
  enactments: Enactment[];
}

/** A VM, and what was said about it, its VMI, its pods and its migrations. */
export interface VmCase extends ClusterCase {
  vm: Vm;
  vmi?: VirtualMachineInstance;
}

/** One migration, with what belongs to it. */
export interface MigrationCase extends ClusterCase {
  migration: VirtualMachineInstanceMigration;
  /** KubeVirt's phase; '' before the first. */
  phase: string;
  final: boolean;
  vm?: Vm;
  vmi?: VirtualMachineInstance;
  /** The state of this very migration: the VMIM's own once it has one, the VMI's while its UID matches (recordings: the VMI keeps the last one). */
  state?: MigrationState;
  /** Of an unfinished one: the slots it takes. */
  view?: Migration;
  targetPod?: Pod;
  sourceNode?: string;
  targetNode?: string;
  /** Ms since the migration was created. */
  ageMs: number;
}

export function clusterCase({ snapshot, events, logs, enactments }: Dossier): ClusterCase {
  return {
    snapshot,
    now: Date.parse(snapshot.takenAt),
    events: itemsOf(events),
    logs: itemsOf(logs),
    enactments: enactments === undefined ? [] : itemsOf(enactments),
  };
}

export function vmCase(cluster: ClusterCase, vm: Vm): VmCase {
  return { ...cluster, vm, ...(vm.vmi !== undefined && { vmi: vm.vmi }), events: eventsAround(cluster, vm) };
}

export function migrationCase(cluster: ClusterCase, migration: VirtualMachineInstanceMigration): MigrationCase {
  const { snapshot } = cluster;
  const { namespace = '', name, uid } = migration.metadata;
  const vm = vmsByName(snapshot).get(keyOf(namespace, migration.spec.vmiName ?? ''));
  const vmi = vm?.vmi;
  const view = migrationsOf(snapshot).unfinished.find((each) => each.uid === uid);
  const own: MigrationState | undefined = migration.status?.migrationState;
  const onVmi = vmi?.status?.migrationState;
  const state = own?.migrationUid === uid ? own : onVmi?.migrationUid === uid ? onVmi : undefined;
  const targetPod =
    view?.targetPod ??
    itemsOf(snapshot.lists.pods).find(({ metadata }) => metadata.labels?.['kubevirt.io/migrationJobUID'] === uid);
  const sourceNode = state?.sourceNode ?? (isFinal(migration) ? undefined : vm?.node);
  const targetNode = state?.targetNode ?? targetPod?.spec?.nodeName;
  const names = [...namesOf(vm), name, ...(targetPod === undefined ? [] : [targetPod.metadata.name])];
  const created = Date.parse(migration.metadata.creationTimestamp ?? snapshot.takenAt);
  return {
    ...cluster,
    events: eventsAbout(cluster, names),
    migration,
    phase: migration.status?.phase ?? '',
    final: isFinal(migration),
    ...(vm !== undefined && { vm }),
    ...(vmi !== undefined && { vmi }),
    ...(state !== undefined && { state }),
    ...(view !== undefined && { view }),
    ...(targetPod !== undefined && { targetPod }),
    ...(sourceNode !== undefined && { sourceNode }),
    ...(targetNode !== undefined && { targetNode }),
    ageMs: cluster.now - created,
  };
}

function namesOf(vm: Vm | undefined): string[] {
  if (vm === undefined) return [];
  return [
    vm.name,
    ...vm.launchers.map(({ metadata }) => metadata.name),
    ...vm.unfinished.map(({ name }) => name),
    ...vm.finished.map(({ metadata }) => metadata.name),
  ];
}

/** In the order in which they were last seen. */
function eventsAbout({ events }: ClusterCase, names: string[]): EventRecord[] {
  const wanted = new Set(names);
  return events.filter(({ about }) => wanted.has(about.name)).sort(byTime);
}

/** About a VM, its VMI, migrations and pods, also those that have gone; and about the nodes it is on or was moved off. */
function eventsAround({ events }: ClusterCase, vm: Vm): EventRecord[] {
  const wanted = new Set(namesOf(vm));
  const nodes = new Set([
    vm.node,
    ...[...vm.finished, ...vm.unfinished.map(({ object }) => object)].map(
      ({ metadata }) => metadata.annotations?.['kubevirt.io/evacuationMigration'],
    ),
  ]);
  const launcher = `virt-launcher-${vm.name}-`;
  return events
    .filter(({ namespace, about }) => {
      if (about.kind === 'Node') return nodes.has(about.name);
      if (namespace !== vm.namespace) return false;
      // A launcher's name is its VM's and five more characters.
      const isLauncher = about.name.startsWith(launcher) && about.name.length === launcher.length + 5;
      return wanted.has(about.name) || (about.kind === 'Pod' && isLauncher);
    })
    .sort(byTime);
}

function byTime(a: EventRecord, b: EventRecord): number {
  return Date.parse(a.last) - Date.parse(b.last);
}
