import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, KubeError } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import type { NetworkEvent } from './events.ts';

/** What every part of a run works with. */
export interface Context {
  client: KubeClient;
  emit: (event: NetworkEvent) => void;
  /** Ends the run where it is; nothing is undone by it. */
  signal: AbortSignal;
}

/** A step did not come about. The message is one sentence of what is the case. */
export class StepFailed extends Error {}

/** Between two looks: quick at first, for many things are, ms. */
const PAUSES = [100, 200, 400, 800, 1000];
/** So many looks at least, whatever the server's clock says. */
const LEAST_LOOKS = 8;
/** How long an API server that does not answer is waited for, ms of this machine's time. */
const PATIENCE = 180_000;

/** Whether the same may succeed a little later: no answer, or one that says so. */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500;
  return error instanceof KubeError && (error.kind === 'connection' || error.kind === 'timeout');
}

/** Does something that may be done again, as often as it takes while the API server is away; not when it is refused. */
export async function patiently<T>(context: Context, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      context.signal.throwIfAborted();
      if (!isPassing(error) || performance.now() - begun > PATIENCE || tries >= 12) throw error;
      if (tries === 0)
        context.emit({ type: 'waiting', message: `the API server does not answer (${(error as Error).message})` });
      await pause(context, tries);
    }
  }
}

/**
 * Looks again and again until `look` gives something. `progress` is what tells that it goes on: the time begins anew
 * whenever that changes. Throws StepFailed after so many ms (of the server's clock) without progress.
 */
export async function until<T>(
  context: Context,
  { what, limit }: { what: string; limit: number },
  look: () => Promise<{ done: T } | { progress: string }>,
): Promise<T> {
  const { client, signal } = context;
  let [since, last, looks] = [client.serverNow(), '', 0];
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted();
    const seen = await patiently(context, look);
    if ('done' in seen) return seen.done;
    if (seen.progress !== last) [since, last, looks] = [client.serverNow(), seen.progress, 0];
    looks++;
    if (looks >= LEAST_LOOKS && client.serverNow() - since > limit) {
      throw new StepFailed(`${what}: nothing moved for ${Math.round(limit / 60_000)} minutes (${seen.progress})`);
    }
    await pause(context, tries);
  }
}

async function pause({ signal }: Context, tries: number): Promise<void> {
  await delay(PAUSES[Math.min(tries, PAUSES.length - 1)], undefined, { signal }).catch(() => signal.throwIfAborted());
}
