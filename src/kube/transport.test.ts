import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connectDirect, type DirectOptions } from './connect.ts';
import { ApiError, isConflict, isNotFound, isTooManyRequests, TlsError } from './errors.ts';
import { makeAuthority } from './testing/certificates.ts';
import { cleanUp, failed, first, hangUp, later, start, thing } from './testing/fixture.ts';
import { sendJson, sendStatus, things } from './testing/server.ts';
import { quickTiming } from './testing/timing.ts';

afterEach(cleanUp);

describe('retries', () => {
  test('a read goes on through 503 and hang-ups, waiting as told', async () => {
    const { server, client, timing } = await start();
    first(server, (response) => sendStatus(response, 503, '', 'later', { 'retry-after': '2' }), hangUp, hangUp);
    expect((await client.list(things)).items).toEqual([]);
    expect(server.seen).toHaveLength(4);
    expect(timing.pauses).toEqual([2075, 150, 300]);
  });

  test('a read whose answer breaks off in the middle is asked again', async () => {
    const { server, client } = await start();
    first(server, (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"items":', () => response.destroy());
    });
    expect((await client.list(things)).items).toEqual([]);
    expect(server.seen).toHaveLength(2);
  });

  test('a server in trouble is asked six times, no more', async () => {
    const { server, client } = await start();
    server.script = (_, response) => {
      sendStatus(response, 500, 'InternalError', 'etcd');
      return true;
    };
    expect(await failed(client.get(things, 'a'))).toMatchObject({
      status: 500,
      reason: 'InternalError',
      message: 'etcd',
    });
    expect(server.seen).toHaveLength(6);
  });

  test('a POST is never doubled: its lost answer is told, and that it may have been carried out', async () => {
    const { server, client } = await start();
    first(server, hangUp);
    expect(await failed(client.create(things, thing))).toMatchObject({ kind: 'connection', maybeSent: true });
    first(server, hangUp);
    expect(await failed(client.patch(things, 'a', 'json', []))).toMatchObject({ kind: 'connection', maybeSent: true });
    expect(server.seen).toHaveLength(2);
  });

  test('a POST waits for a server that restarts', async () => {
    const { server, client, timing } = await start();
    await client.list(things);
    await server.kill();
    const sleep = timing.sleep;
    timing.sleep = async (ms) => {
      await sleep(ms);
      if (timing.pauses.length === 2) await server.start();
    };
    await client.create(things, thing);
    expect(server.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('a POST that priority and fairness turned away is sent again', async () => {
    const { server, client } = await start();
    first(server, (response) => sendStatus(response, 429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }));
    await client.create(things, thing);
    expect(server.seen).toHaveLength(2);
  });

  test('the 429 of an eviction webhook is an answer, though it has neither reason nor details', async () => {
    const { server, client } = await start();
    // run1/wire/evict-first.json
    const message =
      'admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: Eviction triggered evacuation of VMI "vms/web09"';
    first(server, (response) => sendStatus(response, 429, '', message));
    const error = await failed(client.create(things, thing));
    expect(isTooManyRequests(error)).toBe(true);
    expect(error).toMatchObject({ message, reason: undefined, causes: [] });
    expect(server.seen).toHaveLength(1);
  });

  test('a DELETE whose first answer was lost, and then finds nothing, has done it', async () => {
    const { server, client } = await start();
    const notFound = (response: ServerResponse): void => sendStatus(response, 404, 'NotFound', 'not found');
    first(server, hangUp, notFound, notFound);
    await client.delete(things, 'a');
    expect(isNotFound(await failed(client.delete(things, 'a')))).toBe(true);
  });
});

describe('limits of time', () => {
  test('a request without an answer times out', async () => {
    const { server, client } = await start({}, { requestTimeout: 30 });
    server.script = () => true;
    expect(await failed(client.list(things))).toMatchObject({ kind: 'timeout', limit: 30 });
    expect(server.seen).toHaveLength(1);
  });

  test('an answer that does not end times out, too', async () => {
    const { server, client } = await start();
    first(server, (response) => void response.writeHead(200).write('{"items":['));
    expect(await failed(client.list(things, { timeout: 30 }))).toMatchObject({ kind: 'timeout' });
  });

  test('a signal cancels a request under way, a pause, and what has not begun', async () => {
    const { server, client, timing } = await start();
    const abort = new AbortController();
    server.script = () => {
      abort.abort();
      return true;
    };
    const { signal } = abort;
    expect(await failed(client.list(things, { signal }))).toMatchObject({ kind: 'cancelled' });
    expect(await failed(client.list(things, { signal }))).toMatchObject({ kind: 'cancelled' });
    expect(server.seen).toHaveLength(1);
    const late = new AbortController();
    server.script = (_, response) => {
      sendStatus(response, 503, '', 'later');
      return true;
    };
    timing.sleep = () => Promise.resolve(late.abort());
    expect(await failed(client.list(things, { signal: late.signal }))).toMatchObject({ kind: 'cancelled' });
    expect(server.seen).toHaveLength(2);
  });

  test('a closed client sends nothing', async () => {
    const { server, client } = await start();
    client.close();
    expect(await failed(client.list(things))).toMatchObject({ kind: 'cancelled' });
    expect(server.seen).toHaveLength(0);
  });
});

describe('errors', () => {
  test('a conflict carries status, reason, causes and what was asked', async () => {
    const { server, client } = await start();
    const details = { causes: [{ reason: 'FieldManagerConflict', field: '.spec', message: 'conflict with "x"' }] };
    first(server, (response) =>
      sendJson(response, 409, { message: 'conflict', reason: 'Conflict', code: 409, details }),
    );
    const error = await failed(client.patch(things, 'a', 'apply', {}, { namespace: 'vms' }));
    expect(isConflict(error)).toBe(true);
    expect(error).toMatchObject({
      kind: 'api',
      reason: 'Conflict',
      causes: details.causes,
      access: { verb: 'patch', group: 'test.ferry.run', resource: 'things', namespace: 'vms', name: 'a' },
    });
  });

  test.each([
    ['plain text', 'no such thing\nmore', 'no such thing'],
    ['HTML', '<html>no</html>', 'the API server answered HTTP 418'],
    ['nothing', '', 'the API server answered HTTP 418'],
  ])('an error in %s has a sentence, too', async (_, body, message) => {
    const { server, client } = await start();
    first(server, (response) => response.writeHead(418).end(body));
    const error = await failed(client.get(things, 'a'));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 418, reason: undefined, message });
  });

  test('an answer that is not JSON is an error of its own', async () => {
    const { server, client } = await start();
    first(server, (response) => response.writeHead(200).end('<html>'));
    expect(await failed(client.get(things, 'a'))).toMatchObject({ kind: 'connection', code: 'MALFORMED' });
  });

  test.each([
    ['http://127.0.0.1:1', { kind: 'connection', code: 'ECONNREFUSED', maybeSent: false }],
    [
      'http://no-such-host.invalid',
      { kind: 'connection', maybeSent: false, message: expect.stringContaining('cannot be resolved') as string },
    ],
  ])('%s cannot be reached', async (server, expected) => {
    const client = connectDirect({ server }, quickTiming());
    expect(await failed(client.list(things))).toMatchObject(expected);
    expect(client.requests).toBe(1);
  });
});

