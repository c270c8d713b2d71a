import type { GuestMemory } from '../../physics/guest.ts';

export type { GuestMemory };

/** One migration, as libvirt is asked for it. */
export interface MigrationOrder {
  /** UID of the VirtualMachineInstanceMigration. */
  id: string;
  guest: GuestMemory;
  /** Local disk data that travels too (block migration). */
  diskBytes: number;
  /** Node names; the network knows what lies between them. */
  source: string;
  target: string;
  /** Which of their networks it takes. Default: the pod network. */
  network?: 'pod' | 'migration';
  /** Bytes per second; 0: no limit. */
  bandwidthLimit: number;
  /** Parallel connections (multifd). */
  connections: number;
  downtimeLimitMs: number;
  autoConverge: boolean;
  monitor: {
    /** Seconds after which the migration is given up (or switched, if disruption is allowed); 0: never. KubeVirt's acceptableCompletionTime. */
    completionTimeout: number;
    /** Seconds without progress after which it is given up; 0: never. */
    progressTimeout: number;
    /** False for a guest with VFIO devices: they can't be post-copied, it is paused instead. */
    allowPostCopy: boolean;
    allowWorkloadDisruption: boolean;
    /** KubeVirt 1.9's stall detector watches instead; the longest a guest may be stopped at the end. */
    stallDetection?: { maxDowntimeMs: number };
  };
  /** The guest was paused before; it stays so. */
  paused: boolean;
  /** It never gets so far as to copy: what is done before fails after so long. */
  fails?: { afterMs: number; reason: string };
}

export type MigrationMode = 'PreCopy' | 'PostCopy' | 'Paused';

/** What libvirt's job info tells at an instant. */
export interface MigrationProgress {
  elapsedMs: number;
  processedBytes: number;
  remainingBytes: number;
  totalBytes: number;
  /** Transfer rate over the last window, bytes/s. */
  transferRate: number;
  /** Newly dirtied bytes per second over the last period that ended in a sync. */
  dirtyRate: number;
  iteration: number;
  mode: MigrationMode;
}

export type MigrationOutcome =
  | { result: 'succeeded'; downtimeMs: number; bytes: number }
  | {
      result: 'failed';
      reason: string /** Set when somebody or the monitor aborted it. */;
      abortStatus?: 'Succeeded' | 'Failed';
    };

export interface RunningMigration {
  progress(): MigrationProgress;
  /** Asks for cancellation. It is refused (false) once the guest is handed over; otherwise the outcome follows. */
  abort(reason: string): boolean;
  /** The connection broke, or the target died. */
  fail(reason: string): void;
}

/** Why KubeVirt's monitor gives a migration up: `seconds` as it counts them; of the stall detector, what it logs. */
export type GivingUp =
  | { why: 'stuck' | 'timeout'; seconds: number }
  | { why: 'stall'; level: 'info' | 'warning'; said: string };

export interface MigrationListener {
  /** It leaves pre-copy. */
  mode(mode: MigrationMode): void;
  /** KubeVirt's monitor gives it up. False: libvirt does not abort it, and it goes on. */
  gaveUp?(why: GivingUp): boolean;
  /** Exactly once. */
  done(outcome: MigrationOutcome): void;
}

/** What moves guests between nodes: a pre-copy model in lab time, or real QEMU processes. */
export interface Hypervisor {
  /** Starts a migration. */
  migrate(order: MigrationOrder, on: MigrationListener): RunningMigration;
}
