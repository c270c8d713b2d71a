import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openshiftThanos, prometheusAt, readDirtyRates } from './prometheus.ts';
import { fakeClient } from './testing/fake-client.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

async function answering(
  status: number,
  body: string,
): Promise<{ url: string; seen: { url: string; authorization: string | undefined }[] }> {
  const seen: { url: string; authorization: string | undefined }[] = [];
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization });
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

const { signal } = new AbortController();
const vector = (...result: unknown[]): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });

describe('what Prometheus says of guests that write', () => {
  test('by VMI; the token goes along', async () => {
    const { url, seen } = await answering(
      200,
      vector(
        { metric: { namespace: 'a', name: 'x' }, value: [1, '5e6'] },
        { metric: { name: 'y' }, value: [1, '1'] },
        { metric: { namespace: 'a', name: 'z' }, value: [1, 'NaN'] },
      ),
    );
    expect(await readDirtyRates(prometheusAt(url, 'secret', signal), signal)).toMatchObject({
      known: true,
      byVm: new Map([['a/x', 5e6]]),
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]?.authorization).toBe('Bearer secret');
    expect(decodeURIComponent(seen[0]?.url ?? '')).toContain('/api/v1/query?query=max+by');
  });

  test.each([
    ['no such metric', 200, vector(), 'since 1.6'],
    ['an error', 200, '{"status":"error","error":"parse error"}', 'parse error'],
    ['a login page', 200, '<html>', 'not that of a Prometheus'],
    ['no right', 401, '', 'HTTP 401'],
  ])('%s is said', async (_, status, body, why) => {
    const { url } = await answering(status, body);
    expect(await readDirtyRates(prometheusAt(url, undefined, signal), signal)).toEqual({
      known: false,
      why: expect.stringContaining(why) as string,
    });
  });

  test('a Thanos that does not answer through the API server is said', async () => {
    const path = '/api/v1/namespaces/openshift-monitoring/services/https:thanos-querier:9091/proxy/api/v1/query';
    const { client } = fakeClient({ raw: { [path]: { status: 503 } } });
    expect(await readDirtyRates(openshiftThanos(client, signal), signal)).toMatchObject({ known: false });
  });
});
