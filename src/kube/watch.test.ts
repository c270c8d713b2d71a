import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { connectDirect } from './connect.ts';
import { ApiError, ConnectionError } from './errors.ts';
import { cleanUp, later } from './testing/fixture.ts';
import { FakeServer, type FakeServerOptions, sendStatus, things } from './testing/server.ts';
import { quickTiming } from './testing/timing.ts';
import { stateOf, WatchRecorder } from './testing/watch-recorder.ts';
import type { Timing } from './timing.ts';

afterEach(cleanUp);

async function start(options: FakeServerOptions = {}, timing: Partial<Timing> = {}) {
  const server = await FakeServer.start(options);
  const client = connectDirect({ server: server.url }, quickTiming(timing));
  const abort = new AbortController();
  const watch = () => new WatchRecorder(client.watch(things, { signal: abort.signal }));
  const settled = (recorder: WatchRecorder) => recorder.reaches(stateOf(server.store.objects.values()));
  later(() => server.kill());
  later(() => client.close());
  later(() => abort.abort());
  return { server, client, abort, watch, settled, store: server.store };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const watchesOf = (server: FakeServer) => server.seen.filter(({ query }) => query.has('watch'));

describe.each(['serve', 'refuse', 'ignore'] as const)('with a server whose WatchList is "%s"', (watchList) => {
  const quickIdle = { initialEventsIdle: 20 };

  test('a watch tells what exists, then synced, then changes', async () => {
    const { store, watch, settled, abort } = await start({ watchList }, quickIdle);
    store.put('a', 1);
    store.put('b', 1);
    const told = watch();
    expect(await settled(told)).toBe(true);
    expect(told.events.toSorted()).toEqual(['added a', 'added b']);
    store.put('a', 2);
    store.remove('b');
    store.put('c', 1);
    expect(await settled(told)).toBe(true);
    expect(told.events.slice(2)).toEqual(['modified a', 'deleted b', 'added c']);
    expect(told).toMatchObject({ violations: [], synced: 1, interruptions: 0 });
    abort.abort();
    expect(await told.ended).toBeUndefined();
  });

  test('a server that is killed and comes back with changes loses and doubles nothing', async () => {
    const { server, store, watch, settled } = await start({ watchList }, quickIdle);
    for (const name of ['kept', 'changed', 'deleted', 'recreated']) store.put(name, 1);
    const told = watch();
    expect(await settled(told)).toBe(true);
    await server.kill();
    store.put('new', 1);
    store.put('changed', 2);
    store.remove('deleted');
    store.remove('recreated');
    store.put('recreated', 2);
    store.compact();
    await server.start();
    expect(await settled(told)).toBe(true);
    expect(told.events.slice(4).toSorted()).toEqual(
      ['added new', 'added recreated', 'deleted deleted', 'deleted recreated', 'modified changed'].toSorted(),
    );
    expect(told).toMatchObject({ violations: [], synced: 1, interruptions: 1 });
  });

  test('an empty collection is synced, too', async () => {
    const { watch, settled } = await start({ watchList }, quickIdle);
    const told = watch();
    expect(await settled(told)).toBe(true);
    expect(told.events).toEqual([]);
  });
});

test('a watch that the server ends goes on from the last version, without a list', async () => {
  const { server, store, watch, settled } = await start();
  store.put('a', 1);
  const told = watch();
  await settled(told);
  const { resourceVersion } = store.put('b', 1).metadata;
  await settled(told);
  server.endWatches();
  store.put('c', 1);
  expect(await settled(told)).toBe(true);
  expect(watchesOf(server).map(({ query }) => query.get('resourceVersion'))).toEqual([null, resourceVersion]);
  expect(told).toMatchObject({ events: ['added a', 'added b', 'added c'], violations: [], interruptions: 0 });
});

test('a bookmark moves the version to go on from, past a compaction', async () => {
  const { server, store, watch, settled } = await start();
  store.put('a', 1);
  const told = watch();
  await settled(told);
  store.version += 50;
  server.bookmark();
  const version = store.version;
  store.put('b', 1);
  await settled(told);
  server.tearWatches();
  await until(() => watchesOf(server).length > 1);
  const [first, second] = watchesOf(server).map(({ query }) => query);
  expect(first?.get('allowWatchBookmarks')).toBe('true');
  expect(Number(first?.get('timeoutSeconds'))).toBe(450);
  expect(Number(second?.get('resourceVersion'))).toBeGreaterThan(version);
});

test('an event that was cut in two is told once, whole', async () => {
  const { server, store, watch, settled } = await start();
  store.put('a', 1);
  const told = watch();
  await settled(told);
  server.tearWatches();
  store.put('a', 2, 'é'.repeat(100_000));
  expect(await settled(told)).toBe(true);
  expect(told).toMatchObject({ events: ['added a', 'modified a'], violations: [] });
});

test('an ERROR event 410 in mid-stream makes it list again and tell the difference', async () => {
  const { server, store, watch, settled } = await start();
  store.put('a', 1);
  store.put('b', 1);
  const told = watch();
  await settled(told);
  server.say({ type: 'ERROR', object: { message: 'too old resource version: 1 (9)', reason: 'Expired', code: 410 } });
  await until(() => watchesOf(server).length > 1);
  store.remove('a');
  expect(await settled(told)).toBe(true);
  expect(watchesOf(server)[1]?.query.get('sendInitialEvents')).toBe('true');
  expect(told).toMatchObject({ events: ['added a', 'added b', 'deleted a'], violations: [], synced: 1 });
});

test('initial events that break off before their end are asked for again, and the difference is told', async () => {
  const { server, store, watch, settled } = await start();
  const a = store.put('a', 1);
  const b = store.put('b', 1);
  store.remove('b');
  server.script = (_, response) => {
    server.script = undefined;
    const lines = [a, b].map((object) => `${JSON.stringify({ type: 'ADDED', object })}\n`);
    response.writeHead(200).write(lines.join(''), () => setTimeout(() => response.destroy(), 5));
    return true;
  };
  const told = watch();
  expect(await settled(told)).toBe(true);
  expect(told.events).toEqual(['added a', 'added b', 'deleted b']);
  expect(told).toMatchObject({ violations: [], synced: 1, interruptions: 1 });
});

test.each(['<html>', { type: 'NEWS' }, { type: 'ADDED' }, null])(
  'a line like %j breaks the watch off, and is not told',
  async (line) => {
    const { server, store, watch, settled } = await start();
    store.put('a', 1);
    const told = watch();
    await settled(told);
    server.say(line);
    await until(() => told.interruptions > 0);
    store.put('b', 1);
    expect(await settled(told)).toBe(true);
    expect(told).toMatchObject({ events: ['added a', 'added b'], violations: [] });
  },
);

test('a version from the future, as after a restored backup, makes it list again', async () => {
  const { server, store, watch, settled } = await start();
  store.put('a', 1);
  const told = watch();
  await settled(told);
  let refusals = 0;
  server.script = ({ query }, response) => {
    if (!query.has('resourceVersion')) return false;
    refusals++;
    // run1/wire/list-rv-future.json
    const details = { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] };
    const body = {
      kind: 'Status',
      message: 'Timeout: Too large resource version',
      reason: 'Timeout',
      code: 504,
      details,
    };
    response.writeHead(504, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
  server.endWatches();
  await until(() => refusals > 0);
  store.remove('a');
  expect(await settled(told)).toBe(true);
  expect(refusals).toBe(1);
});

test('a silent connection is taken for dead, and after two silences everything is listed again', async () => {
  const { server, store, watch, settled } = await start({}, { watchIdle: 30 });
  store.put('a', 1);
  const told = watch();
  await settled(told);
  await until(() => watchesOf(server).length >= 4);
  const kinds = watchesOf(server).map(({ query }) => (query.has('sendInitialEvents') ? 'list' : 'resume'));
  expect(kinds.slice(0, 4)).toEqual(['list', 'resume', 'list', 'resume']);
  expect(told.violations).toEqual([]);
});

test.each([401, 403, 404, 405])('HTTP %d at the start is thrown', async (code) => {
  const { server, watch } = await start();
  server.script = (_, response) => {
    sendStatus(response, code, '', 'no');
    return true;
  };
  const error = await watch().ended;
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: code, access: { verb: 'watch', resource: 'things', group: 'test.ferry.run' } });
  expect(server.seen).toHaveLength(1);
});

