import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Ran, run } from '../src/cli/testing/run.ts';
import { createMigration } from '../src/cluster/writer.ts';
import { connect } from '../src/kube/connect.ts';
import { realTiming } from '../src/kube/timing.ts';
import { type Lab, type LabOptions, startLab } from '../src/lab/lab.ts';
import { random } from '../src/lab/random.ts';
import { CNV_NAMESPACE, resources } from '../src/lab/resources.ts';
import { small } from '../src/lab/scenarios/small.ts';
import type { KubeObject } from '../src/model/objects.ts';
import { McpClient } from './mcp-client.ts';
import { pull, setNetwork, stateOf } from './network-state.ts';

// A dedicated migration network through the command line, on the lab: NMState, Multus, whereabouts and virt-operator
// behave there as the real ones do, and know nothing of Ferry.

interface Place {
  lab: Lab;
  folder: string;
  /** Runs a command line; `at` does something when a line of stderr contains a text, once. */
  ferry: (argv: string, at?: Record<string, () => void>, signal?: AbortSignal) => Promise<Ran>;
  /** All that a migration network touches. */
  state: () => unknown;
}

const hyperConverged = { group: 'hco.kubevirt.io', version: 'v1beta1', plural: 'hyperconvergeds', namespaced: true };
const places: Place[] = [];

afterEach(async () => {
  for (const { lab, folder } of places.splice(0)) {
    rmSync(folder, { recursive: true, force: true });
    expect(lab.faults).toEqual([]);
    await lab.stop();
  }
});

async function open(options: LabOptions = {}): Promise<Place> {
  const lab = await startLab({ scenario: 'small', speed: 200, seed: 'network', ...options });
  const folder = mkdtempSync(join(tmpdir(), 'ferry-network-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  const place: Place = {
    lab,
    folder,
    ferry: (argv, at = {}, signal) => {
      const waiting = new Map(Object.entries(at));
      return run(argv.split(' '), {
        env: { KUBECONFIG: kubeconfig, HOME: folder },
        ...(signal && { signal }),
        onOutput: (text) => {
          for (const [when, act] of waiting) {
            if (!text.includes(when)) continue;
            waiting.delete(when);
            act();
          }
        },
      });
    },
    state: () => stateOf(lab),
  };
  places.push(place);
  // The first write of anybody brings defaults that were not stored before.
  const client = await connect({ kubeconfig }, realTiming);
  const [group] = lab.store.list(resources.hyperConvergeds).map(({ apiVersion }) => apiVersion.split('/')[0] ?? '');
  for (const version of ['v1', 'v1beta1']) {
    const { status } = await client.raw('GET', `/apis/${group}/${version}`, { accept: () => true });
    if (status !== 200) continue;
    for (const value of ['yes', null]) {
      const patch = { metadata: { annotations: { touched: value } } };
      await client.patch({ ...hyperConverged, version }, 'kubevirt-hyperconverged', 'merge', patch, {
        namespace: CNV_NAMESPACE,
      });
    }
  }
  client.close();
  return place;
}

const APPLY =
  'network apply --interface enp4s0 --vlan 3030 --mtu 9000 --cidr 10.200.5.0/24 --exclude 10.200.5.0/30 --yes';

const releases = ['4.17', '4.18', '4.19', '4.20', '4.21', '4.22', 'next'];

describe.each(releases)('on OpenShift Virtualization %s', (cnv) => {
  test('apply builds it, verify finds nothing wrong, remove leaves the cluster as it was', async () => {
    const { ferry, state, lab } = await open({ cnv });
    const before = state();
    const applied = await ferry(`${APPLY} --canary shop/storefront-web-1`);
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringContaining('[6/6]')]);
    expect(applied.stdout).toMatch(/storefront-web-1 migrated from worker-0 to worker-\d \(10\.200\.5\.[4-9]\)/);
    const verified = await ferry('network verify');
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('Nothing is wrong with it.')]);
    // The lab's own word for it: the link is the spare NIC's, with jumbo frames.
    expect(lab.network.linkSpeed('worker-0')).toBeGreaterThan(2.9e9);
    expect((await ferry(APPLY)).stderr).toContain('as planned already');
    const removed = await ferry('network remove --yes');
    expect([removed.code, removed.stdout]).toEqual([0, expect.stringContaining('The migration network is gone.')]);
    expect(state()).toEqual(before);
  });
});

