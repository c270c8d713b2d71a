import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resources } from '../resources.ts';
import { type FaultLab, faultLab } from './testing.ts';

let lab: FaultLab;

beforeEach(async () => {
  lab = await faultLab();
});

afterEach(async () => {
  await lab.stop();
  expect(lab.faults).toEqual([]);
});

const PODS = '/api/v1/pods?limit=1';

describe('requests', () => {
  test.each([
    ['api-429', 429, 'Too many requests, please try again later.\n', '1'],
    ['api-500', 500, expect.stringContaining('"message":"etcdserver: request timed out"'), undefined],
    ['api-503', 503, 'service unavailable\n', undefined],
  ])('get the answer of %s until it ends, and not the lab’s own paths', async (name, status, text, retryAfter) => {
    lab.inject(name, { for: '30s' });
    const answer = await lab.ask('GET', PODS);
    expect(answer).toMatchObject({ status, text });
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect((await lab.ask('GET', '/lab/v1/time')).status).toBe(200);
    lab.clock.advanceBy(29_000);
    expect((await lab.ask('GET', PODS)).status).toBe(status);
    lab.clock.advanceBy(1000);
    expect((await lab.ask('GET', PODS)).status).toBe(200);
  });

  test.each([
    ['verb', { verb: 'list' }, ['/api/v1/pods'], ['/api/v1/nodes/worker-0', '/version', '/api/v1']],
    [
      'resource',
      { resource: 'virtualmachines.kubevirt.io' },
      ['/apis/kubevirt.io/v1/virtualmachines'],
      ['/api/v1/pods', '/apis/kubevirt.io/v1/virtualmachineinstances'],
    ],
    [
      'verb and resource',
      { verb: 'get', resource: 'nodes' },
      ['/api/v1/nodes/worker-0'],
      ['/api/v1/nodes', '/api/v1/namespaces/shop'],
    ],
  ])('are picked by %s', async (_, given, hit, spared) => {
    lab.inject('api-500', given);
    for (const path of hit) expect((await lab.ask('GET', path)).status).toBe(500);
    for (const path of spared) expect((await lab.ask('GET', path)).status).toBe(200);
  });

  test('are picked by rate, the same ones with the same seed', async () => {
    const statuses = async (from: FaultLab): Promise<number[]> => {
      from.inject('api-503', { rate: '30%' });
      const all: number[] = [];
      for (let count = 0; count < 60; count++) all.push((await from.ask('GET', '/version')).status);
      return all;
    };
    const first = await statuses(lab);
    const other = await faultLab();
    const second = await statuses(other);
    await other.stop();
    expect(second).toEqual(first);
    const failed = first.filter((status) => status === 503).length;
    expect(failed).toBeGreaterThan(8);
    expect(failed).toBeLessThan(30);
  });

  test('wait as long as api-latency says, and no longer than it lasts', async () => {
    lab.inject('api-latency', { delay: '2s', for: '10s' });
    const done: string[] = [];
    const first = lab.ask('GET', '/version').then(() => done.push('first'));
    // A request that is not delayed shows that the first one has arrived.
    await lab.ask('GET', '/lab/v1/time');
    lab.clock.advanceBy(1900);
    await lab.ask('GET', '/lab/v1/time');
    expect(done).toEqual([]);
    lab.clock.advanceBy(100);
    await first;
    lab.clock.advanceBy(7000);
    const last = lab.ask('GET', '/version').then(() => done.push('last'));
    await lab.ask('GET', '/lab/v1/time');
    lab.clock.advanceBy(1000);
    await last;
    expect(done).toEqual(['first', 'last']);
  });

  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'written', namespace: 'shop' } };
  test.each([
    ['before', false],
    ['after', true],
  ])('lose their connection %s they are carried out', async (when, written) => {
    lab.inject('api-reset', { when, verb: 'create' });
    await expect(lab.ask('POST', '/api/v1/namespaces/shop/configmaps', map)).rejects.toThrow();
    expect(lab.store.get('configmaps', 'shop', 'written') !== undefined).toBe(written);
    lab.injector.clear('api-reset');
    expect((await lab.ask('POST', '/api/v1/namespaces/shop/configmaps', map)).status).toBe(written ? 409 : 201);
  });
});

