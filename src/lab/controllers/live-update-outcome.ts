import type { VirtualMachineInstance } from '../../model/objects.ts';

type MigratedVolumes = NonNullable<NonNullable<VirtualMachineInstance['status']>['migratedVolumes']>;

/** What one kind of change came to. */
export interface Change {
  /** Message of the condition RestartRequired; none: there is no such condition. */
  restartRequired?: string;
  /** A volume migration that has begun: status.volumeUpdateState of the VM. */
  migratedVolumes?: MigratedVolumes;
}

/** What virt-controller writes on the VM about what a running guest could and could not take up. */
export interface LiveUpdate extends Change {
  /** The condition Failure. */
  failure?: { reason: string; message: string };
}

/** A change that cannot be made now, but may be made later. */
export class NotNow extends Error {}
