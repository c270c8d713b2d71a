import type { KubeVirtVersion } from '../../model/versions/index.ts';
import type { GivingUp } from '../hypervisor/hypervisor.ts';

/** An error of libvirt as its Go binding prints it; code and domain are virErrorNumber and virErrorDomain. */
export function virError(code: number, domain: number, message: string): string {
  return `virError(Code=${code}, Domain=${domain}, Message='${message}')`;
}

/** libvirt's words when the other side of a migration vanishes. */
export const LOST = virError(9, 10, 'operation failed: Lost connection to destination host');

/** What MigrateToURI3 ends with when its job was aborted. */
const CANCELLED = virError(78, 10, 'operation aborted: migration out job: canceled by client');

/** Why a job is not aborted: in post-copy there is no way back, and a QEMU whose monitor is busy hears nothing. */
export const IN_POST_COPY = virError(
  55,
  10,
  'Requested operation is not valid: cannot abort migration in post-copy mode',
);
export const NOT_ANSWERING = virError(
  68,
  10,
  'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)',
);

/** virt-launcher's words around it; until 1.8 they are part of the error that it passes on. */
const CALL = 'error encountered during MigrateToURI3 libvirt api call: ';

/**
 * failureReason of a migration that libvirt ended with an error (KubeVirt pkg/virt-launcher/virtwrap/
 * live-migration-source.go, 1.3.1 to 1.9.0): until 1.5 what the monitor makes of it; from 1.6 on the error itself, which
 * is noted first, so that the monitor's words are lost.
 */
export function failureReason({ minor }: KubeVirtVersion, error: string): string {
  const volume = error.includes('has to be smaller or equal to the actual size of the containing file');
  if (minor >= 6) {
    if (minor < 9 || !volume) return error;
    return `Volume migration cannot be performed because the destination volume is smaller than the source volume: ${error}`;
  }
  if (minor === 5 && volume) {
    return `Volume migration cannot be performed because the destination volume is smaller then the source volume: ${CALL}${error}`;
  }
  return `Live migration failed ${CALL}${error}`;
}

/** A line that virt-launcher logs; `reason` is a field of its own. */
export interface LauncherLine {
  level: 'info' | 'warning' | 'error';
  msg: string;
  reason?: string;
}

const FAILED = 'Live migration failed.';

/** failureReason of a VMI whose annotation makes it fail for KubeVirt's own tests; all versions. */
export const FORCED = 'Failed migration to satisfy functional test condition';

/** The line of an abort that failed. */
export function notAborted(error: string): LauncherLine {
  return { level: 'error', msg: 'failed to cancel migration', reason: error };
}

/** What the source's launcher logs when a migration has failed for `reason` (the same source). */
export function linesOfFailure({ minor }: KubeVirtVersion, reason: string, byUser: boolean): LauncherLine[] {
  const error = /virError\(.*\)$/s.exec(reason)?.[0];
  if (error !== undefined) return linesOfError(minor, error);
  if (reason === FORCED) return [{ level: 'error', msg: `${FAILED} Failure is forced by functional tests suite.` }];
  if (!/abort/.test(reason)) return [{ level: 'error', msg: reason }];
  const succeeded = { level: 'info', msg: 'Live migration abort succeeded' } as const;
  if (minor >= 9) return [succeeded, ...linesOfError(minor, CANCELLED)];
  return byUser ? [succeeded] : [{ level: 'error', msg: `Live migration abort detected with reason: ${reason}` }];
}

function linesOfError(minor: number, error: string): LauncherLine[] {
  if (minor >= 9) {
    return [
      { level: 'error', msg: `${CALL}${error}` },
      { level: 'error', msg: FAILED, reason: error },
    ];
  }
  const reason = `${CALL}${error}`;
  const failed: LauncherLine = { level: 'error', msg: FAILED, reason };
  if (minor >= 6) return [{ level: 'error', msg: `migration failed with error: ${error}` }, failed];
  return [
    failed,
    { level: 'error', msg: 'Received a live migration error. Will check the latest migration status.', reason },
    { level: 'info', msg: "Didn't manage to get a job status. Post the received error and finalize." },
    failed,
  ];
}

/** What the monitor logs when it gives a migration up: from 1.9 on, nothing else tells why (facts/kubevirt.md D2). */
export function linesOfGivingUp({ minor }: KubeVirtVersion, giving: GivingUp): LauncherLine[] {
  const level = 'warning';
  if (giving.why === 'stall') return [{ level: giving.level, msg: giving.said }];
  const { why, seconds } = giving;
  if (minor < 9) return why === 'stuck' ? [{ level, msg: `Live migration stuck for ${seconds} seconds` }] : [];
  if (why === 'timeout') return [{ level, msg: `Aborting migration: not completed after ${seconds} seconds` }];
  return [
    { level, msg: `live migration stuck for ${seconds} seconds` },
    { level, msg: `Aborting migration: stuck for ${seconds} seconds` },
  ];
}
