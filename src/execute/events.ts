import type { Progress } from '../cluster/progress.ts';
import { type ExitCode, exit } from '../model/errors.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';

export interface VmRef {
  namespace: string;
  name: string;
}

/** One live move to carry out. */
export interface MoveOrder {
  vm: VmRef;
  /** Of the VMI that was checked: a VM that restarted since is another one. */
  vmiUid: string;
  /** The node it was on when it was checked. */
  source: string;
  /** The node it is to go to, with the label that keeps it from going elsewhere; absent: the scheduler chooses. */
  target?: { node: string; selector: Record<string, string> };
  /** The migration to follow; absent: one is to be created. */
  migration?: VirtualMachineInstanceMigration;
}

/** How many migrations may be unfinished at once, whoever started them. */
export interface Budgets {
  /** KubeVirt's parallelMigrationsPerCluster. */
  cluster: number;
  /** KubeVirt's parallelOutboundMigrationsPerNode. */
  outbound: number;
  /** Ferry's own: into one target node. KubeVirt has no such limit (facts/kubevirt.md C1). */
  inbound: number;
}

/** Why a move does not start yet, or does not go on. */
export type Waiting =
  | { for: 'cluster'; running: number; limit: number }
  | { for: 'source' | 'target'; node: string; running: number; limit: number }
  /** Another migration of this VM has to end first. */
  | { for: 'migration'; migration: string }
  /** The API server did not take it, which may pass. */
  | { for: 'api'; message: string }
  /** The namespace's ResourceQuota has no room for the target pod. */
  | { for: 'quota'; message: string };

export type MoveEvent = { vm: VmRef } & (
  | { type: 'waiting'; waiting: Waiting }
  | { type: 'created'; migration: string; source: string; target?: string }
  /** It had been created before, by a run of Ferry that ended early. */
  | { type: 'found'; migration: string; source: string; target?: string }
  | { type: 'phase'; migration: string; phase: string; source?: string; target?: string; elapsed: number }
  | {
      type: 'progress';
      migration: string;
      source?: string;
      target?: string;
      /** Seconds of copying so far. */
      elapsed: number;
      /** Seconds of copying after which KubeVirt gives up (or pauses, or switches to post-copy, if allowed). */
      deadline?: number;
      /** Absent where no source of metrics can be reached. */
      progress?: Progress;
    }
  | { type: 'done'; outcome: Outcome }
);

/** The connection to the API server was lost, or is back. It concerns every move. */
export type LinkEvent = { type: 'interrupted'; message: string } | { type: 'reconnected' };

/** How a move ended. Seconds throughout. */
export type Outcome =
  | {
      result: 'succeeded';
      migration: string;
      from: string;
      to: string;
      /** From creation to the end. */
      total?: number;
      /** Copying, i.e. from KubeVirt's startTimestamp to its endTimestamp. */
      copying?: number;
      mode?: string;
    }
  /** It was there already. */
  | { result: 'unchanged'; node: string }
  | {
      result: 'failed';
      migration?: string;
      reason: string;
      /** Where the VM is now, and whether it runs there. */
      node?: string;
      running: boolean;
    }
  | { result: 'cancelled'; migration: string; node?: string; running: boolean }
  /** Ferry stopped following; a migration that exists goes on. `lost`: the cluster was out of reach for too long. */
  | { result: 'timed out' | 'detached' | 'lost'; migration?: string };

export interface MoveResult {
  vm: VmRef;
  outcome: Outcome;
}

/** The exit code of a run (design.md, Faces). What needs attention outranks everything but the user's own interruption. */
export function exitCodeOf(results: readonly MoveResult[]): ExitCode {
  const outcomes = results.map(({ outcome }) => outcome);
  if (outcomes.some(({ result }) => result === 'detached')) return exit.interrupted;
  if (outcomes.some((outcome) => outcome.result === 'lost' || ('running' in outcome && !outcome.running))) {
    return exit.failedAttention;
  }
  if (outcomes.some(({ result }) => result === 'timed out')) return exit.timeout;
  const moved = outcomes.filter(({ result }) => result === 'succeeded' || result === 'unchanged').length;
  if (moved === outcomes.length) return exit.ok;
  return moved > 0 ? exit.partial : exit.failedSafe;
}
