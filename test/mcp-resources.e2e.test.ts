import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { resources } from '../src/cluster/resources.ts';
import { connectDirect } from '../src/kube/connect.ts';
import type { KubeClient } from '../src/kube/types.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { type Ferry, ferryMcp, ways } from './mcp-ferry.ts';

// Resources of `ferry mcp` - lists, templates, reading, completion, subscriptions - against the lab, over both transports
// and in both eras of the protocol.

let lab: Lab;
let kube: KubeClient;

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 10, seed: 'mcp-resources' });
  countWatches();
  const config = parse(lab.kubeconfig) as {
    users: { user: { token: string } }[];
    clusters: { cluster: { 'certificate-authority-data': string } }[];
  };
  const ca = Buffer.from(config.clusters[0]!.cluster['certificate-authority-data'], 'base64').toString();
  kube = connectDirect({ server: lab.url, token: config.users[0]!.user.token, ca });
});

afterAll(async () => {
  kube.close();
  expect(lab.faults).toEqual([]);
  await lab.stop();
});

async function migrate(name: string, vmiName: string): Promise<void> {
  await kube.create(resources.migrations, {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace: 'finance' },
    spec: { vmiName },
  } as never);
}

/** Watches that are open at the lab's API server. */
let watches = 0;

/** Counts what hears the store from now on: the controllers began before. */
function countWatches(): void {
  const { store } = lab;
  const subscribe = store.subscribe.bind(store);
  store.subscribe = (listener) => {
    watches++;
    const end = subscribe(listener);
    let ended = false;
    return () => {
      if (!ended) watches--;
      ended = true;
      end();
    };
  };
}

describe.each(ways)('over %s, era %s', (transport, era) => {
  let ferry: Ferry;
  const updated: string[] = [];
  let listChanges = 0;

  beforeAll(async () => {
    ferry = await ferryMcp(lab.kubeconfig, transport, era);
    ferry.client.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void updated.push(params.uri),
    );
    ferry.client.setNotificationHandler('notifications/resources/list_changed', () => void listChanges++);
  });
  afterAll(async () => await ferry.close());

  const read = async (uri: string): Promise<string> => {
    const { contents } = await ferry.client.readResource({ uri });
    return contents.map((each) => ('text' in each ? each.text : '')).join('\n');
  };

  test('the reference is there, whole and one by one', async () => {
    expect(await read('ferry://reference/checks')).toContain('| `storage/shared-volumes` | VM |');
    expect(await read('ferry://reference/checks/storage/shared-volumes')).toContain('# `storage/shared-volumes`');
    expect(await read('ferry://reference/causes')).toContain('| `migration/completion-timeout` |');
    expect(await read('ferry://reference/causes/migration/completion-timeout')).toContain('## What to do');
    expect(await read('ferry://reference/settings')).toContain('| `progressTimeout` |');
    expect(await read('ferry://reference/settings/progressTimeout')).toContain('| 4.20 | 1.6 | 150 | 150 |');
  });

  test.each<[string, string]>([
    ['ferry://reference/checks/nope', 'there is no check "nope"'],
    [
      'ferry://migrations/finance/nope',
      'there is no virtualmachineinstancemigrations.kubevirt.io "nope" in namespace finance',
    ],
    ['ferry://migrations/finance/..', 'name: must be the name of a Kubernetes object'],
    ['ferry://migrations/%2E%2E/x', 'namespace: must be the name of a Kubernetes object'],
    ['ferry://secrets/finance/x', 'not found'],
    ['file:///etc/passwd', 'not found'],
    ['no uri', 'not found'],
  ])('%s is refused', async (uri, message) => {
    await expect(read(uri)).rejects.toThrow(message);
  });

  test('a migration is followed by its URI from phase to phase; then there is silence, and nobody watches', async () => {
    const name = `move-${transport}-${era}`;
    const uri = `ferry://migrations/finance/${name}`;
    const listen = { resourceSubscriptions: [uri], resourcesListChanged: true };
    const stream = era === 'modern' ? await ferry.client.listen(listen) : undefined;
    if (stream === undefined) await ferry.client.subscribeResource({ uri });
    else expect(stream.honoredFilter).toEqual(listen);
    await expect.poll(() => watches).toBe(1);
    await migrate(name, 'ledger-db');
    const phases = new Set<string>();
    await expect
      .poll(
        async () => {
          if (updated.length === 0) return '';
          updated.length = 0;
          const { migration } = JSON.parse(await read(uri)) as { migration: { phase: string } };
          phases.add(migration.phase);
          return migration.phase;
        },
        { timeout: 60_000, interval: 50 },
      )
      .toBe('Succeeded');
    expect(phases.size).toBeGreaterThan(1);
    expect(listChanges).toBeGreaterThan(0);
    if (stream === undefined) await ferry.client.unsubscribeResource({ uri });
    else await stream.close();
    await expect.poll(() => watches).toBe(0);
    updated.length = 0;
    await kube.delete(resources.migrations, name, { namespace: 'finance' });
    await read('ferry://reference/settings/network');
    expect(updated).toEqual([]);
  });

  test('the list has the migrations, and the templates complete their names', async () => {
    await migrate(`listed-${transport}-${era}`, 'ledger-app').catch(() => undefined);
    const { resources: listed } = await ferry.client.listResources();
    expect(listed.slice(0, 3).map(({ uri }) => uri)).toEqual([
      'ferry://reference/checks',
      'ferry://reference/causes',
      'ferry://reference/settings',
    ]);
    const migrations = listed.filter(({ uri }) => uri.startsWith('ferry://migrations/finance/'));
    expect(migrations.length).toBeGreaterThan(0);
    for (const { title } of migrations) expect(title).toMatch(/^finance\/ledger-app: [A-Z]/);
    const ref = { type: 'ref/resource' as const, uri: 'ferry://reference/settings/{+name}' };
    const { completion } = await ferry.client.complete({ ref, argument: { name: 'name', value: 'parallel' } });
    expect(completion.values).toEqual(['parallelMigrationsPerCluster', 'parallelOutboundMigrationsPerNode']);
  });

  test('a client that goes away without a word takes its subscription along', async () => {
    const other = await ferryMcp(lab.kubeconfig, transport, era);
    const uri = 'ferry://migrations/finance/any';
    if (era === 'modern') await other.client.listen({ resourceSubscriptions: [uri] });
    else await other.client.subscribeResource({ uri });
    await expect.poll(() => watches).toBe(1);
    await other.close();
    await expect.poll(() => watches).toBe(0);
  });

  test('two subscribers share one watch', async () => {
    if (era === 'legacy') return;
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) =>
        ferry.client.listen({ resourceSubscriptions: [`ferry://migrations/finance/${name}`] }),
      ),
    );
    await expect.poll(() => watches).toBe(1);
    await one?.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(watches).toBe(1);
    await two?.close();
    await expect.poll(() => watches).toBe(0);
  });

  test('what can not be subscribed to is refused in words', async () => {
    const uri = 'ferry://migrations/finance';
    const ask =
      era === 'modern'
        ? ferry.client.listen({ resourceSubscriptions: [uri] })
        : ferry.client.subscribeResource({ uri });
    await expect(ask).rejects.toThrow(`there is no resource "${uri}"`);
  });
});