test('whatever is asked for: apply then remove leaves the cluster as it was', async () => {
  const place = await open();
  const before = place.state();
  const request = fc.record({
    type: fc.constantFrom('macvlan', 'bridge', 'ovs'),
    vlan: fc.option(fc.integer({ min: 2, max: 4094 })),
    mtu: fc.option(fc.constantFrom(1400, 1500, 4000, 9000)),
    third: fc.integer({ min: 0, max: 255 }),
    exclude: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 3 }),
    name: fc.option(fc.constantFrom('lm', 'migration-2')),
  });
  const check = fc.asyncProperty(request, async ({ type, vlan, mtu, third, exclude, name }) => {
    const flags = [
      `--type ${type} --cidr 10.201.${third}.0/24`,
      ...(vlan === null ? [] : [`--vlan ${vlan}`]),
      ...(mtu === null ? [] : [`--mtu ${mtu}`]),
      ...(name === null ? [] : [`--name ${name}`]),
      ...exclude.map((last) => `--exclude 10.201.${third}.${last}`),
    ];
    const applied = await place.ferry(`network apply --interface enp4s0 --yes ${flags.join(' ')}`);
    expect([applied.code, applied.stderr]).toEqual([0, expect.anything()]);
    const verified = await place.ferry('network verify');
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('Nothing is wrong with it.')]);
    expect((await place.ferry('network remove --yes')).code).toBe(0);
    expect(place.state()).toEqual(before);
  });
  const corners = ['bridge', 'ovs'].map((type): [object] => [
    { type, vlan: 3030, mtu: 9000, third: 5, exclude: [], name: null },
  ]);
  await fc.assert(check, { numRuns: 5, examples: corners as never, endOnFailure: true });
});

describe('what can’t be is refused before anything is changed', () => {
  const nodes = small.nodes.map((group) => (group.role === 'worker' ? { ...group, count: 3 } : group));
  const odd = {
    ...small,
    nodes: [...nodes, { ...nodes[1]!, prefix: 'odd', count: 1, nics: [], devices: undefined as never }],
    vms: [],
  };

  test.each<[string, LabOptions, string, number, string]>([
    [
      'a NIC that one node lacks',
      { scenario: odd },
      APPLY,
      8,
      'node odd-0 has no interface enp4s0; no NIC of it is free',
    ],
    [
      'the NIC of the default route',
      {},
      'network apply --interface eno1 --yes',
      8,
      'carries the default route (through br-ex)',
    ],
    [
      'an MTU that the NIC can’t do',
      {},
      'network apply --interface enp4s0 --mtu 9500 --yes',
      8,
      'can do an MTU of 9216 at most, not 9500',
    ],
    [
      'addresses of the nodes',
      {},
      'network apply --interface enp4s0 --cidr 10.0.0.0/16 --yes',
      8,
      'overlaps the network 10.0.0.0/16 of br-ex',
    ],
    [
      'too few addresses',
      {},
      'network apply --interface enp4s0 --cidr 10.200.5.0/30 --yes',
      8,
      'has 2 addresses to give, and 6 are needed now',
    ],
    ['nobody who confirms', {}, APPLY.replace(' --yes', ''), 8, 'nobody is at the terminal'],
    ['a NIC that is not named', {}, 'network apply --yes', 2, 'no NIC was named'],
    ['nothing to go on with', {}, 'network apply --resume --yes', 2, 'no run of `network apply` is unfinished'],
    ['a canary that can’t be migrated', {}, `${APPLY} --canary shop/mail-relay`, 8, 'can’t be migrated live'],
  ])('%s', async (_, options, argv, code, message) => {
    const { ferry, state } = await open(options);
    const before = state();
    const ran = await ferry(argv);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(state()).toEqual(before);
  });

  test('whoever may only read is told every right that is missing', async () => {
    const { ferry, state, lab, folder } = await open();
    const before = state();
    const viewer = lab.kubeconfig.replace(/current-context: .*/, 'current-context: ferry-lab-viewer');
    writeFileSync(join(folder, 'kubeconfig'), viewer, { mode: 0o600 });
    const ran = await ferry(APPLY);
    expect([ran.code, ran.stderr]).toEqual([7, expect.stringContaining('nodenetworkconfigurationpolicies')]);
    expect(ran.stderr).toContain('network-attachment-definitions');
    expect(ran.stderr).toContain('configmaps');
    expect(state()).toEqual(before);
  });

  test('a migration that runs', async () => {
    const { ferry, folder } = await open({ speed: 1 });
    const client = await connect({ kubeconfig: join(folder, 'kubeconfig') }, realTiming);
    await createMigration(client, { namespace: 'shop', name: 'm', vmiName: 'orders-db', labels: {} });
    client.close();
    const ran = await ferry(APPLY);
    expect([ran.code, ran.stderr]).toEqual([8, expect.stringContaining('is not finished (shop/orders-db)')]);
  });
});

