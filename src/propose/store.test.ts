import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exit } from '../model/errors.ts';
import type { Draft, Prepared } from './draft.ts';
import { LIFETIME, type Prepare, ProposalStore } from './store.ts';

const never = new AbortController().signal;

/** A write on a counter in memory: what it would do depends on the counter. */
function world() {
  const state = { value: 0, writes: 0, release: (): void => undefined };
  const prepare: Prepare = () => {
    const draft: Draft = {
      summary: 'Count.',
      objects: [],
      findings: [],
      effect: [],
      premises: { value: state.value },
    };
    const prepared: Prepared = {
      draft,
      rehearse: () => Promise.resolve(),
      carryOut: async ({ tell }) => {
        tell('begun');
        await new Promise<void>((resolve) => {
          state.release = resolve;
          queueMicrotask(resolve);
        });
        state.writes++;
        state.value++;
        return { exit: exit.ok, summary: 'counted', details: {} };
      },
    };
    return Promise.resolve(prepared);
  };
  return { state, prepare };
}

const how = { wait: 1000, signal: never };

describe('a proposal', () => {
  test('is carried out once, whoever asks how often', async () => {
    const { state, prepare } = world();
    const store = new ProposalStore(never);
    const { id, hash } = await store.propose(prepare, 'me', never);
    expect(state.writes).toBe(0);
    const all = await Promise.all([1, 2, 3].map(() => store.apply(id, hash, 'me', how)));
    expect(all.map(({ progress }) => progress.state)).toEqual(['done', 'done', 'done']);
    expect(state.writes).toBe(1);
  });

  test('that runs when the server ends is waited for until it has stopped', async () => {
    const end = new AbortController();
    const store = new ProposalStore(end.signal);
    const stops: Prepare = async (signal) => ({
      ...(await world().prepare(signal)),
      carryOut: async ({ signal: ended }) => {
        await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }));
        return { exit: exit.interrupted, summary: 'stopped', details: {} };
      },
    });
    const { id, hash } = await store.propose(stops, 'me', never);
    const { progress } = await store.apply(id, hash, 'me', { wait: 0, signal: never });
    expect(progress.state).toBe('running');
    end.abort();
    await store.settled();
    expect(store.get(id, 'me').progress).toMatchObject({ state: 'done', done: { exit: exit.interrupted } });
  });

  test('whose premises have changed fails, and is not carried out later either', async () => {
    const { state, prepare } = world();
    const store = new ProposalStore(never);
    const { id, hash } = await store.propose(prepare, 'me', never);
    state.value = 7;
    const { progress } = await store.apply(id, hash, 'me', how);
    expect(progress).toMatchObject({ state: 'failed', error: { code: 'FERRY_E_STALE' } });
    state.value = 0;
    expect((await store.apply(id, hash, 'me', how)).progress.state).toBe('failed');
    expect(state.writes).toBe(0);
  });

  test('expires, and can then not be confirmed', async () => {
    const { prepare } = world();
    let now = 0;
    const store = new ProposalStore(never, () => now);
    const { id, hash } = await store.propose(prepare, 'me', never);
    now = LIFETIME;
    expect(store.get(id, 'me').progress.state).toBe('expired');
    await expect(store.apply(id, hash, 'me', how)).rejects.toMatchObject({ code: 'FERRY_E_STALE' });
  });

  test('that the user said no to is closed for good', async () => {
    const { state, prepare } = world();
    const store = new ProposalStore(never);
    const { id, hash } = await store.propose(prepare, 'me', never);
    expect(() => store.refuse(id, hash, 'you')).toThrow(/there is no proposal/);
    store.refuse(id, hash, 'me');
    expect(store.get(id, 'me').progress.state).toBe('refused');
    await expect(store.apply(id, hash, 'me', how)).rejects.toMatchObject({ code: 'FERRY_E_UNCONFIRMED' });
    expect(state.writes).toBe(0);
  });

  test('does not begin for a request that was taken back', async () => {
    const { state, prepare } = world();
    const store = new ProposalStore(never);
    const { id, hash } = await store.propose(prepare, 'me', never);
    await expect(store.apply(id, hash, 'me', { wait: 0, signal: AbortSignal.abort() })).rejects.toThrow();
    expect([store.get(id, 'me').progress.state, state.writes]).toEqual(['open', 0]);
  });

  test("is nobody else's", async () => {
    const { prepare } = world();
    const store = new ProposalStore(never);
    const { id, hash } = await store.propose(prepare, 'me', never);
    expect(() => store.get(id, 'you')).toThrow(/there is no proposal/);
    await expect(store.apply(id, hash, 'you', how)).rejects.toMatchObject({ code: 'FERRY_E_NOT_FOUND' });
    expect(store.list('you')).toEqual([]);
    expect(store.list('me')).toHaveLength(1);
  });

  test('that the API server would not take is not made', async () => {
    const { prepare } = world();
    const store = new ProposalStore(never);
    const refused: Prepare = async (signal) => ({
      ...(await prepare(signal)),
      rehearse: () => Promise.reject(new Error('no')),
    });
    await expect(store.propose(refused, 'me', never)).rejects.toThrow('no');
    expect(store.list('me')).toEqual([]);
  });
});

test('however many are made, few are kept, and listeners hear of each change', async () => {
  const { prepare } = world();
  const store = new ProposalStore(never);
  const heard = new Set<string>();
  const stop = store.onChange((id) => heard.add(id));
  for (let made = 0; made < 500; made++) await store.propose(prepare, 'me', never);
  stop();
  expect(heard.size).toBe(500);
  expect(store.list('me').length).toBeLessThanOrEqual(200);
});

test('no hash but its own carries a proposal out', async () => {
  const { state, prepare } = world();
  const store = new ProposalStore(never);
  const { id, hash } = await store.propose(prepare, 'me', never);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.constant(hash.toUpperCase()), fc.constant(hash.slice(1))),
      async (other) => {
        fc.pre(other !== hash);
        await expect(store.apply(id, other, 'me', how)).rejects.toMatchObject({ code: 'FERRY_E_UNCONFIRMED' });
      },
    ),
  );
  expect(state.writes).toBe(0);
});