describe('watches', () => {
  test('are cut by watch-drop, those of one resource or all', async () => {
    const pods = await lab.watch('/api/v1/pods?watch=1&resourceVersion=0');
    const nodes = await lab.watch('/api/v1/nodes?watch=1&resourceVersion=0');
    expect(lab.inject('watch-drop', { resource: 'pods' }).until).toBeDefined();
    await pods.ended;
    lab.inject('watch-drop');
    await nodes.ended;
    expect(lab.injector.active()).toEqual([]);
  });

  test('are cut again and again with every', async () => {
    lab.inject('watch-drop', { every: '10s', for: '25s' });
    for (let round = 0; round < 2; round++) {
      const watch = await lab.watch('/api/v1/nodes?watch=1&resourceVersion=0');
      lab.clock.advanceBy(10_000);
      await watch.ended;
    }
    expect(lab.injector.active()).toHaveLength(1);
    lab.clock.advanceBy(10_000);
    expect(lab.injector.active()).toEqual([]);
  });

  test('get 410 when they resume from before a compaction', async () => {
    const { resourceVersion } = (
      JSON.parse((await lab.ask('GET', '/api/v1/namespaces')).text) as { metadata: { resourceVersion: string } }
    ).metadata;
    const path = `/api/v1/namespaces?watch=1&resourceVersion=${resourceVersion}`;
    const before = await lab.watch(path);
    lab.clock.advanceBy(60_000);
    lab.inject('compaction');
    await before.ended;
    const resumed = await lab.watch(path);
    await resumed.ended;
    expect(resumed.lines).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  });
});

describe('stale reads', () => {
  const versionOf = async (path: string): Promise<number> =>
    Number(
      (JSON.parse((await lab.ask('GET', path)).text) as { metadata: { resourceVersion: string } }).metadata
        .resourceVersion,
    );

  test.each([
    ['cached', '?resourceVersion=0', true],
    ['cached', '', false],
    ['any', '', true],
  ])('with reads=%s answer a list with query "%s" from the past: %s', async (reads, query, stale) => {
    const then = lab.store.version;
    lab.inject('stale-reads', { reads, for: '5m' });
    lab.clock.advanceBy(100_000);
    expect((await versionOf(`/api/v1/nodes${query}`)) === then).toBe(stale);
    const node = await versionOf(`/api/v1/nodes/worker-0${query}`);
    expect(node < Number(lab.store.get(resources.nodes, undefined, 'worker-0')?.metadata.resourceVersion)).toBe(stale);
    lab.clock.advanceBy(200_000);
    expect(await versionOf(`/api/v1/nodes${query}`)).toBeGreaterThan(then);
  });

  test('do not know of what a client has seen elsewhere: 504', async () => {
    lab.inject('stale-reads');
    lab.clock.advanceBy(60_000);
    const answer = await lab.ask('GET', `/api/v1/nodes?resourceVersion=${lab.store.version}`);
    expect(answer.status).toBe(504);
    expect(answer.text).toContain('Too large resource version');
  });

  test('do not touch writes: one that is decided on them is a conflict', async () => {
    lab.inject('stale-reads', { reads: 'any' });
    lab.clock.advanceBy(100_000);
    const node = JSON.parse((await lab.ask('GET', '/api/v1/nodes/worker-0')).text) as object;
    expect((await lab.ask('PUT', '/api/v1/nodes/worker-0', node)).status).toBe(409);
  });
});

describe('a restart of the API server', () => {
  test('drops connections, refuses the port, and comes back with its state, certificates and tokens', async () => {
    const watch = await lab.watch('/api/v1/nodes?watch=1&resourceVersion=0');
    const version = lab.store.version;
    expect((await lab.ask('POST', '/lab/v1/faults', { name: 'api-restart', for: '5s' })).status).toBe(201);
    await watch.ended;
    await expect(lab.ask('GET', '/version')).rejects.toThrow('ECONNREFUSED');
    lab.clock.advanceBy(5000);
    let answer;
    while (answer === undefined) answer = await lab.ask('GET', '/api/v1/namespaces').catch(() => undefined);
    expect(answer.status).toBe(200);
    expect(lab.store.version).toBeGreaterThanOrEqual(version);
    expect(lab.injector.active()).toEqual([]);
  });
});

