import { readGuestMetrics } from '../cluster/guest-metrics.ts';
import { openshiftThanos, prometheusAt, readDirtyRates } from '../cluster/prometheus.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { DirtyRates } from './loads.ts';

/** A Prometheus other than OpenShift's own. */
export interface PrometheusAt {
  url: string;
  token: string | undefined;
}

/** What there is to rest advice on. */
export interface Measured {
  /** With what virt-handler measures of the guests, if it tells. */
  snapshot: Snapshot;
  /** From Prometheus. */
  rates?: DirtyRates;
  /** What is not known, and why, in a few words. */
  unknown: { guests?: string; prometheus?: string };
}

/** Reads what VMs write: from virt-handler (unless the Snapshot is all there is), and from the Prometheus that was named, or OpenShift's own. */
export async function measured(
  snapshot: Snapshot,
  client: KubeClient | undefined,
  { prometheus, signal }: { prometheus?: PrometheusAt | undefined; signal: AbortSignal },
): Promise<Measured> {
  const [guests, readings] = await Promise.all([
    client === undefined ? undefined : readGuestMetrics(client, snapshot, signal),
    readRates(snapshot, client, prometheus, signal),
  ]);
  return {
    snapshot: guests === undefined ? snapshot : { ...snapshot, guests },
    ...(readings?.known === true && { rates: readings }),
    unknown: {
      ...(guests?.known === false && { guests: `what virt-handler measures is not known (${guests.message})` }),
      ...(readings?.known === false && { prometheus: silent(readings.why, prometheus) }),
    },
  };
}

async function readRates(
  snapshot: Snapshot,
  client: KubeClient | undefined,
  prometheus: PrometheusAt | undefined,
  signal: AbortSignal,
) {
  if (prometheus !== undefined)
    return await readDirtyRates(prometheusAt(prometheus.url, prometheus.token, signal), signal);
  if (client === undefined || !snapshot.versions.openshift) return undefined;
  return await readDirtyRates(openshiftThanos(client, signal), signal);
}

function silent(why: string, prometheus: PrometheusAt | undefined): string {
  return prometheus === undefined
    ? `OpenShift's Prometheus (Thanos) does not answer through the API server: ${why}`
    : `${prometheus.url} does not help: ${why}`;
}
