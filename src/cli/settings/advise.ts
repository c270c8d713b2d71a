import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import type { Advice } from '../../settings/advise.ts';
import type { Goal } from '../../settings/goal.ts';
import { withSnapshot } from '../cluster.ts';
import { type Io, note } from '../context.ts';
import type { ConnectionFlags, OutputFlags, SnapshotFlag } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { renderAdvice } from './render-advice.ts';

export type AdviseFlags = ConnectionFlags & OutputFlags & SnapshotFlag & { goal: Goal; prometheus?: string };

export async function adviseSettings(io: Io, flags: AdviseFlags): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true, needs: needsOf.check }, async (reading) => {
    const { client } = reading;
    requireLists(reading.snapshot, ['kubeVirts', 'virtualMachineInstances'], undefined);
    const [{ measured }, { advise }] = await Promise.all([
      import('../../settings/measure.ts'),
      import('../../settings/advise.ts'),
    ]);
    const prometheus =
      flags.prometheus === undefined ? undefined : { url: flags.prometheus, token: io.env['PROMETHEUS_TOKEN'] };
    const { snapshot, rates, unknown } = await measured(reading.snapshot, client, { prometheus, signal: io.signal });
    if (unknown.guests !== undefined) note(io, `note: ${unknown.guests}; the advice rests on assumptions`);
    if (unknown.prometheus !== undefined)
      note(io, `note: ${unknown.prometheus}${prometheus === undefined ? '; name its route with --prometheus' : ''}`);
    const advice = advise(snapshot, flags.goal, rates);
    if (flags.output === 'json' || flags.output === 'yaml') {
      io.stdout.write(await renderDocument(document('SettingsAdvice', advice), flags.output));
    } else {
      io.stdout.write(await renderAdvice(advice, io.name));
    }
    return shouldChange(advice) ? exit.findings : exit.ok;
  });
}

function shouldChange({ recommendations, policies, findings }: Advice): boolean {
  return recommendations.length > 0 || policies.length > 0 || findings.some(({ severity }) => severity !== 'info');
}
