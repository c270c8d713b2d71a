import type { Dossier } from '../model/dossier.ts';
import type { Subject } from '../model/finding.ts';
import type { NodeView } from '../model/nodes.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { Vm } from '../model/vm.ts';
import { type ClusterCase, clusterCase, type MigrationCase, migrationCase, newestMigration, vmCase } from './case.ts';
import type { Cause, Confidence, Suspicion } from './cause.ts';
import { causes } from './causes/index.ts';
import { type Course, courseOf } from './course.ts';
import { type HistoryEntry, historyOf } from './history.ts';
import { type Named, withNames } from './names.ts';
import { type Provenance, provenanceOf } from './provenance.ts';
import { type Queue, queueOf } from './queue.ts';

/** A cause that was found. */
export interface Found extends Suspicion {
  cause: string;
  title: string;
}

/** What is the matter with one subject. */
export interface Diagnosis {
  subject: Subject;
  /** The most probable cause; absent where none was found. */
  cause?: Found;
  /** What else would explain what is seen, or makes it worse. */
  also: Found[];
  /** Of a migration, or the newest one of a VM: who asked for it. */
  provenance?: Provenance;
  /** Of one that waits: its place in the queue. */
  queue?: Queue;
  /** Of one that runs: how it goes, against its deadline. */
  course?: Course;
  /** Of a VM: where it has been, and why it moved, the oldest first. */
  history?: HistoryEntry[];
  /** What could not be looked at: causes that need it were not considered. */
  unseen: { what: string; why: string }[];
}

const rank: Record<Confidence, number> = { certain: 0, likely: 1, possible: 2 };

export function diagnoseMigration(dossier: Dossier, migration: VirtualMachineInstanceMigration): Diagnosis {
  const cluster = clusterCase(dossier);
  const each = migrationCase(cluster, migration);
  const { namespace, name } = migration.metadata;
  const subject = { kind: 'VirtualMachineInstanceMigration', ...(namespace !== undefined && { namespace }), name };
  const vm = { namespace: namespace ?? '', name: migration.spec.vmiName ?? 'VM' };
  return { ...conclude(dossier, subject, (cause) => cause.migration?.(each), vm), ...aboutMigration(each) };
}

export function diagnoseVm(dossier: Dossier, vm: Vm): Diagnosis {
  const cluster = clusterCase(dossier);
  const each = vmCase(cluster, vm);
  const subject = { kind: 'VirtualMachine', namespace: vm.namespace, name: vm.name };
  // A VM's newest migration is what people mean when they ask about the VM.
  const newest = newestMigration(each);
  const last = newest === undefined ? undefined : migrationCase(cluster, newest);
  const found = conclude(dossier, subject, (cause) => cause.vm?.(each) ?? (last && cause.migration?.(last)), vm);
  const diagnosis = { ...found, history: historyOf(each) };
  return last === undefined ? diagnosis : { ...diagnosis, ...aboutMigration(last) };
}

export function diagnoseNode(dossier: Dossier, node: NodeView): Diagnosis {
  const cluster = clusterCase(dossier);
  return conclude(dossier, { kind: 'Node', name: node.name }, (cause) => cause.node?.(node, cluster));
}

export function diagnoseCluster(dossier: Dossier): Diagnosis {
  const cluster: ClusterCase = clusterCase(dossier);
  return conclude(dossier, { kind: 'Cluster', name: 'cluster' }, (cause) => cause.cluster?.(cluster));
}

function aboutMigration(each: MigrationCase): Pick<Diagnosis, 'provenance' | 'queue' | 'course'> {
  const queue = each.view === undefined ? undefined : queueOf(each.snapshot, each.view);
  const course = courseOf(each);
  return {
    provenance: provenanceOf(each.migration, each.vmi),
    ...(queue !== undefined && { queue }),
    ...(course !== undefined && { course }),
  };
}

function conclude(
  dossier: Dossier,
  subject: Subject,
  ask: (cause: Cause) => Suspicion | undefined,
  vm?: Named,
): Diagnosis {
  const all: { suspicion: Found; explains: boolean; yieldsTo: string[] }[] = [];
  for (const cause of causes) {
    const suspicion = ask(cause);
    const { id, title, explains = false, yieldsTo = [] } = cause;
    if (suspicion === undefined) continue;
    const remedies = suspicion.remedies.map((remedy) => (vm === undefined ? remedy : withNames(remedy, vm)));
    all.push({ suspicion: { cause: id, title, ...suspicion, remedies }, explains, yieldsTo });
  }
  const areas = new Set(
    all.flatMap(({ suspicion, yieldsTo }) => (yieldsTo.length > 0 ? [] : [suspicion.cause.split('/')[0] ?? ''])),
  );
  const found = all.filter(({ yieldsTo }) => !yieldsTo.some((area) => areas.has(area)));
  // Where two are equally sure, the order of the index decides: the more specific one stands first.
  const [first, ...also] = found
    .toSorted(
      (a, b) => Number(a.explains) - Number(b.explains) || rank[a.suspicion.confidence] - rank[b.suspicion.confidence],
    )
    .map(({ suspicion }) => suspicion);
  return { subject, ...(first !== undefined && { cause: first }), also, unseen: unseenIn(dossier) };
}

function unseenIn({ snapshot, events, logs, migrationNetwork }: Dossier): { what: string; why: string }[] {
  const lists = Object.entries({ ...snapshot.lists, events, logs, ...(migrationNetwork && { migrationNetwork }) });
  return lists.flatMap(([what, listing]) =>
    listing.known || listing.why === 'missing' ? [] : [{ what, why: listing.message }],
  );
}