describe.each(releases)('a step that fails takes everything back, and says so, on %s', (cnv) => {
  test('the NIC is gone from a node once the first one has it', async () => {
    const { ferry, state, lab } = await open({ cnv });
    const before = state();
    const ran = await ferry(APPLY, { '[2/6]': () => pull(lab, 'worker-3', 'enp4s0') });
    expect([ran.code, ran.stdout]).toEqual([
      4,
      expect.stringContaining(
        'NMState could not configure node worker-3: InvalidArgument: Ethernet interface enp4s0 does not exists',
      ),
    ]);
    expect(ran.stdout).toContain('The cluster is as it was.');
    const place = await open({ cnv });
    pull(place.lab, 'worker-3', 'enp4s0');
    expect(state()).toEqual(place.state());
    expect(before).not.toEqual(place.state());
  });

  test('the API server fails at the network', async () => {
    const { ferry, state, lab } = await open({ cnv });
    const before = state();
    const ran = await ferry(APPLY, {
      '[3/6]': () =>
        lab.injector.inject({
          name: 'api-500',
          verb: 'create',
          resource: 'network-attachment-definitions.k8s.cni.cncf.io',
        }),
    });
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining('failed: ')]);
    expect(state()).toEqual(before);
  });

  test('somebody else sets another network meanwhile', async () => {
    const { ferry, state, lab } = await open({ cnv });
    const ran = await ferry(APPLY, { '[3/6]': () => setNetwork(lab, 'theirs') });
    expect([ran.code, ran.stdout]).toEqual([
      4,
      expect.stringContaining('is theirs now: somebody else changed HyperConverged'),
    ]);
    const { policies, networks, hyperConverged, configMaps } = state() as Record<string, unknown[]>;
    expect([policies, networks, configMaps]).toEqual([[], [], []]);
    expect(JSON.stringify(hyperConverged)).toContain('theirs');
  });

  test('a virt-handler that does not start', async () => {
    const [{ ferry, state, lab }, bare] = [await open({ cnv }), await open({ cnv })];
    const ran = await ferry(APPLY, {
      '[4/6]': () => ['enp4s0', 'enp4s0.3030'].forEach((name) => pull(lab, 'worker-2', name)),
    });
    const why = 'virt-handler on worker-2 does not start: plugin type="macvlan" failed (add): Link not found';
    expect([ran.code, ran.stdout]).toEqual([4, expect.stringContaining(why)]);
    expect(ran.stdout).toContain('every virt-handler replaced');
    pull(bare.lab, 'worker-2', 'enp4s0');
    expect(state()).toEqual(bare.state());
  });

  test('a virt-handler that crashes; it goes on as soon as it does not', async () => {
    const { ferry, state, lab } = await open({ cnv });
    const before = state();
    const ran = await ferry(APPLY, {
      '[5/6]': () => lab.injector.inject({ name: 'virt-handler-crash', node: 'worker-1' }),
      'failed: ': () => lab.injector.clear(),
    });
    expect([ran.code, ran.stdout]).toEqual([
      4,
      expect.stringContaining('virt-handler on worker-1 crashes again and again'),
    ]);
    expect(state()).toEqual(before);
  });

  test('a canary migration that fails', async () => {
    const { ferry, state, lab } = await open({ cnv });
    const before = state();
    const ran = await ferry(`${APPLY} --canary shop/storefront-web-1`, {
      '[5/6]': () => lab.injector.inject({ name: 'target-crash', vm: 'shop/storefront-web-1', phase: 'Scheduled' }),
    });
    expect([ran.code, ran.stdout]).toEqual([
      4,
      expect.stringContaining('the migration of shop/storefront-web-1 failed'),
    ]);
    expect(state()).toEqual(before);
  });

  test('but restarts of the API server do not make one fail', async () => {
    const { ferry, lab } = await open({ cnv, speed: 20 });
    const restart = (): void => {
      if (lab.injector.active().length === 0) lab.injector.inject({ name: 'api-restart' });
    };
    const ran = await ferry(APPLY, { '[1/6]': restart, '[2/6]': restart, '[4/6]': restart, '[5/6]': restart });
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('The migration network is in use.')]);
  });
});

