import { formatBytes } from '../../model/quantity.ts';
import type { Cause } from '../cause.ts';
import { deadlineOf } from '../course.ts';
import { bandwidthLimit, rateText, struggleOf } from '../load.ts';
import { inWords } from '../said.ts';

/** bandwidthPerMigration keeps it from ending (anchors 6 row 3; mission Issue 2, solution 2). */
export const bandwidthTooLow: Cause = {
  id: 'migration/bandwidth-limit',
  title: 'Its bandwidth limit is too low',
  source: 'facts/kubevirt.md A8, D1, D3; facts/anchors.md 6 row 3',
  needs: ['migrations', 'virtualMachineInstances', 'kubeVirts'],
  reads: ['logs'],
  migration(each) {
    const struggle = struggleOf(each);
    const limit = bandwidthLimit(each);
    const memory = each.vm?.memoryBytes;
    if (struggle === undefined || limit === undefined || memory === undefined) return undefined;
    const deadline = deadlineOf(each) ?? 0;
    const once = memory / limit.bytes;
    const tooLong = deadline > 0 && once > deadline;
    const { last } = struggle;
    const binds = last !== undefined && last.bandwidth >= 0.8 * limit.bytes;
    if (!tooLong && !(binds && last.dirtyRate >= 0.9 * limit.bytes)) return undefined;
    const policy = each.state?.migrationPolicyName;
    const where = policy === undefined ? 'bandwidthPerMigration' : `bandwidthPerMigration of MigrationPolicy ${policy}`;
    return {
      confidence: tooLong && (last === undefined || binds) ? 'certain' : 'likely',
      message: tooLong
        ? `${where} allows ${rateText(limit.bytes)}: to send the ${formatBytes(memory)} of the guest once takes up to ${inWords(once)}, and KubeVirt allows ${inWords(deadline)} in all`
        : `${where} allows ${rateText(limit.bytes)}, and the guest writes ${rateText(last?.dirtyRate ?? 0)} anew: it cannot end however long it is given`,
      evidence: [limit.evidence, ...struggle.evidence],
      remedies: [
        'Raise the limit for this VM in a MigrationPolicy, or take it away for all: ferry settings set bandwidthPerMigration-.',
        'To spare the network, migrate fewer at a time instead: ferry settings set parallelOutboundMigrationsPerNode=1.',
      ],
    };
  },
};
