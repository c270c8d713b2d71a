import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { isGone, isNotFound } from './errors.ts';
import { cleanUp, failed, first, start, thing } from './testing/fixture.ts';
import { sendJson, sendStatus, things } from './testing/server.ts';
import type { StoredObject } from './types.ts';

afterEach(cleanUp);

const names = (items: StoredObject[]): string[] => items.map(({ metadata }) => metadata.name);

describe('list', () => {
  test('reads page by page, and keeps what map makes of each item', async () => {
    const { server, client, store } = await start();
    for (let i = 0; i < 1201; i++) store.put(`o${String(i).padStart(4, '0')}`, i);
    const { items, resourceVersion } = await client.list(things, { map: ({ metadata }) => metadata.name });
    expect(items).toHaveLength(1201);
    expect(items[1200]).toBe('o1200');
    expect(resourceVersion).toBe(String(store.version));
    expect(server.seen.map(({ query }) => query.get('limit'))).toEqual(['500', '500', '500']);
    expect(client.requests).toBe(3);
  });

  test('sends namespace, selectors and limit', async () => {
    const { server, client } = await start();
    await client.list(things, { namespace: 'vms', labelSelector: 'a in (b, c)', fieldSelector: 'x=y', limit: 7 });
    expect(server.seen[0]?.path).toBe('/apis/test.ferry.run/v1/namespaces/vms/things');
    expect(Object.fromEntries(server.seen[0]!.query)).toEqual({
      labelSelector: 'a in (b, c)',
      fieldSelector: 'x=y',
      limit: '7',
    });
  });

  test('begins anew when the version of its pages is compacted away meanwhile', async () => {
    const { server, client, store } = await start();
    for (const name of ['a', 'b', 'c']) store.put(name, 1);
    let requests = 0;
    server.script = () => {
      if (++requests === 2) {
        store.remove('a');
        store.compact();
      }
      return false;
    };
    const { items } = await client.list(things, { limit: 2 });
    expect(names(items)).toEqual(['b', 'c']);
  });

  test('asks for everything at once when pages keep expiring', async () => {
    const { server, client, store } = await start();
    for (const name of ['a', 'b', 'c']) store.put(name, 1);
    server.script = () => {
      store.version++;
      store.compact();
      return false;
    };
    const { items } = await client.list(things, { limit: 1 });
    expect(names(items)).toEqual(['a', 'b', 'c']);
    expect(server.seen.at(-1)?.query.has('limit')).toBe(false);
  });

  test('410 without pages is an error', async () => {
    const { server, client } = await start();
    server.script = (_, response) => {
      sendStatus(response, 410, 'Expired', 'too old');
      return true;
    };
    expect(isGone(await failed(client.list(things)))).toBe(true);
  });

  test('items: null is an empty list', async () => {
    const { server, client } = await start();
    first(server, (response) => sendJson(response, 200, { metadata: { resourceVersion: '7' }, items: null }));
    expect(await client.list(things)).toEqual({ items: [], resourceVersion: '7' });
  });
});

describe('writes', () => {
  test.each([
    ['merge', 'application/merge-patch+json'],
    ['json', 'application/json-patch+json'],
    ['strategic', 'application/strategic-merge-patch+json'],
    ['apply', 'application/apply-patch+yaml'],
  ] as const)('a %s patch has content type %s', async (type, contentType) => {
    const { server, client } = await start();
    await client.patch(
      things,
      'a',
      type,
      { spec: 1 },
      { namespace: 'vms', subresource: 'status', dryRun: true, force: true },
    );
    const { method, path, query, headers, body } = server.seen[0]!;
    expect([method, path]).toEqual(['PATCH', '/apis/test.ferry.run/v1/namespaces/vms/things/a/status']);
    expect(Object.fromEntries(query)).toEqual({
      dryRun: 'All',
      fieldManager: 'ferry',
      ...(type === 'apply' ? { force: 'true' } : {}),
    });
    expect(headers).toMatchObject({
      'content-type': contentType,
      accept: 'application/json, */*',
      'user-agent': 'ferry',
    });
    expect(JSON.parse(body)).toEqual({ spec: 1 });
  });

  test('create posts to the namespace of the object, an eviction to its pod', async () => {
    const { server, client } = await start();
    expect(await client.create(things, thing, { fieldManager: 'me' })).toEqual(thing);
    await client.create(things, thing, { subresource: 'eviction' });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /apis/test.ferry.run/v1/namespaces/default/things',
      'POST /apis/test.ferry.run/v1/namespaces/default/things/a/eviction',
    ]);
    expect(server.seen[0]!.query.get('fieldManager')).toBe('me');
  });

  test('delete sends its preconditions', async () => {
    const { server, client } = await start();
    await client.delete(things, 'a', {
      namespace: 'vms',
      preconditions: { uid: 'u' },
      propagationPolicy: 'Foreground',
    });
    expect(JSON.parse(server.seen[0]!.body)).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      preconditions: { uid: 'u' },
      propagationPolicy: 'Foreground',
    });
  });

  test('raw takes any path, and answers the caller accepts', async () => {
    const { server, client } = await start();
    first(
      server,
      (response) => response.writeHead(202, { 'x-a': 'b' }).end(),
      (response) => sendStatus(response, 404, '', 'no'),
    );
    const put = await client.raw('PUT', '/x/migrate?a=b', { body: {}, query: { c: 'd' }, headers: { 'X-Y': 'z' } });
    expect(put).toMatchObject({ status: 202, text: '', headers: { 'x-a': 'b' } });
    expect(server.seen[0]).toMatchObject({ path: '/x/migrate', body: '{}', headers: { 'x-y': 'z' } });
    expect([...server.seen[0]!.query]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await client.raw('GET', '/x', { accept: (status) => status === 404 })).toMatchObject({ status: 404 });
    expect(isNotFound(await failed(client.raw('GET', '/nothing')))).toBe(true);
  });
});

test('a compressed answer is read', async () => {
  const { server, client } = await start();
  first(server, (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(gzipSync(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [thing] })));
  });
  expect(names((await client.list(things)).items)).toEqual(['a']);
});

test("serverNow follows the server's Date", async () => {
  const { server, client, timing } = await start();
  const ahead = timing.now() + 3_600_000;
  first(server, (response) => sendJson(response, 200, {}, { date: new Date(ahead).toUTCString() }));
  await client.get(things, 'a');
  expect(Math.abs(client.serverNow() - ahead)).toBeLessThan(60_000);
});