describe('interrupted', () => {
  test.each(['[1/6]', '[2/6]', '[3/6]', '[4/6]', '[5/6]'])(
    'at %s it can be gone on with, or taken back',
    async (when) => {
      const { ferry, state } = await open();
      const before = state();
      for (const next of ['network apply --resume --yes', 'network remove --yes']) {
        const abort = new AbortController();
        const ran = await ferry(APPLY, { [when]: () => abort.abort() }, abort.signal);
        expect([ran.code, ran.stdout]).toEqual([130, expect.stringContaining('Go on: ferry network apply --resume.')]);
        expect((await ferry(APPLY)).code).toBe(8);
        const after = await ferry(next);
        expect([next, after.code, after.stderr]).toEqual([next, 0, expect.anything()]);
        if (next.includes('resume')) expect((await ferry('network remove --yes')).code).toBe(0);
        expect(state()).toEqual(before);
      }
    },
  );

  test('at a terminal, whoever asks for it has it taken back at once', async () => {
    const { state, folder } = await open();
    const before = state();
    const abort = new AbortController();
    const ran = await run(APPLY.split(' '), {
      env: { KUBECONFIG: join(folder, 'kubeconfig'), HOME: folder },
      tty: true,
      stdin: 'y\n',
      signal: abort.signal,
      onOutput: (text) => void (text.includes('[3/6]') && abort.abort()),
    });
    expect([ran.code, ran.stdout]).toEqual([4, expect.stringContaining('The cluster is as it was.')]);
    expect(state()).toEqual(before);
  });

  test('killed at any moment, --resume completes it', async () => {
    const { ferry, state, lab, folder } = await open({ speed: 60 });
    const before = state();
    const rng = random('kill');
    for (let round = 0; round < 3; round++) {
      const ended = await killed(folder, rng.between(300, 3500));
      const store = lab.store.list<KubeObject>('configmaps', CNV_NAMESPACE);
      if (store.length === 0) expect((await ferry(APPLY)).code).toBe(0);
      else if (ended === null) {
        const resumed = await ferry('network apply --resume --yes');
        // It may have been killed after its last write.
        if (resumed.code !== 0) expect(resumed.stderr).toContain('no run of `network apply` is unfinished');
      }
      const verified = await ferry('network verify');
      expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('Nothing is wrong with it.')]);
      expect((await ferry('network remove --yes')).code).toBe(0);
      expect(state()).toEqual(before);
    }
  });
});

