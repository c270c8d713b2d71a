import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { kindsOf } from '../src/lab/api/kinds/index.ts';
import { startTestServer, type TestServer } from '../src/lab/api/testing.ts';
import { resources } from '../src/lab/resources.ts';
import type { KubeObject } from '../src/model/objects.ts';
import { kubevirt18 } from '../src/model/versions/v1.8.ts';
import { kubevirt19 } from '../src/model/versions/v1.9.ts';
import { type WireDifference, wireDifferences } from './fidelity/differences.ts';
import { hasRecordings, type Wire, type WireLine, wire } from './fidelity/shared.ts';

// The recorded requests about objects that were there, sent to a server that has the same objects: lists and their
// pages, watches, patches, deletion. (Those that need no objects, or virt-api, are in src/lab/api/fidelity.test.ts and
// test/fidelity-admission.test.ts.)

interface List {
  items: KubeObject[];
}

const itemsOf = (name: string): KubeObject[] => (wire(name).response.body as List).items;
const objectOf = (name: string): KubeObject => wire(name).response.body as KubeObject;

/** What differs from run to run: versions, and the times and UIDs of what is created here. */
function normal(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => normal(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, normal(item, name)]));
  }
  if (key === 'resourceVersion') return '<resourceVersion>';
  if (key === 'continue' && typeof value === 'string' && value !== '') {
    const { v, start } = JSON.parse(Buffer.from(value, 'base64url').toString()) as { v: string; start: string };
    return { v, start };
  }
  return value;
}

/** An answer without what may differ. */
function without(value: unknown, name: string, allowed: readonly WireDifference[], path = ''): unknown {
  const differs = (at: string): boolean =>
    allowed.some(({ recording, field }) => recording.test(name) && field.test(at));
  if (Array.isArray(value)) return value.map((item, index) => without(item, name, allowed, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const at = `${path}.${key}`;
      return differs(at) ? [] : [[key, without(item, name, allowed, at)]];
    }),
  );
}

interface Given {
  status: number;
  contentType: string | undefined;
  body: unknown;
}

const given = new Map<string, Given>();
const wanted = new Map<string, Given>();

/** Remembers an answer beside the recorded one, and compares them. */
function compare(name: string, answer: Given): void {
  const { response } = wire(name);
  const recorded = {
    status: response.status,
    contentType: response.headers['content-type'],
    body: normal(response.body ?? response.lines),
  };
  given.set(name, { ...answer, body: normal(answer.body) });
  wanted.set(name, recorded);
  expect(without(given.get(name), name, wireDifferences)).toEqual(without(recorded, name, wireDifferences));
}

async function ask(at: TestServer, name: string, change: (request: Wire['request']) => Wire['request'] = (r) => r) {
  const { method, path, body, contentType, headers } = change(wire(name).request);
  const answer = await at.send(method, path, {
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(headers === undefined ? {} : { headers }),
    token: name === 'reject-rbac-viewer' ? 'bob' : 'admin',
  });
  compare(name, { status: answer.status, contentType: answer.headers['content-type'], body: answer.body });
}

/** Lines of a watch, as many as were recorded; then whether the server ended it. */
async function follow(at: TestServer, name: string, path: string): Promise<void> {
  const { response } = wire(name);
  const watching = await at.watch(path);
  const lines: WireLine[] = [];
  for (let count = response.lines?.length ?? 0; count > 0; count--) {
    const line = await watching.next();
    if (line === undefined) break;
    lines.push(line);
  }
  if (response.endedBy === 'server') expect(await watching.next()).toBeUndefined();
  watching.stop();
  compare(name, { status: watching.status, contentType: watching.contentType, body: lines });
}

const MIGRATIONS = '/apis/kubevirt.io/v1/namespaces/vms/virtualmachineinstancemigrations';
const VMIS = '/apis/kubevirt.io/v1/namespaces/vms/virtualmachineinstances';

