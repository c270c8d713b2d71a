import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Change, type ResourceKind, resourceKind } from './resource.ts';
import { Subscriptions } from './subscriptions.ts';

interface Following {
  tell(change: Change): void;
  signal: AbortSignal;
  fail(error: Error): void;
}

let following: Following[];
let subscriptions: Subscriptions;

function kind(name: string): ResourceKind {
  return resourceKind({
    name,
    title: name,
    description: name,
    mimeType: 'text/plain',
    uri: `ferry://${name}/{id}`,
    variables: z.strictObject({ id: z.string().regex(/^\w+$/) }),
    needs: [],
    read: () => Promise.resolve(name),
    changes: {
      needs: [],
      follow: ({ signal }, tell) =>
        new Promise((resolve, reject) => {
          following.push({ tell, signal, fail: reject });
          signal.addEventListener('abort', () => resolve());
        }),
    },
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  following = [];
  const source = (signal: AbortSignal) => ({ signal }) as never;
  subscriptions = new Subscriptions([kind('a'), kind('b')], source);
});

afterEach(() => {
  subscriptions.close();
  vi.useRealTimers();
});

/** A subscriber and what it has been told. */
function hearing(uris: string[], list = false): { told: string[]; end: () => void } {
  const told: string[] = [];
  const end = subscriptions.add(
    { uris, list },
    { updated: (uri) => told.push(uri), listChanged: () => told.push('list') },
  );
  return { told, end };
}

describe('what is followed', () => {
  test('nothing while nobody subscribes; a kind once, however many do; nothing again after the last', () => {
    expect(subscriptions.followed).toEqual([]);
    const [one, two] = [hearing(['ferry://a/1']), hearing(['ferry://a/2'])];
    expect(subscriptions.followed).toEqual(['a']);
    expect(following).toHaveLength(1);
    one.end();
    one.end();
    expect(following[0]?.signal.aborted).toBe(false);
    two.end();
    expect(following[0]?.signal.aborted).toBe(true);
    expect(subscriptions.followed).toEqual([]);
  });

  test('all kinds, for whoever wants to know of the list', () => {
    hearing([], true);
    expect(subscriptions.followed).toEqual(['a', 'b']);
  });

  test('again after half a minute, when its news have failed', async () => {
    hearing(['ferry://a/1']);
    following[0]?.fail(new Error('refused'));
    await vi.advanceTimersByTimeAsync(29_000);
    expect(following).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(following).toHaveLength(2);
  });
});

describe('what is told', () => {
  test('each subscriber hears of its own URIs, and of the list only if it wants to', () => {
    const [one, two] = [hearing(['ferry://a/1']), hearing(['ferry://a/2'], true)];
    following[0]?.tell({ uri: 'ferry://a/1', list: true });
    following[0]?.tell({ uri: 'ferry://a/2' });
    expect(one.told).toEqual(['ferry://a/1']);
    expect(two.told).toEqual(['list', 'ferry://a/2']);
  });

  test('at most once a second, and of the last change always', async () => {
    const { told } = hearing(['ferry://a/1']);
    for (let change = 0; change < 450; change++) {
      following[0]?.tell({ uri: 'ferry://a/1' });
      await vi.advanceTimersByTimeAsync(10);
    }
    // Four and a half seconds of changes: the first at once, then one each second.
    expect(told).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toHaveLength(6);
  });

  test('what is changed while nobody listens is not remembered', async () => {
    const { told } = hearing(['ferry://a/1']);
    for (let each = 0; each < 1_000; each++) following[0]?.tell({ uri: `ferry://a/${each + 2}` });
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told).toEqual([]);
  });

  test('anything may have changed: those of this kind are told', () => {
    const { told } = hearing(['ferry://a/1', 'ferry://b/1']);
    following[1]?.tell('anything');
    expect(told).toEqual(['ferry://b/1']);
  });

  test('after the end nothing, not even what was waiting', async () => {
    const { told, end } = hearing(['ferry://a/1']);
    following[0]?.tell({ uri: 'ferry://a/1' });
    following[0]?.tell({ uri: 'ferry://a/1' });
    end();
    following[0]?.tell({ uri: 'ferry://a/1' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual(['ferry://a/1']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a wish is refused', () => {
  const { signal } = new AbortController();
  test.each<[string, string[], string]>([
    ['for a URI of no kind', ['ferry://c/1'], 'there is no resource "ferry://c/1"'],
    ['for a name that can not be', ['ferry://a/%2e%2e'], 'there is no resource'],
    ['for a URI that is written otherwise than told', ['ferry://a/%31'], 'is not how this resource is written'],
    ['for too many', Array.from({ length: 101 }, (_, id) => `ferry://a/${id}`), 'more than 100 URIs'],
  ])('%s', async (_, uris, message) => {
    await expect(subscriptions.admit({ uris, list: false }, signal)).rejects.toThrow(message);
  });

  test('and granted otherwise', async () => {
    await expect(subscriptions.admit({ uris: ['ferry://a/1'], list: true }, signal)).resolves.toBeUndefined();
  });
});