/** Runs apply in a process of its own and kills it after so many ms from its first word; its exit code, null if it was killed. */
function killed(folder: string, ms: number): Promise<number | null> {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...APPLY.split(' ')], {
    env: { PATH: process.env['PATH'], KUBECONFIG: join(folder, 'kubeconfig'), HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.once('data', () => setTimeout(() => child.kill('SIGKILL'), ms));
  return new Promise((resolve) => child.on('close', (code) => resolve(code)));
}

describe('output is as recorded', () => {
  test.each([
    ['plan', 'network plan --interface enp4s0 --vlan 3030 --mtu 9000 --exclude 10.200.5.0/30', 0],
    ['plan-yaml', 'network plan --interface enp4s0 --vlan 3030 --mtu 9000 --type ovs -o yaml', 0],
    ['plan-refused', 'network plan --interface eno1', 1],
    ['verify-mission', 'network verify -f test/fixtures/network/mission.yaml', 1],
  ])('of %s', async (name, argv, code) => {
    const { ferry } = await open();
    const ran = await ferry(argv);
    expect([ran.code, ran.stderr]).toEqual([code, '']);
    await expect(ran.stdout).toMatchFileSnapshot(`golden/cli/network-${name}.txt`);
  });

  test('of apply and remove', async () => {
    const { ferry } = await open();
    // virt-handlers are replaced in no fixed order.
    const told = ({ stdout, stderr }: Ran): string =>
      stderr.replace(/(^ {6}.*\n)+/gm, '      ...\n') + stdout.replace(/10\.200\.5\.\d+/g, 'ADDRESS');
    const texts = [told(await ferry(APPLY)), told(await ferry('network remove --yes'))];
    await expect(texts.join('\n')).toMatchFileSnapshot('golden/cli/network-apply-remove.txt');
  });
});

describe('a cluster that has changed between the question and the answer is left alone', () => {
  /** Answers yes to the question after somebody else has done something. */
  async function answered({ folder }: Place, argv: string, meanwhile: () => void): Promise<Ran> {
    let asked = false;
    return await run(argv.replace(' --yes', '').split(' '), {
      env: { KUBECONFIG: join(folder, 'kubeconfig'), HOME: folder },
      tty: true,
      stdin: 'y\n',
      onOutput: (text) => {
        if (asked || !text.includes('[y/N]')) return;
        asked = true;
        meanwhile();
      },
    });
  }

  test.each<[string, string, (place: Place) => void, string]>([
    ['apply: another network is set', APPLY, ({ lab }) => setNetwork(lab, 'theirs'), 'liveMigrationConfig.network was'],
    ['apply: a NIC is gone', APPLY, ({ lab }) => pull(lab, 'worker-3', 'enp4s0'), 'interfaces of node worker-3 was'],
    ['apply: somebody else begins a run', APPLY, begin, 'run'],
  ])('%s', async (_, argv, meanwhile, why) => {
    const place = await open();
    let before: unknown;
    const ran = await answered(place, argv, () => {
      meanwhile(place);
      before = stored(place);
    });
    expect([ran.code, ran.stderr]).toEqual([8, expect.stringContaining(why)]);
    expect(stored(place)).toEqual(before);
  });

  test('remove: somebody has put the setting back already', async () => {
    const place = await open();
    expect((await place.ferry(APPLY)).code).toBe(0);
    let before: unknown;
    const ran = await answered(place, 'network remove', () => {
      setNetwork(place.lab, 'theirs');
      before = stored(place);
    });
    expect([ran.code, ran.stderr]).toEqual([8, expect.stringContaining('FERRY_E_STALE')]);
    expect(stored(place)).toEqual(before);
  });

  test('nobody is asked by a dry run, and the API server says whether it would take the network away', async () => {
    const place = await open();
    expect((await place.ferry(APPLY)).code).toBe(0);
    const before = place.state();
    const client = await place.ferry('network remove --dry-run=client');
    expect([client.code, client.stderr]).toEqual([0, expect.stringContaining('Nothing was changed (dry run).')]);
    const server = await place.ferry('network remove --dry-run=server');
    expect([server.code, server.stderr]).toEqual([0, expect.stringContaining('The cluster would accept it')]);
    place.lab.injector.inject({
      name: 'api-500',
      verb: 'delete',
      resource: 'network-attachment-definitions.k8s.cni.cncf.io',
    });
    const refused = await place.ferry('network remove --dry-run=server');
    expect(refused.code).toBe(4);
    place.lab.injector.clear();
    expect(place.state()).toEqual(before);
  });

  test('resume: the run is another by now', async () => {
    const place = await open();
    const abort = new AbortController();
    expect((await place.ferry(APPLY, { '[3/6]': () => abort.abort() }, abort.signal)).code).toBe(130);
    let before: unknown;
    const ran = await answered(place, 'network apply --resume', () => {
      begin(place);
      before = stored(place);
    });
    expect([ran.code, ran.stderr]).toEqual([8, expect.stringContaining('FERRY_E_STALE')]);
    expect(stored(place)).toEqual(before);
  });

  /** What Ferry writes; what virt-operator makes of it takes its time. */
  function stored(place: Place): unknown {
    const { policies, networks, configMaps, hyperConverged } = place.state() as Record<string, unknown>;
    return { policies, networks, configMaps, hyperConverged };
  }

  /** As if another Ferry had written its record. */
  function begin({ lab }: Place): void {
    const [present] = lab.store.list<KubeObject & { data?: Record<string, string> }>('configmaps', CNV_NAMESPACE);
    const data = (run: object): Record<string, string> => ({ journal: JSON.stringify(run) });
    if (present !== undefined) {
      const run = JSON.parse(present.data!['journal']!) as object;
      lab.store.update('configmaps', { ...present, data: data({ ...run, run: 'other', done: [] }) });
      return;
    }
    const other = {
      version: 1,
      run: 'other',
      state: 'applying',
      namespace: CNV_NAMESPACE,
      policy: { metadata: { name: 'x' } },
      attachment: { metadata: { name: 'x' } },
      setting: { path: [] },
      network: 'x',
      nodes: [],
      hostnames: {},
      canary: '',
      before: { links: {} },
      begun: [],
      done: [],
    };
    lab.store.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ferry-network-run', namespace: CNV_NAMESPACE },
      data: data(other),
    } as never);
  }
});