describe('over HTTP', () => {
  test('faults are listed with the catalogue, injected and cleared by id, name, or all', async () => {
    const post = async (body: object) =>
      JSON.parse((await lab.ask('POST', '/lab/v1/faults', body)).text) as { id: string };
    const { id } = await post({ name: 'api-429', rate: 0.1, for: '1m' });
    await post({ name: 'api-429', verb: 'list' });
    await post({ name: 'api-latency' });
    const listed = JSON.parse((await lab.ask('GET', '/lab/v1/faults')).text) as {
      active: object[];
      catalogue: object[];
    };
    expect(listed.active[0]).toEqual({
      id,
      name: 'api-429',
      parameters: { rate: '0.1' },
      since: '2026-03-01T08:00:00Z',
      until: '2026-03-01T08:01:00Z',
    });
    expect(listed.active).toHaveLength(3);
    expect(listed.catalogue.length).toBeGreaterThan(15);
    const clear = async (path: string) =>
      (JSON.parse((await lab.ask('DELETE', `/lab/v1/faults${path}`)).text) as { ended?: object[] }).ended?.length;
    expect(await clear(`/${id}`)).toBe(1);
    expect(await clear('/api-429')).toBe(1);
    expect(await clear('')).toBe(1);
    expect((await lab.ask('DELETE', '/lab/v1/faults/fault-99')).status).toBe(404);
  });

  test.each([
    [{ name: 'earthquake' }, 'there is no fault "earthquake"; the faults are: api-429, '],
    [{}, 'a fault is an object with a name'],
    [{ name: 'api-429', node: 'worker-0' }, 'fault api-429 has no parameter node; it has: rate, verb, resource'],
    [{ name: 'api-429', rate: '2' }, 'rate must be a share above 0 and up to 1, such as 0.3 or 30%; "2" is not'],
    [{ name: 'api-429', rate: ['x'] }, 'rate must be text; ["x"] is not'],
    [{ name: 'api-429', verb: 'look' }, 'verb must be one of get, list, watch'],
    [{ name: 'api-429', for: 'ever' }, 'for must be a duration such as 30s or 5m; "ever" is not'],
    [{ name: 'api-429', for: 30 }, 'for must be a duration such as 30s or 5m; 30 is not'],
    [{ name: 'api-429', for: '9999999999h' }, 'for must be a duration such as 30s or 5m; "9999999999h" is not'],
    [{ name: 'api-latency', delay: '-1s' }, 'delay must be a duration such as 30s or 5m; "-1s" is not'],
    [{ name: 'node-not-ready' }, 'fault node-not-ready needs node: the node'],
    [{ name: 'node-not-ready', node: 'nowhere' }, 'node must be a node of the lab: '],
    [{ name: 'migration-stuck', vm: 'orders-db' }, 'vm must be a VM as NAMESPACE/NAME; "orders-db" is not'],
    [
      { name: 'migration-stuck', vm: 'shop/nothing' },
      'vm must be a VM of the lab, as NAMESPACE/NAME; "shop/nothing" is not',
    ],
    [{ name: 'link-slow', node: 'worker-0', gbps: '0' }, 'gbps must be a number of Gbit/s above 0; "0" is not'],
    [
      { name: 'migration-diverging', vm: 'shop/orders-db', dirty: 'much' },
      'dirty must be an amount such as 2Gi; "much" is not',
    ],
    [{ name: 'quota-exceeded', namespace: 'nowhere' }, 'namespace must be a namespace of the lab; "nowhere" is not'],
  ])('%j is refused with one sentence', async (body, sentence) => {
    const answer = await lab.ask('POST', '/lab/v1/faults', body);
    expect(answer.status).toBe(400);
    expect((JSON.parse(answer.text) as { message: string }).message).toContain(sentence);
    expect(lab.injector.active()).toEqual([]);
  });

  test('what is there already is refused', async () => {
    lab.inject('api-429');
    const answer = await lab.ask('POST', '/lab/v1/faults', { name: 'api-429' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('fault api-429 is there already, as fault-1');
  });
});
