import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import { startTestServer, type TestServer, type WatchLine } from './testing.ts';

const PODS = '/api/v1/namespaces/default/pods';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

let at: TestServer;

beforeEach(async () => {
  at = await startTestServer();
});
afterEach(() => at.close());

const pod = (name: string, labels: Record<string, string> = {}, namespace = 'default'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels },
});
const put = (...names: string[]): void => {
  for (const name of names) at.put('pods', pod(name));
};
const names = (items: KubeObject[]): string[] => items.map(({ metadata }) => metadata.name);
const metaOf = (body: unknown): { continue?: string; remainingItemCount?: number; resourceVersion: string } =>
  (body as { metadata: { continue?: string; resourceVersion: string } }).metadata;

async function pages(query: string, between?: () => void): Promise<{ names: string[][]; versions: Set<string> }> {
  const found: string[][] = [];
  const versions = new Set<string>();
  for (let token = ''; ; ) {
    const { status, body } = await at.send('GET', `/api/v1/pods?${query}${token === '' ? '' : `&continue=${token}`}`);
    expect(status).toBe(200);
    found.push(names(body.items));
    versions.add(metaOf(body).resourceVersion);
    token = metaOf(body).continue ?? '';
    if (token === '') return { names: found, versions };
    between?.();
  }
}

describe('lists', () => {
  test('come in pages by namespace and name', async () => {
    put('b', 'a', 'c');
    at.put('pods', pod('z', {}, 'before'));
    expect((await pages('limit=2&labelSelector=!nope')).names).toEqual([
      ['z', 'a'],
      ['b', 'c'],
    ]);
    const first = await at.send('GET', `${PODS}?limit=2`);
    expect(metaOf(first.body).remainingItemCount).toBe(1);
    const second = await at.send('GET', `${PODS}?limit=2&continue=${metaOf(first.body).continue}`);
    expect(names(second.body.items)).toEqual(['c']);
    expect(metaOf(second.body).continue).toBeUndefined();
  });

  test('show one state over all pages, whatever happens meanwhile', async () => {
    put('a', 'b', 'c', 'd', 'e');
    let count = 0;
    const { names: found, versions } = await pages('limit=2', () => {
      at.store.delete('pods', 'default', 'e');
      put(`bb${count++}`);
    });
    expect(found).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(versions.size).toBe(1);
  });

  test('in pages expire with a compaction; the answer says how to go on', async () => {
    put('a', 'b', 'c');
    const first = await at.send('GET', `${PODS}?limit=1`);
    put('d');
    at.store.compact();
    const late = await at.send('GET', `${PODS}?limit=1&continue=${metaOf(first.body).continue}`);
    expect(late.status).toBe(410);
    expect(late.body.reason).toBe('Expired');
    const token = late.body.metadata.continue as unknown as string;
    const rest = await at.send('GET', `${PODS}?continue=${token}`);
    expect(names(rest.body.items)).toEqual(['b', 'c', 'd']);
  });

  test('with selectors tell no remaining count, and page over what is selected', async () => {
    for (const name of ['a', 'b', 'c', 'd']) at.put('pods', pod(name, { odd: String(name === 'a' || name === 'c') }));
    const first = await at.send('GET', `${PODS}?limit=1&labelSelector=odd%3Dtrue`);
    expect(metaOf(first.body).remainingItemCount).toBeUndefined();
    const second = await at.send(
      'GET',
      `${PODS}?limit=1&labelSelector=odd%3Dtrue&continue=${metaOf(first.body).continue}`,
    );
    expect([...names(first.body.items), ...names(second.body.items)]).toEqual(['a', 'c']);
  });

  test('of built-in kinds leave the type of items to the list; custom resources repeat it', async () => {
    put('a');
    at.put('virtualmachines.kubevirt.io', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'v', namespace: 'default' },
    });
    const pods = await at.send('GET', PODS);
    expect(pods.body).toMatchObject({ apiVersion: 'v1', kind: 'PodList' });
    expect(pods.body.items[0]).not.toHaveProperty('kind');
    const vms = await at.send('GET', '/apis/kubevirt.io/v1alpha3/virtualmachines');
    expect(vms.body.items[0]).toMatchObject({ apiVersion: 'kubevirt.io/v1alpha3', kind: 'VirtualMachine' });
    expect((await at.send('GET', `${PODS}/a`)).body).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
  });
});

