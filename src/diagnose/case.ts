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
  /** In the order in which they were last seen. */
  events: EventRecord[];
  logs: LogTail[];
  enactments: Enactment[];
  migrationNetwork?: NonNullable<Dossier['migrationNetwork']>;
}

/** A VM, and what was said about it, its VMI, its pods and its migrations, those included that are gone. */
export interface VmCase extends ClusterCase {
  vm: Vm;
  vmi?: VirtualMachineInstance;
}

/** One migration, with what belongs to it, and what was said while it was there. */
export interface MigrationCase extends ClusterCase {
  migration: VirtualMachineInstanceMigration;
  /** KubeVirt's phase; '' before the first. */
  phase: string;
  final: boolean;
  vm?: Vm;
  vmi?: VirtualMachineInstance;
  /** The state of this very migration: the VMIM's own once it has one, the VMI's while its UID matches (recordings: the VMI keeps the last one). */
  state?: MigrationState;
  /** `state` stands on the VMI, not (yet) on the VMIM. */
  stateOnVmi: boolean;
  /** Of an unfinished one: the slots it takes. */
  view?: Migration;
  targetPod?: Pod;
  /** The pod beside the target pod that attaches hot-plugged volumes there. */
  attachmentPod?: Pod;
  /** Of the target pod, also when it is gone. */
  targetPodName?: string;
  sourceNode?: string;
  targetNode?: string;
  /** Ms since the migration was created. */
  ageMs: number;
}

export function clusterCase({ snapshot, events, logs, enactments, migrationNetwork }: Dossier): ClusterCase {
  const sorted = [...itemsOf(events)].sort((a, b) => Date.parse(a.last) - Date.parse(b.last));
  return {
    snapshot,
    now: Date.parse(snapshot.takenAt),
    events: sorted,
    logs: itemsOf(logs),
    enactments: enactments === undefined ? [] : itemsOf(enactments),
    ...(migrationNetwork !== undefined && { migrationNetwork }),
  };
}

export function vmCase(cluster: ClusterCase, vm: Vm): VmCase {
  const names = new Set([
    vm.name,
    ...vm.launchers.map(({ metadata }) => metadata.name),
    ...vm.unfinished.map(({ name }) => name),
    ...vm.finished.map(({ metadata }) => metadata.name),
  ]);
  // A migration that is gone can still be told by the pod it made: virt-launcher-VM-abcde.
  for (const { about, message } of cluster.events) {
    const pod = about.namespace === vm.namespace ? TARGET_CREATED.exec(message)?.[1] : undefined;
    if (pod === undefined || pod.replace(/-[^-]+$/, '') !== `virt-launcher-${vm.name}`) continue;
    names.add(pod).add(about.name);
  }
  const nodes = nodesAround(vm);
  const events = cluster.events.filter(({ about }) => {
    if (about.kind === 'Node') return nodes.has(about.name);
    return (
      about.namespace === vm.namespace && (names.has(about.name) || (about.kind === 'Pod' && isLauncher(about, vm)))
    );
  });
  return { ...cluster, vm, ...(vm.vmi !== undefined && { vmi: vm.vmi }), events };
}

/** The node it is on, and those it was evacuated from. */
function nodesAround({ node, finished, unfinished }: Vm): Set<string | undefined> {
  const migrations = [...finished, ...unfinished.map(({ object }) => object)];
  return new Set([
    node,
    ...migrations.map(({ metadata }) => metadata.annotations?.['kubevirt.io/evacuationMigration']),
  ]);
}

/** A launcher, also one that has gone: it is named for its VM, and five more characters. */
function isLauncher({ name }: { name: string }, vm: Vm): boolean {
  const prefix = `virt-launcher-${vm.name}-`;
  return name.startsWith(prefix) && name.length === prefix.length + 5;
}

