import { formatBytes } from '../../../model/quantity.ts';
import { settingsOf } from '../../../model/settings.ts';
import { knownVersion } from '../../../model/versions/index.ts';
import { atSetting, type Check, type Draft, info, warning } from '../../check.ts';

const SUBJECT = { kind: 'KubeVirt', name: 'migrations' };
/** HyperConverged's default until OpenShift Virtualization 4.17; upgrades leave it where it is (facts/kubevirt.md A10). */
const OLD_DEFAULT = 800;
/** Of OpenShift Virtualization 4.18 to 4.22; the upgrade to the next one rewrites exactly this one. */
const MIDDLE_DEFAULT = 150;

/** Time-outs that are off, left over from older releases, or shorter than the bandwidth limit allows. */
export const settingsTimeOuts: Check = {
  id: 'settings/time-outs',
  title: "The migration time-outs are this release's, and can be kept",
  source:
    'mission: Configuration Parameters, Issue 1; facts/kubevirt.md A8, A10, D1; facts/anchors.md 6 rows 1, 3, 4, 5, 2 (pains 8-11)',
  needs: ['kubeVirts', 'hyperConvergeds'],
  advise(snapshot): Draft[] {
    const {
      completionTimeoutPerGiB: timeout,
      progressTimeout: progress,
      bandwidthPerMigration: bandwidth,
    } = settingsOf(snapshot);
    const version = knownVersion(snapshot.versions.kubevirt)?.version;
    const drafts: Draft[] = [];
    const evidence = atSetting(timeout, 'completionTimeoutPerGiB');
    const usual = version?.hyperConvergedDefaults.completionTimeoutPerGiB;
    if (timeout.value === 0) {
      drafts.push(
        warning(SUBJECT, {
          message: 'completionTimeoutPerGiB is 0: a migration that does not converge runs for ever, and keeps its slot',
          evidence,
          remedy: `Set it to this release's default, or to what your largest busy VM needs: ferry settings set completionTimeoutPerGiB=${usual ?? MIDDLE_DEFAULT}.`,
        }),
      );
    }
    if (progress.value === 0) {
      drafts.push(
        warning(SUBJECT, {
          message:
            'progressTimeout is 0: a migration whose connection is dead is not noticed before the completion time-out',
          evidence: atSetting(progress, 'progressTimeout'),
          remedy:
            'Set it back: ferry settings set progressTimeout=150. It does not end migrations of busy VMs: any byte of progress counts.',
        }),
      );
    }
    const drifted =
      version !== undefined &&
      usual !== undefined &&
      timeout.origin === 'HyperConverged' &&
      timeout.value !== usual &&
      ((timeout.value === OLD_DEFAULT && version.minor > 3) || (timeout.value === MIDDLE_DEFAULT && version.minor > 8));
    if (drifted) {
      const value = timeout.value ?? 0;
      drafts.push(
        warning(SUBJECT, {
          message: `completionTimeoutPerGiB is ${value} s, the default of ${value === OLD_DEFAULT ? 'OpenShift Virtualization 4.17 and before' : '4.18 to 4.22'}; this release's is ${usual} s: a VM of 16 GiB that does not converge holds its slot for ${hours(value * 18)} instead of ${hours(usual * 18)}`,
          evidence,
          remedy: `If nobody chose it, set the default (ferry settings set completionTimeoutPerGiB=${usual}), and use a MigrationPolicy for the VMs that need longer: drains then end sooner. If somebody did, nothing is needed.`,
        }),
      );
    }
    if (bandwidth.value !== undefined && bandwidth.value > 0) {
      drafts.push(...limited(bandwidth.value, timeout.value));
    }
    return drafts;

    function limited(rate: number, seconds: number | undefined): Draft[] {
      const both = [atSetting(bandwidth, 'bandwidthPerMigration'), evidence];
      if (seconds !== undefined && seconds > 0 && rate * seconds < 1e9) {
        return [
          warning(SUBJECT, {
            message: `bandwidthPerMigration (${formatBytes(rate)}/s) and completionTimeoutPerGiB (${seconds} s) contradict each other: in the time that each 10^9 bytes get, only ${formatBytes(rate * seconds)} can be sent; a guest that uses all its memory can't be migrated`,
            evidence: both,
            remedy:
              'Remove the bandwidth limit (ferry settings set bandwidthPerMigration-) or raise it, or raise the time-out; then migrations can finish in time.',
          }),
        ];
      }
      return [
        info(SUBJECT, {
          message: `each migration is limited to ${formatBytes(rate)}/s: 64 GiB of memory take at least ${hours(Math.ceil((64 * 2 ** 30) / rate))}, and a guest that writes faster does not converge`,
          evidence: both,
          remedy:
            'It is a choice, not the default (which is no limit): keep it where migrations share a network with applications, remove it on a dedicated one. QEMU may not keep to it when it sends over several connections.',
        }),
      ];
    }
  },
};

/** Seconds for people. */
function hours(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`;
}
