import type { EventRecord, LogTail } from '../model/dossier.ts';
import type { Evidence } from '../model/finding.ts';
import type { NodeView } from '../model/nodes.ts';
import type { SnapshotList } from '../model/snapshot.ts';
import type { ClusterCase, MigrationCase, VmCase } from './case.ts';

/** `certain`: KubeVirt says so itself; `likely`: what is seen fits nothing else; `possible`: it would explain what is seen. */
export type Confidence = 'certain' | 'likely' | 'possible';

/** What a cause says when it is found, before the diagnosis puts its id on it. */
export interface Suspicion {
  confidence: Confidence;
  /** One sentence: what happened, and why. */
  message: string;
  evidence: Evidence[];
  /** What to do, the best first. */
  remedies: string[];
}

/** One reason for which a migration waits, fails or goes wrong. Pure: the same dossier gives the same answer. */
export interface Cause {
  /** Stable, `area/thing`. */
  id: string;
  /** What it is, as a heading. */
  title: string;
  /** Where the knowledge comes from: a section of the mission's text or of the fact sheets. */
  source: string;
  /** Lists without which it can't tell. */
  needs: SnapshotList[];
  /** Whether it also needs what the components logged, or Kubernetes events. */
  reads?: ('events' | 'logs')[];
  /** It tells why something happened, and is no fault: it is named as the cause only where nothing else is found. */
  explains?: true;
  /** Areas (`queue`, `target`) whose causes say more: beside one of them, this one is left out. */
  yieldsTo?: string[];
  /** Of one migration: why it waits, runs long or has failed. */
  migration?(each: MigrationCase): Suspicion | undefined;
  /** Of a VM, whatever its migrations: why it does not move, moves by itself, or is not well after a move. */
  vm?(each: VmCase): Suspicion | undefined;
  /** Of a node. */
  node?(node: NodeView, cluster: ClusterCase): Suspicion | undefined;
  /** Of the cluster as a whole. */
  cluster?(cluster: ClusterCase): Suspicion | undefined;
  /**
   * What users paste when they mean this: messages of KubeVirt, and those that the mission quotes though KubeVirt never
   * prints them (facts/anchors.md section 6).
   */
  texts?: RegExp[];
  /** For `--text`: what the pasted message means and what to do, without any cluster. */
  meaning?: { message: string; remedies: string[] };
}

/** Evidence from an event. */
export function atEvent({ namespace, name, message }: EventRecord): Evidence {
  return { object: { kind: 'Event', namespace, name }, field: '.message', value: message };
}

/** Evidence from a line of a log. */
export function atLog({ namespace, pod, container }: LogTail, line: string): Evidence {
  return { object: { kind: 'Pod', namespace, name: pod }, field: `log of ${container}`, value: line };
}