describe('watches', () => {
  const told = async (watching: { next(): Promise<WatchLine | undefined> }, count: number): Promise<string[]> => {
    const lines: string[] = [];
    while (lines.length < count) {
      const line = await watching.next();
      lines.push(line === undefined ? 'end' : `${line.type} ${line.object.metadata?.name ?? ''}`.trim());
    }
    return lines;
  };

  test('tell what happened since a version, then what happens', async () => {
    const version = at.store.version;
    put('a', 'b');
    const watching = await at.watch(`${PODS}?watch=1&resourceVersion=${version}`);
    expect(await told(watching, 2)).toEqual(['ADDED a', 'ADDED b']);
    at.store.update('pods', pod('a', { x: 'y' }));
    at.store.delete('pods', 'default', 'b');
    expect(await told(watching, 2)).toEqual(['MODIFIED a', 'DELETED b']);
    watching.stop();
  });

  test('without a version begin with what exists', async () => {
    put('b', 'a');
    const watching = await at.watch(`${PODS}?watch=true`);
    expect(await told(watching, 2)).toEqual(['ADDED a', 'ADDED b']);
    watching.stop();
  });

  test('that want initial events get a bookmark after them', async () => {
    put('a');
    const watching = await at.watch(
      `${PODS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    expect((await watching.next())?.type).toBe('ADDED');
    const bookmark = await watching.next();
    expect(bookmark).toEqual({
      type: 'BOOKMARK',
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { annotations: { 'k8s.io/initial-events-end': 'true' }, resourceVersion: String(at.store.version) },
        spec: { containers: null },
        status: {},
      },
    });
    put('b');
    expect(await told(watching, 1)).toEqual(['ADDED b']);
    watching.stop();
  });

  test('that want initial events have to say of which age', async () => {
    const { status, body } = await at.send('GET', `${PODS}?watch=1&sendInitialEvents=true`);
    expect(status).toBe(422);
    expect(body.details?.causes?.[0]?.field).toBe('resourceVersionMatch');
  });

  test('with a selector tell an object that starts to match as added, one that stops as deleted', async () => {
    put('a');
    const watching = await at.watch(`${PODS}?watch=1&labelSelector=x&resourceVersion=${at.store.version}`);
    at.store.update('pods', pod('a', { x: '1' }));
    at.store.update('pods', pod('a', { x: '2' }));
    at.store.update('pods', pod('a', {}));
    at.store.delete('pods', 'default', 'a');
    put('other');
    at.put('pods', pod('b', { x: '1' }));
    expect(await told(watching, 4)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
    watching.stop();
  });

  test('of one object see only that one', async () => {
    put('a', 'b');
    const watching = await at.watch(
      `${PODS}?watch=1&fieldSelector=metadata.name%3Db&resourceVersion=${at.store.version}`,
    );
    at.store.delete('pods', 'default', 'a');
    at.store.delete('pods', 'default', 'b');
    expect(await told(watching, 1)).toEqual(['DELETED b']);
    watching.stop();
  });

  test('as tables tell the columns once', async () => {
    put('a', 'b');
    const watching = await at.watch(`${PODS}?watch=1`, TABLE);
    const [first, second] = [await watching.next(), await watching.next()];
    expect(first?.object.kind).toBe('Table');
    expect(first?.object.columnDefinitions).toHaveLength(9);
    expect(first?.object.rows[0]?.cells[0]).toBe('a');
    expect(second?.object.columnDefinitions).toBeNull();
    watching.stop();
  });

  test('end cleanly at their time-out', async () => {
    const watching = await at.watch(`${PODS}?watch=1&timeoutSeconds=1&resourceVersion=${at.store.version}`);
    expect(await watching.next()).toBeUndefined();
  });

  test('from the future wait for it', async () => {
    const watching = await at.watch(`${PODS}?watch=1&resourceVersion=${at.store.version + 1}`);
    put('early', 'late');
    expect(await told(watching, 1)).toEqual(['ADDED late']);
    watching.stop();
  });

  test('get a bookmark about once a minute, with the newest version', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      const watching = await at.watch(`${PODS}?watch=1&allowWatchBookmarks=true&resourceVersion=${at.store.version}`);
      at.put('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
      vi.advanceTimersByTime(60_000);
      const line = await watching.next();
      expect(line?.type).toBe('BOOKMARK');
      expect(line?.object.metadata.resourceVersion).toBe(String(at.store.version));
      watching.stop();
    } finally {
      vi.useRealTimers();
    }
  });
});
