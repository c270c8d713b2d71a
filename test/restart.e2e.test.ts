import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpKubeClient } from '../src/kube/client.ts';
import { connectDirect } from '../src/kube/connect.ts';
import { stateOf, WatchRecorder } from '../src/kube/testing/watch-recorder.ts';
import { ApiServer } from '../src/lab/api/server.ts';
import { Store } from '../src/lab/api/store.ts';
import { TokenBook } from '../src/lab/api/token-book.ts';
import { type Certificates, createCertificates } from '../src/lab/certificates.ts';
import { Clock } from '../src/lab/clock.ts';
import { random } from '../src/lab/random.ts';

// The client's watch against the lab's API server, which is killed and comes back on the same port, over the same state.

const configMaps = 'configmaps';
const resource = { group: '', version: 'v1', plural: configMaps, namespaced: true };

let certificates: Certificates;
let store: Store;
let clock: Clock;
let server: ApiServer;
let client: HttpKubeClient;
let port = 0;

async function start(): Promise<void> {
  server = new ApiServer({
    store,
    clock,
    certificates,
    tokens: new TokenBook(clock, { secret: { name: 'admin', groups: ['system:masters'] } }),
  });
  await server.listen(port);
  port = Number(new URL(server.url).port);
}

beforeAll(async () => {
  certificates = await createCertificates();
  clock = new Clock(Date.now());
  store = new Store(clock, random('restart'));
  await start();
  client = connectDirect({ server: server.url, ca: certificates.ca, token: 'secret' });
});

afterAll(async () => {
  client.close();
  await server.close();
});

function put(name: string, value: number): void {
  const stored = store.get(configMaps, 'default', name);
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default' },
    data: { value: String(value) },
  };
  if (stored === undefined) store.create(configMaps, object);
  else store.update(configMaps, { ...object, metadata: { ...stored.metadata } });
}

/** A burst of seeded changes: creations, updates, deletions, recreations. */
function churn(rng: ReturnType<typeof random>, changes: number): void {
  for (let change = 0; change < changes; change++) {
    const name = `item-${rng.int(0, 9)}`;
    if (rng.next() < 0.3) store.delete(configMaps, 'default', name);
    else put(name, rng.int(0, 1_000_000));
  }
}

describe('a watch across deaths of the API server', () => {
  test.each([
    ['when the history is still there, so that it can resume', false],
    ['when the history was compacted meanwhile, so that it has to list again', true],
  ])('no change is lost and none is told twice, %s', async (_, compact) => {
    const rng = random(`restart-${compact}`);
    churn(rng, 20);
    const abort = new AbortController();
    const recorder = new WatchRecorder(client.watch(resource, { signal: abort.signal }));
    expect(await recorder.reaches(stateOf(store.list(configMaps)))).toBe(true);
    for (let round = 0; round < 6; round++) {
      churn(rng, 5);
      await server.close();
      churn(rng, 10);
      if (compact) store.compact();
      await start();
      churn(rng, 5);
      expect(await recorder.reaches(stateOf(store.list(configMaps)))).toBe(true);
    }
    expect(recorder.violations).toEqual([]);
    expect(recorder.interruptions).toBeGreaterThan(0);
    abort.abort();
    await recorder.ended;
  });
});