test('HTTP 403 later on is thrown when it stays, and forgiven when it passes', async () => {
  const { server, store, watch, settled } = await start();
  store.put('a', 1);
  const told = watch();
  await settled(told);
  let refuse = 2;
  server.script = (_, response) => {
    if (refuse-- <= 0) return false;
    sendStatus(response, 403, 'Forbidden', 'no');
    return true;
  };
  server.endWatches();
  store.put('b', 1);
  expect(await settled(told)).toBe(true);
  refuse = 100;
  server.endWatches();
  expect(await told.ended).toMatchObject({ status: 403 });
  expect(refuse).toBe(97);
});

test('a server that never answered is an error, not an outage', async () => {
  const { server, watch } = await start();
  await server.kill();
  const error = await watch().ended;
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'ECONNREFUSED', maybeSent: false });
});

test('a server that ends every watch at once is asked ever more rarely', async () => {
  const timing = quickTiming();
  const { server, store, watch, settled, abort } = await start({}, timing);
  store.put('a', 1);
  const told = watch();
  await settled(told);
  server.script = (_, response) => {
    response.writeHead(200).end();
    return true;
  };
  server.endWatches();
  await until(() => timing.pauses.length >= 10);
  abort.abort();
  expect(timing.pauses.slice(0, 9)).toEqual([75, 150, 300, 600, 1200, 2400, 3750, 3750, 3750]);
});