test('done by hand through kubernetes-mcp-server, the objects are the same', async () => {
  const [mine, theirs] = [await open(), await open()];
  const plan = await theirs.ferry(APPLY.replace('apply', 'plan').replace('--yes', '-o yaml'));
  expect(plan.code).toBe(0);
  const mcp = new McpClient(
    'node_modules/.bin/kubernetes-mcp-server',
    ['--kubeconfig', join(theirs.folder, 'kubeconfig'), '--toolsets', 'core,config'],
    { PATH: process.env['PATH'], HOME: theirs.folder },
  );
  try {
    await mcp.initialize();
    for (const [index, document] of parseAllDocuments(plan.stdout).entries()) {
      const { isError, text } = await mcp.call('resources_create_or_update', {
        resource: JSON.stringify(document.toJS()),
      });
      expect([index, isError, text]).toEqual([index, false, expect.anything()]);
      // The policy has to be there before virt-handler needs its interface.
      if (index === 0)
        await until(() => theirs.lab.store.list(resources.nodeNetworkEnactments).length === 4 && enacted(theirs.lab));
    }
  } finally {
    mcp.close();
  }
  expect((await mine.ferry(APPLY)).code).toBe(0);
  await until(
    () =>
      JSON.stringify((theirs.state() as { handlers: unknown }).handlers) ===
      JSON.stringify((mine.state() as { handlers: unknown }).handlers),
  );
  const { configMaps, ...own } = mine.state() as Record<string, unknown>;
  const { configMaps: none, ...hand } = theirs.state() as Record<string, unknown>;
  // Only Ferry remembers how to take it back.
  expect([(configMaps as object[]).length, none]).toEqual([1, []]);
  expect(own).toEqual(hand);
  expect((await theirs.ferry('network verify')).code).toBe(0);
  const removed = await theirs.ferry('network remove --yes');
  expect([removed.code, removed.stderr]).toEqual([0, expect.stringContaining('Ferry did not build it')]);
});

function enacted(lab: Lab): boolean {
  return lab.store
    .list<KubeObject & { status?: { conditions?: { type: string; status: string }[] } }>(
      resources.nodeNetworkEnactments,
    )
    .every(({ status }) =>
      status?.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True'),
    );
}

async function until(holds: () => boolean | undefined): Promise<void> {
  for (let tries = 0; tries < 400 && holds() !== true; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(holds()).toBe(true);
}