describe.skipIf(!hasRecordings)('answers about what is stored', () => {
  let at: TestServer;

  beforeAll(async () => {
    at = await startTestServer({ kinds: kindsOf(kubevirt19), kubernetes: kubevirt19.kubernetes });
    for (const name of ['vms', 'openshift-cnv']) {
      await at.send('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
    }
    for (const item of itemsOf('list-vmim')) at.put(resources.migrations, item);
    const vmis = new Map(itemsOf('list-vmi-by-node-label').map((item) => [item.metadata.name, item]));
    for (const item of vmis.values()) at.put(resources.vmis, item);
    const kubeVirt = structuredClone(objectOf('ssa-kubevirt-limits'));
    // As it was before the recorded patch, which changed nothing but who owns it.
    kubeVirt.metadata.managedFields = kubeVirt.metadata.managedFields!.filter(({ manager }) => manager !== 'livemig');
    at.put(resources.kubeVirts, kubeVirt);
    at.put('nodenetworkconfigurationpolicies.nmstate.io', {
      apiVersion: 'nmstate.io/v1',
      kind: 'NodeNetworkConfigurationPolicy',
      metadata: { name: 'br1' },
    });
    at.clock.advanceTo(Date.parse('2026-11-22T20:37:46Z'));
  });

  afterAll(async () => {
    expect(at.faults).toEqual([]);
    await at.close();
  });

  test('cancel-delete-running', async () => {
    const running = structuredClone(objectOf('cancel-delete-running'));
    delete running.metadata.deletionTimestamp;
    delete running.metadata.deletionGracePeriodSeconds;
    running.metadata.generation = 1;
    at.put(resources.migrations, running);
    await ask(at, 'cancel-delete-running');
    at.store.delete(resources.migrations, 'vms', 'can-running');
    at.clock.advanceTo(Date.parse('2026-11-22T20:46:56Z'));
  });

  test.each([
    'list-vmim',
    'list-rv0',
    'list-limit2',
    'list-partial',
    'version',
    'nncp-create',
    'reject-rbac-viewer',
    'ssa-kubevirt-limits',
  ])('%s', async (name) => {
    await ask(at, name);
  });

  test('list-continue', async () => {
    const first = await at.send('GET', `${MIGRATIONS}?limit=2`);
    const { continue: token } = first.body.metadata as { continue?: string };
    await ask(at, 'list-continue', (request) => ({ ...request, path: `${MIGRATIONS}?limit=2&continue=${token}` }));
  });

  test('the VMIs of a node, and patches of one of them', async () => {
    const version = (): string => at.store.get(resources.vmis, 'vms', 'prod1')?.metadata.resourceVersion ?? '';
    await ask(at, 'list-vmi-by-node-label');
    await at.send('PATCH', `${VMIS}/web02`, {
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { 'kubevirt.io/nodeName': 'node01' } } },
    });
    const left = await at.send('GET', wire('list-vmi-by-node-label').request.path);
    expect(left.body.items.map(({ metadata }) => metadata.name)).toEqual(['prod1', 'web03', 'web05', 'web09']);
    await ask(at, 'get-vmi');
    const stale = version();
    await ask(at, 'merge-patch');
    await ask(at, 'json-patch');
    await ask(at, 'put-stale-409', ({ body, ...request }) => {
      const object = body as KubeObject;
      return { ...request, body: { ...object, metadata: { ...object.metadata, resourceVersion: stale } } };
    });
  });

  test.each(['watch-no-rv', 'watch-rv0', 'watch-sendinitialevents'])('%s', async (name) => {
    await follow(at, name, wire(name).request.path);
  });

  test('watch-bookmarks-75s', async () => {
    // A bookmark comes once a minute.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const following = follow(
        at,
        'watch-bookmarks-75s',
        `${MIGRATIONS}?watch=1&resourceVersion=${at.store.version}&allowWatchBookmarks=true`,
      );
      await vi.waitUntil(() => vi.getTimerCount() > 0);
      vi.advanceTimersByTime(75_000);
      await following;
    } finally {
      vi.useRealTimers();
    }
  });

  test('watch-timeout-2s', async () => {
    const query = `watch=1&timeoutSeconds=2&resourceVersion=${at.store.version}&allowWatchBookmarks=true`;
    await follow(at, 'watch-timeout-2s', `${MIGRATIONS}?${query}`);
  });

  test('watch-future-rv', async () => {
    // It waits: nothing is told until there is something newer.
    await follow(at, 'watch-future-rv', wire('watch-future-rv').request.path);
  });
});

test.skipIf(!hasRecordings)('list-continue-after-etcd-compaction-200', async () => {
  const at = await startTestServer({ kinds: kindsOf(kubevirt19) });
  try {
    await at.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'vms' } } });
    const [first, second] = itemsOf('list-continue-after-etcd-compaction-200') as [KubeObject, KubeObject];
    const named = (name: string): KubeObject => ({ ...second, metadata: { ...second.metadata, name } });
    const later = Array.from({ length: 16 }, (_, index) => named(`m1-web${index + 10}`));
    for (const item of [named('a1'), named('a2'), first, second, ...later]) at.put(resources.migrations, item);
    const page = await at.send('GET', `${MIGRATIONS}?limit=2`);
    const { continue: token } = page.body.metadata as { continue?: string };
    // etcd has forgotten the state of the first page; the API server's cache has not.
    for (const item of later) at.store.delete(resources.migrations, 'vms', item.metadata.name);
    const path = `${MIGRATIONS}?limit=2&continue=${token}`;
    await ask(at, 'list-continue-after-etcd-compaction-200', (request) => ({ ...request, method: 'GET', path }));
  } finally {
    await at.close();
  }
});

describe.skipIf(!hasRecordings)('HyperConverged 1.18.1', () => {
  let at: TestServer;

  beforeAll(async () => {
    at = await startTestServer({ kinds: kindsOf(kubevirt18) });
    await at.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'openshift-cnv' } } });
    at.clock.advanceTo(Date.parse('2026-11-22T20:46:56Z'));
    at.put(resources.hyperConvergeds, objectOf('hco-get'));
  });

  afterAll(async () => {
    expect(at.faults).toEqual([]);
    await at.close();
  });

  test.each(['hco-get', 'hco-get-v1', 'hco-merge', 'hco-nulls', 'hco-restore'])('%s', async (name) => {
    await ask(at, name);
  });
});

describe.skipIf(!hasRecordings)('what may differ', () => {
  test.each(wireDifferences.map((each) => [`${each.reason} (${String(each.field)})`, each] as const))(
    'still does: %s',
    (_, difference) => {
      const others = wireDifferences.filter((each) => each !== difference);
      const names = [...given.keys()].filter((name) => difference.recording.test(name));
      const same = names.every((name) =>
        isDeepStrictEqual(without(given.get(name), name, others), without(wanted.get(name), name, others)),
      );
      expect(same).toBe(false);
    },
  );
});