test('abort ends a watch quietly wherever it is: listing, waiting, pausing', async () => {
  const { server, store, watch, settled, abort } = await start();
  store.put('a', 1);
  const waiting = watch();
  await settled(waiting);
  server.script = () => true; // never answers
  const listing = watch();
  await until(() => watchesOf(server).length === 2);
  abort.abort();
  expect(await Promise.all([waiting.ended, listing.ended])).toEqual([undefined, undefined]);
  await until(() => server.connections === 0);
});

test('a reader that stops early closes the connection', async () => {
  const { server, store, client, abort } = await start();
  store.put('a', 1);
  for await (const event of client.watch(things, { signal: abort.signal })) {
    expect(event.type).toBe('added');
    break;
  }
  await until(() => server.connections === 0);
  expect(server.watches).toBe(0);
});

test('a reader slower than the idle limit does not lose its connection', async () => {
  const { server, store, client, abort } = await start({}, { watchIdle: 60 });
  for (let i = 0; i < 3; i++) store.put(`o${i}`, 1);
  let count = 0;
  for await (const event of client.watch(things, { signal: abort.signal })) {
    await new Promise((resolve) => setTimeout(resolve, 80));
    if (event.type === 'added' && ++count === 3) break;
  }
  expect(watchesOf(server)).toHaveLength(1);
});

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  fc.record({ do: fc.constantFrom('kill', 'start', 'compact', 'end', 'tear', 'bookmark', 'wait') }),
);

test.each(['serve', 'refuse'] as const)(
  'whatever is changed, killed, compacted and torn, what is told folds to what is there (WatchList: %s)',
  async (watchList) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const { server, store, watch, settled } = await start({ watchList });
        store.put('a', 0);
        const told = watch();
        await settled(told);
        let running = true;
        for (const [index, step] of steps.entries()) {
          if ('name' in step) {
            if (step.do === 'put') store.put(step.name, index, 'x'.repeat((index % 3) * 30_000));
            else store.remove(step.name);
          } else if (step.do === 'kill') {
            await server.kill();
            running = false;
          } else if (step.do === 'start') {
            if (!running) await server.start();
            running = true;
          } else if (step.do === 'compact') store.compact();
          else if (step.do === 'end') server.endWatches();
          else if (step.do === 'tear') server.tearWatches();
          else if (step.do === 'bookmark') server.bookmark();
          else await new Promise((resolve) => setTimeout(resolve, index % 7));
        }
        if (!running) await server.start();
        const reached = await settled(told);
        await cleanUp();
        expect(await told.ended).toBeUndefined();
        expect(told.violations).toEqual([]);
        expect(reached).toBe(true);
      }),
      { numRuns: 60 },
    );
  },
);
