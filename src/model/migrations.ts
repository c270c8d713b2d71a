import { byName, compareText, groupBy, keyOf, perSnapshot } from './memo.ts';
import type { Pod, VirtualMachineInstanceMigration } from './objects.ts';
import { isFinishedPod } from './pods.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { knownVersion } from './versions/index.ts';

/** A migration that is not final, and what it holds on to. */
export interface Migration {
  namespace: string;
  name: string;
  uid: string;
  /** Name of the VMI, in the same namespace. */
  vmi: string;
  /** KubeVirt's phase; '' before the first. */
  phase: string;
  /** Its target pod, once virt-controller has created it. */
  targetPod?: Pod;
  /** Nodes whose outbound limit it counts against. */
  sourceNodes: string[];
  targetNode?: string;
  /** It counts against parallelMigrationsPerCluster and its source's outbound limit. */
  takesSlot: boolean;
  object: VirtualMachineInstanceMigration;
}

export interface Migrations {
  /** By namespace and name. */
  unfinished: Migration[];
  /** Unfinished ones by `namespace/VMI name`. */
  byVmi: Map<string, Migration[]>;
  /** Final ones by `namespace/VMI name`, oldest first; KubeVirt keeps five (facts/kubevirt.md C1). */
  finishedByVmi: Map<string, VirtualMachineInstanceMigration[]>;
  /** Slots taken of parallelMigrationsPerCluster. */
  taken: number;
  /** Slots taken of parallelOutboundMigrationsPerNode, by node. */
  takenByNode: Map<string, number>;
}

/** Whether it has ended: only then may the VMI have another one. */
export function isFinal(migration: VirtualMachineInstanceMigration): boolean {
  const phase = migration.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Whether KubeVirt itself asked for it, for a drain or an update: it then tries again for as long as that is wanted (facts/kubevirt.md C1, C2). */
export function isKubeVirts({ metadata }: VirtualMachineInstanceMigration): boolean {
  const { annotations = {} } = metadata;
  return 'kubevirt.io/evacuationMigration' in annotations || 'kubevirt.io/workloadUpdateMigration' in annotations;
}

/** Of final migrations, oldest first: those that failed after the last that did not, or that somebody called off. */
export function failedInARow(finished: VirtualMachineInstanceMigration[]): VirtualMachineInstanceMigration[] {
  const good = finished.findLastIndex(
    ({ status }) => status?.phase !== 'Failed' || status.migrationState?.abortRequested === true,
  );
  return finished.slice(good + 1);
}

/**
 * When virt-controller's pause after its own failed tries ends, ms since the epoch: 20 s, doubled by each further failure
 * (facts/kubevirt.md C1, Backoff).
 */
export function pauseEnd(failed: VirtualMachineInstanceMigration[]): number | undefined {
  const { metadata, status } = failed.at(-1) ?? {};
  const entered = status?.phaseTransitionTimestamps?.find(({ phase }) => phase === 'Failed')?.phaseTransitionTimestamp;
  const when = Date.parse(entered ?? metadata?.creationTimestamp ?? '');
  return Number.isNaN(when) ? undefined : when + 20_000 * 2 ** (failed.length - 1);
}

// IsRunning() of virt-controller (facts/kubevirt.md A6).
const notRunning = new Set(['', 'Pending', 'Succeeded', 'Failed', 'WaitingForSync', 'Synchronizing']);

function isRunning(migration: VirtualMachineInstanceMigration): boolean {
  const phase = migration.status?.phase ?? '';
  // The source side of a decentralized migration has no local target pod to schedule.
  if (phase === 'Scheduling' && migration.spec.sendTo !== undefined) return false;
  return !notRunning.has(phase);
}

/**
 * The cluster's migrations. One takes a slot while it runs or has a target pod (facts/kubevirt.md C1); it counts
 * against the node its VMI is on and, from v1.6 on, against the node its VMI's migrationState names as the source.
 */
export const migrationsOf = perSnapshot((snapshot: Snapshot): Migrations => {
  const vmis = byName(itemsOf(snapshot.lists.virtualMachineInstances));
  const targetPods = groupBy(itemsOf(snapshot.lists.pods), (pod) =>
    pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher' && !isFinishedPod(pod)
      ? pod.metadata.labels['kubevirt.io/migrationJobUID']
      : undefined,
  );
  // Where the version is unknown, the stricter count is the safe one.
  const countsStateSource = knownVersion(snapshot.versions.kubevirt)?.version.outboundCountsSourceNode ?? true;
  const unfinished: Migration[] = [];
  const finished: VirtualMachineInstanceMigration[] = [];
  for (const object of itemsOf(snapshot.lists.migrations)) {
    if (isFinal(object)) {
      finished.push(object);
      continue;
    }
    const { namespace = '', name, uid = '' } = object.metadata;
    const vmi = vmis.get(keyOf(namespace, object.spec.vmiName ?? ''));
    const targetPod = targetPods.get(uid)?.[0];
    const state = vmi?.status?.migrationState;
    const sources = [vmi?.status?.nodeName, countsStateSource ? state?.sourceNode : undefined];
    const targetNode = state?.migrationUid === uid ? state.targetNode : targetPod?.spec?.nodeName;
    unfinished.push({
      namespace,
      name,
      uid,
      vmi: object.spec.vmiName ?? '',
      phase: object.status?.phase ?? '',
      ...(targetPod !== undefined && { targetPod }),
      sourceNodes: [...new Set(sources.filter((node) => node !== undefined && node !== ''))] as string[],
      ...(targetNode !== undefined && { targetNode }),
      takesSlot: isRunning(object) || targetPod !== undefined,
      object,
    });
  }
  unfinished.sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
  finished.sort(
    (a, b) =>
      compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
      compareText(a.metadata.name, b.metadata.name),
  );
  const taking = unfinished.filter((migration) => migration.takesSlot);
  const takenByNode = new Map<string, number>();
  for (const node of taking.flatMap((migration) => migration.sourceNodes)) {
    takenByNode.set(node, (takenByNode.get(node) ?? 0) + 1);
  }
  return {
    unfinished,
    byVmi: groupBy(unfinished, (migration) => keyOf(migration.namespace, migration.vmi)),
    finishedByVmi: groupBy(finished, (object) => keyOf(object.metadata.namespace, object.spec.vmiName ?? '')),
    taken: taking.length,
    takenByNode,
  };
});
