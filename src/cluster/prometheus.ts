import { ApiError, KubeError } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';

/** Answers of a Prometheus, or the reason why there are none. */
export type Readings = { known: true; source: string; byVm: Map<string, number> } | { known: false; why: string };

/** Whoever answers instant queries of Prometheus' HTTP API: the text of the answer. Throws if there is none. */
export type Ask = (query: string) => Promise<string>;

const PATH = '/api/v1/query';
const TIMEOUT = 10_000;

/** A Prometheus at a URL; `token` is sent as a bearer token. */
export function prometheusAt(url: string, token: string | undefined, signal: AbortSignal): Ask {
  return async (query) => {
    const at = new URL(`${url.replace(/\/+$/, '')}${PATH}`);
    at.searchParams.set('query', query);
    const response = await fetch(at, {
      headers: { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await response.text();
  };
}

/**
 * OpenShift's Thanos through the API server. The API server takes the user's token off what it passes on, so that Thanos
 * answers only where somebody lets it do so without; then --prometheus with the address of its route is the way.
 */
export function openshiftThanos(client: KubeClient, signal: AbortSignal): Ask {
  return async (query) => {
    const service = '/api/v1/namespaces/openshift-monitoring/services/https:thanos-querier:9091/proxy';
    const { text } = await client.raw('GET', `${service}${PATH}`, { query: { query }, signal, timeout: TIMEOUT });
    return text;
  };
}

/** How much VMs write: the 90th percentile of virt-handler's samples of the last day, bytes per second. */
export async function readDirtyRates(ask: Ask, signal: AbortSignal): Promise<Readings> {
  const query = 'max by (namespace, name) (quantile_over_time(0.9, kubevirt_vmi_dirty_rate_bytes_per_second[1d]))';
  try {
    const byVm = vectorOf(await ask(query));
    if (byVm.size === 0)
      return { known: false, why: 'it has no kubevirt_vmi_dirty_rate_bytes_per_second (KubeVirt has it since 1.6)' };
    return { known: true, source: 'the 90th percentile of the last day, from Prometheus', byVm };
  } catch (error) {
    signal.throwIfAborted();
    return { known: false, why: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return `HTTP ${error.status}`;
  if (error instanceof KubeError) return error.message;
  const { cause, message } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

interface Answer {
  status?: string;
  error?: string;
  data?: { resultType?: string; result?: { metric?: Record<string, string>; value?: [number, string] }[] };
}

/** An instant vector by `namespace/name`. Throws if the answer is none. */
function vectorOf(text: string): Map<string, number> {
  let answer: Answer;
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    throw new Error('its answer is not that of a Prometheus');
  }
  if (answer.status !== 'success' || answer.data?.resultType !== 'vector' || !Array.isArray(answer.data.result)) {
    throw new Error(answer.error ?? 'its answer is not that of a Prometheus');
  }
  const found = new Map<string, number>();
  for (const { metric, value } of answer.data.result) {
    const number = Number(value?.[1]);
    if (metric?.['namespace'] === undefined || metric['name'] === undefined || !Number.isFinite(number)) continue;
    found.set(`${metric['namespace']}/${metric['name']}`, number);
  }
  return found;
}