export function migrationCase(cluster: ClusterCase, migration: VirtualMachineInstanceMigration): MigrationCase {
  const { snapshot } = cluster;
  const { namespace = '', name, uid } = migration.metadata;
  const vm = vmsByName(snapshot).get(keyOf(namespace, migration.spec.vmiName ?? ''));
  const vmi = vm?.vmi;
  const view = migrationsOf(snapshot).unfinished.find((each) => each.uid === uid);
  const own = migration.status?.migrationState;
  const onVmi = vmi?.status?.migrationState;
  const stateOnVmi = own?.migrationUid !== uid && onVmi?.migrationUid === uid;
  const state = own?.migrationUid === uid ? own : stateOnVmi ? onVmi : undefined;
  const targetPod =
    view?.targetPod ?? itemsOf(snapshot.lists.pods).find(({ metadata: { labels } }) => isLauncherOf(labels, uid));
  const attachmentPod = targetPod && attachmentOf(targetPod, snapshot);
  const sourceNode = state?.sourceNode ?? (isFinal(migration) ? undefined : vm?.node);
  const targetNode = state?.targetNode ?? targetPod?.spec?.nodeName;
  const created = Date.parse(migration.metadata.creationTimestamp ?? snapshot.takenAt);
  const inNamespace = cluster.events.filter(({ about }) => about.namespace === namespace);
  const targetPodName = targetPod?.metadata.name ?? state?.targetPod ?? targetPodTold(inNamespace, name);
  const span = { from: created - SLACK, to: endOf(migration, state) + SLACK };
  const about = new Set([vm?.name, ...(vm?.launchers.map(({ metadata }) => metadata.name) ?? [])]);
  return {
    ...cluster,
    events: inNamespace.filter((event) => {
      const of = event.about.name;
      if (of === name || of === targetPodName || of === attachmentPod?.metadata.name) return true;
      return about.has(event.about.name) && Date.parse(event.last) >= span.from && Date.parse(event.first) <= span.to;
    }),
    logs: cluster.logs.map((log) => ({ ...log, lines: log.lines.filter((line) => isWithin(line, span)) })),
    migration,
    phase: migration.status?.phase ?? '',
    final: isFinal(migration),
    stateOnVmi,
    ...(vm !== undefined && { vm }),
    ...(vmi !== undefined && { vmi }),
    ...(state !== undefined && { state }),
    ...(view !== undefined && { view }),
    ...(targetPod !== undefined && { targetPod }),
    ...(attachmentPod !== undefined && { attachmentPod }),
    ...(targetPodName !== undefined && { targetPodName }),
    ...(sourceNode !== undefined && { sourceNode }),
    ...(targetNode !== undefined && { targetNode }),
    ageMs: cluster.now - created,
  };
}

function isLauncherOf(labels: Record<string, string> | undefined, migrationUid: string | undefined): boolean {
  return labels?.['kubevirt.io'] === 'virt-launcher' && labels['kubevirt.io/migrationJobUID'] === migrationUid;
}

/** The pod that attaches hot-plugged volumes for a launcher, which owns it (KubeVirt pkg/controller, AttachmentPods). */
function attachmentOf({ metadata: { uid, labels } }: Pod, snapshot: Snapshot): Pod | undefined {
  const job = labels?.['kubevirt.io/migrationJobUID'];
  return itemsOf(snapshot.lists.pods).find(
    ({ metadata: own }) =>
      own.labels?.['kubevirt.io/migrationJobUID'] === job &&
      own.ownerReferences?.some((owner) => owner.kind === 'Pod' && owner.uid === uid) === true,
  );
}

/**
 * The newest migration of a VM as an object: a VMIM, or where a cancelled one is gone already, what the VMI's
 * migrationState still tells of it (recordings, Cancel). Undefined where there is none.
 */
export function newestMigration({ vm, vmi, events }: VmCase): VirtualMachineInstanceMigration | undefined {
  const unfinished = vm.unfinished[0]?.object;
  if (unfinished !== undefined) return unfinished;
  const newest = vm.finished.at(-1);
  const state = vmi?.status?.migrationState;
  const uid = state?.migrationUid;
  const isGone = uid !== undefined && !vm.finished.some(({ metadata }) => metadata.uid === uid);
  if (!isGone || state?.completed !== true) return newest;
  const began = state.startTimestamp ?? state.endTimestamp ?? '';
  if (newest !== undefined && Date.parse(newest.metadata.creationTimestamp ?? '') > Date.parse(began)) return newest;
  const name = events.find(({ about }) => about.uid === uid)?.about.name ?? '';
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace: vm.namespace, uid, creationTimestamp: began },
    spec: { vmiName: vm.name },
    status: { phase: state.failed === true ? 'Failed' : 'Succeeded' },
  };
}

const TARGET_CREATED = /^Created migration target pod (\S+)$/;

/** Events and the API server's stamps have whole seconds, logs their node's clock, ms. */
const SLACK = 2000;

function targetPodTold(events: EventRecord[], migration: string): string | undefined {
  for (const { about, message } of events.toReversed()) {
    const pod = about.name === migration ? TARGET_CREATED.exec(message)?.[1] : undefined;
    if (pod !== undefined) return pod;
  }
  return undefined;
}

function endOf({ status }: VirtualMachineInstanceMigration, state: MigrationState | undefined): number {
  const final = (status?.phaseTransitionTimestamps ?? []).findLast(({ phase }) => phase === status?.phase);
  const failed = status?.phase === 'Failed' || status?.phase === 'Succeeded' ? final : undefined;
  // What is done after the copying can take its time, and fail.
  const ends = [state?.endTimestamp, failed?.phaseTransitionTimestamp].map((time) => Date.parse(time ?? '') || 0);
  return Math.max(...ends) || Infinity;
}

/** By the time stamp that KubeVirt's components write into each line; a line without one counts. */
function isWithin(line: string, { from, to }: { from: number; to: number }): boolean {
  const stamp = /"timestamp":"([^"]+)"/.exec(line)?.[1];
  const time = Date.parse(stamp ?? '');
  return Number.isNaN(time) || (time >= from && time <= to);
}