describe('TLS', () => {
  const authority = makeAuthority();
  const list = async (options: { names?: string[]; expired?: boolean }, direct: Partial<DirectOptions> = {}) => {
    const { ca, issue } = await authority;
    const certificate = await issue('CN=api', options);
    const { client } = await start({ certificate }, { ca, ...direct });
    return client.list(things);
  };

  test('a good certificate is accepted, and one connection serves many requests', async () => {
    const { ca, issue } = await authority;
    const { server, client } = await start({ certificate: await issue('CN=api') }, { ca });
    for (let i = 0; i < 5; i++) await client.list(things);
    expect(server.connections).toBe(1);
  });

  test('a certificate of another authority is untrusted', async () => {
    const { ca } = await makeAuthority('other');
    const error = await failed(list({}, { ca }));
    expect(error).toBeInstanceOf(TlsError);
    expect(error).toMatchObject({ kind: 'tls', problem: 'untrusted' });
  });

  test('an expired certificate is told', async () => {
    expect(await failed(list({ expired: true }))).toMatchObject({ kind: 'tls', problem: 'expired' });
  });

  test('a certificate for another host is told', async () => {
    expect(await failed(list({ names: ['elsewhere'] }))).toMatchObject({ kind: 'tls', problem: 'hostname' });
  });

  test('a server without TLS is told', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    later(() => void plain.close());
    const client = connectDirect(
      { server: `https://127.0.0.1:${(plain.address() as { port: number }).port}` },
      quickTiming(),
    );
    expect(await failed(client.list(things))).toMatchObject({ kind: 'tls', problem: 'protocol' });
  });

  test('a client certificate that is none is an error of the configuration', async () => {
    expect(await failed(list({}, { cert: 'x', key: 'y' }))).toMatchObject({ kind: 'config', problem: 'malformed' });
  });
});
