import { ApiError } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import { compareText } from '../model/memo.ts';
import type { Pod } from '../model/objects.ts';
import { isReadyPod } from '../model/pods.ts';
import { type GuestMetrics, itemsOf, type Listing, type Snapshot } from '../model/snapshot.ts';
import { metricsByVmi, metricsPath } from './handler-metrics.ts';

/** How many virt-handlers are asked at the same time. */
const AT_ONCE = 16;

/** virt-handler's names, in all versions that have them (facts/kubevirt.md G1, G2). */
const DIRTY_RATE = 'kubevirt_vmi_dirty_rate_bytes_per_second';
const RESIDENT = 'kubevirt_vmi_memory_resident_bytes';

/**
 * What the virt-handlers measure of the guests they run: one request a node, through the API server. Known as soon as
 * one of them answers; the guests of those that don't are not in the list.
 */
export async function readGuestMetrics(
  client: KubeClient,
  snapshot: Snapshot,
  signal?: AbortSignal,
): Promise<Listing<GuestMetrics>> {
  const handlers = itemsOf(snapshot.lists.pods).filter(
    (pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler' && isReadyPod(pod),
  );
  if (handlers.length === 0) return { known: false, why: 'missing', message: 'no virt-handler was found' };
  const waiting = [...handlers];
  const items: GuestMetrics[] = [];
  let refused: unknown;
  let answers = 0;
  const ask = async (handler: Pod): Promise<void> => {
    try {
      const headers = { accept: 'text/plain' };
      const { text } = await client.raw('GET', metricsPath(handler), { headers, ...(signal && { signal }) });
      answers++;
      items.push(...parseGuestMetrics(text, handler.spec?.nodeName ?? ''));
    } catch (error) {
      signal?.throwIfAborted();
      refused = error;
    }
  };
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      // Who may not read one may not read any.
      if (answers === 0 && refused instanceof ApiError && refused.status === 403) return;
      await ask(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (answers > 0) {
    return {
      known: true,
      items: items.sort((a, b) => compareText(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`)),
    };
  }
  const why = refused instanceof ApiError && refused.status === 403 ? 'forbidden' : 'failed';
  return { known: false, why, message: refused instanceof Error ? refused.message : String(refused) };
}

/** The guests of one virt-handler's page of metrics. */
export function parseGuestMetrics(text: string, node: string): GuestMetrics[] {
  return [...metricsByVmi(text, 'kubevirt_vmi_')].flatMap(([key, values]) => {
    const dirtyRate = values.get(DIRTY_RATE);
    const residentBytes = values.get(RESIDENT);
    if (dirtyRate === undefined && residentBytes === undefined) return [];
    const [namespace = '', name = ''] = key.split('/');
    return [
      {
        namespace,
        name,
        node,
        ...(dirtyRate !== undefined && { dirtyRate }),
        ...(residentBytes !== undefined && { residentBytes }),
      },
    ];
  });
}
