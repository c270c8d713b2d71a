import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Advice } from '../../settings/advise.ts';
import type { Goal } from '../../settings/goal.ts';
import type { DirtyRates } from '../../settings/loads.ts';
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
    const snapshot = client === undefined ? reading.snapshot : await withGuests(io, reading.snapshot, client);
    const rates = await dirtyRates(io, snapshot, client, flags.prometheus);
    const { advise } = await import('../../settings/advise.ts');
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

async function withGuests(io: Io, snapshot: Snapshot, client: KubeClient): Promise<Snapshot> {
  const { readGuestMetrics } = await import('../../cluster/guest-metrics.ts');
  const guests = await readGuestMetrics(client, snapshot, io.signal);
  if (!guests.known)
    note(io, `note: what virt-handler measures is not known (${guests.message}); the advice rests on assumptions`);
  return { ...snapshot, guests };
}

/** From the Prometheus that was named, or OpenShift's own; that there is none is said. */
async function dirtyRates(
  io: Io,
  snapshot: Snapshot,
  client: KubeClient | undefined,
  url: string | undefined,
): Promise<DirtyRates | undefined> {
  if (url === undefined && (client === undefined || !snapshot.versions.openshift)) return undefined;
  const { openshiftThanos, prometheusAt, readDirtyRates } = await import('../../cluster/prometheus.ts');
  const ask =
    url === undefined
      ? openshiftThanos(client as KubeClient, io.signal)
      : prometheusAt(url, io.env['PROMETHEUS_TOKEN'], io.signal);
  const readings = await readDirtyRates(ask, io.signal);
  if (readings.known) return readings;
  const what =
    url === undefined
      ? "OpenShift's Prometheus (Thanos) does not answer through the API server"
      : `${url} does not help`;
  note(io, `note: ${what}: ${readings.why}${url === undefined ? '; name its route with --prometheus' : ''}`);
  return undefined;
}
