import { ago } from './subjects.ts';

// Migrations that run badly or have failed.

export const failed = (reason: string, more: Record<string, unknown> = {}) => ({
  phase: 'Failed',
  state: {
    failed: true,
    completed: true,
    startTimestamp: ago(95),
    endTimestamp: ago(5),
    failureReason: reason,
    ...more,
  },
});

export const LOST =
  "Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=9, Domain=10, Message='operation failed: Lost connection to destination host')";

export const TIMEOUT = 'Live migration is not completed after 90 seconds and has been aborted';

export const STUCK = 'Live migration stuck for 150 seconds and has been aborted';

/** 4 GiB are five gigabytes: 750 s at 150. */
export const running = (more: Record<string, unknown> = {}, seconds = 90) => ({
  phase: 'Running',
  state: {
    startTimestamp: ago(seconds),
    migrationConfiguration: { completionTimeoutPerGiB: 150, bandwidthPerMigration: '0' },
    ...more,
  },
});
