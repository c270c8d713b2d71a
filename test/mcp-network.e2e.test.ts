import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, describe, expect, test } from 'vitest';
import { type Ran, run } from '../src/cli/testing/run.ts';
import { type Lab, type LabOptions, startLab } from '../src/lab/lab.ts';
import { CNV_NAMESPACE, resources } from '../src/lab/resources.ts';
import type { KubeObject } from '../src/model/objects.ts';
import type { ObjectChange } from '../src/propose/draft.ts';
import { type Answered, type Era, type Ferry, ferryMcp, type Says, type Transport, ways } from './mcp-ferry.ts';
import { pull, setNetwork, stateOf } from './network-state.ts';

// A migration network through the tools, on the lab: planned, proposed, built, looked at, taken away.

const labs: Lab[] = [];
const ferries: Ferry[] = [];

afterEach(async () => {
  for (const ferry of ferries.splice(0)) await ferry.close();
  for (const lab of labs.splice(0)) {
    expect(lab.faults).toEqual([]);
    await lab.stop();
  }
});

async function openLab(options: LabOptions = {}): Promise<Lab> {
  const lab = await startLab({ scenario: 'small', speed: 200, seed: 'mcp-network', ...options });
  labs.push(lab);
  return lab;
}

async function open(lab: Lab, way: [Transport, Era] = ['http', 'modern'], says?: Says, user?: string): Promise<Ferry> {
  const kubeconfig =
    user === undefined ? lab.kubeconfig : lab.kubeconfig.replace(/current-context: .*/, `current-context: ${user}`);
  const ferry = await ferryMcp(kubeconfig, ...way, { allowWrites: true, ...(says && { says }) });
  ferries.push(ferry);
  return ferry;
}

const DESIGN = {
  interface: 'enp4s0',
  vlan: 3030,
  mtu: 9000,
  cidr: '10.200.5.0/24',
  exclude: ['10.200.5.0/30'],
};
const BUILD = { action: 'build', ...DESIGN };

/** What Ferry writes itself; what virt-operator makes of it takes its time. */
function stored(lab: Lab): unknown {
  const { policies, networks, configMaps, hyperConverged } = stateOf(lab) as Record<string, unknown>;
  return { policies, networks, configMaps, hyperConverged };
}

interface Heard {
  /** Something to do, once, when a line of the progress has a text in it. */
  at?: Record<string, () => void>;
  lines?: string[];
}

/** Applies a proposal and waits for its end, call by call, as an agent would. */
async function apply(ferry: Ferry, proposal: Answered, { at = {}, lines = [] }: Heard = {}): Promise<Answered> {
  expect([proposal.isError, proposal.text]).toEqual([false, expect.anything()]);
  const waiting = new Map(Object.entries(at));
  const { id, hash } = proposal.structured;
  for (;;) {
    const answer = await ferry.client.callTool(
      { name: 'apply_proposal', arguments: { id, hash, wait_seconds: 2 } },
      {
        onprogress: ({ message = '' }) => {
          lines.push(message);
          for (const [when, act] of waiting) {
            if (!message.includes(when)) continue;
            waiting.delete(when);
            act();
          }
        },
      },
    );
    const text = answer.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    const structured = answer.structuredContent as Answered['structured'];
    if (structured?.state !== 'running') return { isError: answer.isError ?? false, text, structured };
  }
}

const change = (ferry: Ferry, args: object): Promise<Answered> =>
  ferry.call('migration_network_change', args as Record<string, unknown>);
const look = (ferry: Ferry, args: object): Promise<Answered> =>
  ferry.call('migration_network', args as Record<string, unknown>);

describe.each(ways)('over %s, era %s', (transport, era) => {
  test('planned, built with progress, verified, and removed: the cluster is as before', async () => {
    const lab = await openLab();
    const ferry = await open(lab, [transport, era]);
    const none = await look(ferry, { action: 'verify' });
    expect(none.structured).toMatchObject({
      ok: false,
      findings: [{ check: 'network/not-set', evidence: [expect.objectContaining({ value: null })] }],
    });
    const plan = await look(ferry, { action: 'plan', ...DESIGN });
    expect([plan.isError, plan.structured]).toMatchObject([
      false,
      {
        ok: true,
        summary: expect.stringContaining('macvlan on VLAN 3030 of enp4s0, MTU 9000, 10.200.5.0/24'),
        network: { namespace: CNV_NAMESPACE, name: 'migration-network', first: '10.200.5.4' },
        changes: [{ action: 'create' }, { action: 'create' }, { action: 'change' }],
        nodes: expect.arrayContaining([expect.objectContaining({ node: 'worker-0', verdict: 'ready' })]),
      },
    ]);
    const before = stateOf(lab);
    const proposal = await change(ferry, { ...BUILD, canary: 'shop/storefront-web-1' });
    expect(stateOf(lab)).toEqual(before);
    expect(proposal.structured).toMatchObject({
      summary: expect.stringMatching(/^Build migration network .* on 4 nodes, and migrate shop\/storefront-web-1 /),
      changes: [
        { verb: 'create', object: { kind: 'ConfigMap', name: 'ferry-network-run' } },
        { verb: 'create', object: { kind: 'NodeNetworkConfigurationPolicy' } },
        { verb: 'create', object: { kind: 'NetworkAttachmentDefinition', name: 'migration-network' } },
        {
          verb: 'patch',
          object: { kind: 'HyperConverged' },
          fields: [{ path: '.spec.liveMigrationConfig.network', from: null, to: 'migration-network' }],
        },
        { verb: 'create', object: { kind: 'VirtualMachineInstanceMigration', namespace: 'shop' } },
      ],
      effect: expect.arrayContaining([
        expect.stringMatching(/^policy migration-network-policy is applied on worker-\d first, then on all 4 nodes$/),
        expect.stringContaining('virt-operator replaces every virt-handler, 4 in all'),
        'no migration is under way now',
      ]),
    });
    const lines: string[] = [];
    const built = await apply(ferry, proposal, { lines });
    expect([built.isError, built.structured]).toMatchObject([
      false,
      {
        exit: 0,
        summary: expect.stringMatching(/^the migration network is in use, with 4 virt-handlers on it; shop\//),
        details: { outcome: 'applied', migration: { targetNodeAddress: expect.stringMatching(/^10\.200\.5\.\d+$/) } },
      },
    ]);
    expect(lines.filter((line) => line.startsWith('['))).toHaveLength(6);
    const verified = await look(ferry, { action: 'verify' });
    expect(verified.structured).toMatchObject({
      ok: true,
      network: { set: 'migration-network', name: 'migration-network' },
      nodes: [0, 1, 2, 3].map((index) => ({ node: `worker-${index}`, ready: true, mtu: 9000 })),
      run: { state: 'applied' },
    });
    const again = await change(ferry, BUILD);
    expect([again.isError, again.text]).toEqual([true, expect.stringContaining('there is nothing to build')]);
    const removal = await change(ferry, { action: 'remove' });
    expect(removal.structured.changes.map(({ verb, object }: ObjectChange) => `${verb} ${object.kind}`)).toEqual([
      'patch ConfigMap',
      'patch HyperConverged',
      'delete NetworkAttachmentDefinition',
      'patch NodeNetworkConfigurationPolicy',
      'delete NodeNetworkConfigurationPolicy',
      'delete ConfigMap',
    ]);
    const removed = await apply(ferry, removal);
    expect(removed.structured).toMatchObject({ exit: 0, summary: 'the migration network is gone' });
    expect(stateOf(lab)).toEqual(before);
  });
});

describe('what can not be is refused, and says what to do', () => {
  test('arguments', async () => {
    const lab = await openLab();
    const ferry = await open(lab);
    const before = stateOf(lab);
    for (const [tool, args, said] of [
      ['migration_network', { action: 'plan' }, 'no NIC was named'],
      ['migration_network', { action: 'verify', vlan: 5 }, 'action verify does not take "vlan"'],
      ['migration_network', { action: 'plan', interface: 'enp4s0', vlan: 4095 }, 'vlan: must be from 1 to 4094'],
      ['migration_network', { action: 'plan', nic: 'enp4s0' }, 'there is no argument "nic": use "interface"'],
      ['migration_network', { action: 'verify', manifests: 'kind: X' }, 'no Kubernetes object'],
      [
        'migration_network',
        { action: 'verify', manifests: '' },
        'there is no NetworkAttachmentDefinition in "manifests"',
      ],
      ['migration_network', { action: 'plan', interface: 'x', cidr: '10.0.0.1' }, 'must be a network such as'],
      ['migration_network_change', { action: 'build' }, 'no NIC was named'],
      [
        'migration_network_change',
        { action: 'remove', interface: 'enp4s0' },
        'action remove does not take "interface"',
      ],
      ['migration_network_change', { action: 'remove' }, 'no migration network is set'],
      ['migration_network_change', { action: 'resume' }, 'no run of `network apply` is unfinished'],
      ['migration_network_change', { ...BUILD, interface: 'eno1' }, 'carries the default route (through br-ex)'],
      ['migration_network_change', { ...BUILD, canary: 'storefront-web-1' }, 'canary: must be NAMESPACE/NAME'],
      ['migration_network_change', { ...BUILD, canary: 'shop/mail-relay' }, 'can’t be migrated live'],
      ['migration_network_change', { ...BUILD, nodeSelector: 'x' }, 'node_selector: must be KEY=VALUE'],
    ] as const) {
      const { isError, text } = await ferry.call(tool, args);
      expect([args, isError, text]).toEqual([args, true, expect.stringContaining(said)]);
    }
    expect(stateOf(lab)).toEqual(before);
  });

  test('while a VM migrates; unless that is wanted', async () => {
    const lab = await openLab({ speed: 1 });
    const ferry = await open(lab);
    const { structured } = await ferry.call('vm_migration_move', { name: 'orders-db', namespace: 'shop' });
    await ferry.call('apply_proposal', { id: structured.id, hash: structured.hash, wait_seconds: 0 });
    await expect.poll(() => lab.store.list('virtualmachineinstancemigrations.kubevirt.io').length).toBe(1);
    const refused = await change(ferry, BUILD);
    expect([refused.isError, refused.text]).toEqual([
      true,
      expect.stringMatching(/is not finished \(shop\/orders-db\)[\s\S]*or say while_migrating: true/),
    ]);
    const wanted = await change(ferry, { ...BUILD, while_migrating: true });
    expect(wanted.structured.effect).toContain('1 migration is under way (shop/orders-db) and can fail');
  });

  test.each<[string, object]>([
    ['build', BUILD],
    ['remove', { action: 'remove' }],
    ['resume', { action: 'resume' }],
  ])('whoever may only read is told every right that is missing: %s', async (_, args) => {
    const lab = await openLab();
    const ferry = await open(lab, ['http', 'modern'], undefined, 'ferry-lab-viewer');
    const before = stateOf(lab);
    const { isError, text } = await change(ferry, args);
    expect([isError, text]).toEqual([true, expect.stringContaining('FERRY_E_FORBIDDEN')]);
    for (const right of ['nodenetworkconfigurationpolicies', 'network-attachment-definitions', 'configmaps']) {
      expect(text).toContain(`resources: ["${right}"]`);
    }
    expect(text).toMatch(
      /you may not .*nodenetworkconfigurationpolicies.* in the whole cluster; .*configmaps.* in namespace openshift-cnv/,
    );
    expect(stateOf(lab)).toEqual(before);
    const seen = await look(ferry, { action: 'plan', ...DESIGN });
    expect([seen.isError, seen.structured.ok]).toEqual([false, true]);
  });
});

describe('what was proposed is what is done, or nothing is', () => {
  test.each<[string, (lab: Lab) => void, string]>([
    ['another network is set', (lab) => setNetwork(lab, 'theirs'), 'network was'],
    ['a NIC is gone', (lab) => pull(lab, 'worker-3', 'enp4s0'), 'worker-3'],
  ])('stale: %s', async (_, meanwhile, why) => {
    const lab = await openLab();
    const ferry = await open(lab);
    const proposal = await change(ferry, BUILD);
    meanwhile(lab);
    const before = stored(lab);
    const { isError, text } = await apply(ferry, proposal);
    expect([isError, text]).toEqual([true, expect.stringMatching(/FERRY_E_(STALE|REFUSED)/)]);
    expect(text).toContain(why);
    expect(stored(lab)).toEqual(before);
  });

  test('a wrong hash, and a user who says no', async () => {
    const lab = await openLab();
    const seen: string[] = [];
    const ferry = await open(lab, ['stdio', 'modern'], (message) => {
      seen.push(message);
      return { action: 'decline' };
    });
    const before = stateOf(lab);
    const { structured } = await change(ferry, BUILD);
    const wrong = await ferry.call('apply_proposal', { id: structured.id, hash: 'f'.repeat(64) });
    expect([wrong.isError, wrong.text]).toEqual([true, expect.stringContaining('FERRY_E_UNCONFIRMED')]);
    const no = await ferry.call('apply_proposal', { id: structured.id, hash: structured.hash });
    expect([no.isError, no.text]).toEqual([true, expect.stringContaining('the user said no')]);
    expect(seen).toEqual([expect.stringContaining('virt-operator replaces every virt-handler, 4 in all')]);
    expect(stateOf(lab)).toEqual(before);
  });
});

describe('a step that fails', () => {
  test('takes everything back, and says so', async () => {
    const lab = await openLab();
    const ferry = await open(lab);
    const before = stored(lab);
    const failed = await apply(ferry, await change(ferry, BUILD), {
      at: { '[2/6]': () => pull(lab, 'worker-3', 'enp4s0') },
    });
    expect([failed.isError, failed.structured]).toMatchObject([
      true,
      {
        exit: 4,
        summary: expect.stringMatching(/^failed: .*worker-3.*everything was taken back, the cluster is as it was$/),
        details: { outcome: 'rolled-back', failed: { step: 'policy' } },
      },
    ]);
    expect(stored(lab)).toEqual(before);
  });

  test('names what it could not take back; once that is possible, removing finishes it', async () => {
    const lab = await openLab();
    const ferry = await open(lab);
    const before = stored(lab);
    const resource = resources.networkAttachments;
    const proposal = await change(ferry, { ...BUILD, canary: 'shop/storefront-web-1' });
    const failed = await apply(ferry, proposal, {
      at: {
        '[5/6]': () => {
          lab.injector.inject({ name: 'target-crash', vm: 'shop/storefront-web-1', phase: 'Scheduled' });
          lab.injector.inject({ name: 'api-500', verb: 'delete', resource });
        },
      },
    });
    expect([failed.isError, failed.structured]).toMatchObject([
      true,
      { exit: 5, summary: expect.stringContaining('Once what is in the way is gone: migration_network_change') },
    ]);
    lab.injector.clear();
    const seen = await look(ferry, { action: 'verify' });
    expect(seen.structured.run).toMatchObject({ state: 'undoing', why: expect.stringContaining('storefront-web-1') });
    const removed = await apply(ferry, await change(ferry, { action: 'remove' }));
    expect(removed.structured).toMatchObject({ exit: 0, summary: 'the migration network is gone' });
    expect(stored(lab)).toEqual(before);
  });
});

describe('a server that ends in the middle leaves a run that can be taken up', () => {
  const kill = (ferry: Ferry): void => void process.kill(pidOf(ferry), 'SIGKILL');
  const close = (ferry: Ferry): Promise<void> => ferry.close();

  test.each<[string, Transport, string, (ferry: Ferry) => void | Promise<void>]>([
    ['is killed', 'stdio', 'resume', kill],
    ['is killed', 'stdio', 'remove', kill],
    ['is told to stop', 'stdio', 'resume by hand', (ferry) => void process.kill(pidOf(ferry), 'SIGTERM')],
    ['loses its client', 'stdio', 'resume', (ferry) => ferry.client.close()],
    ['is told to stop', 'http', 'resume by hand', close],
    ['is told to stop', 'http', 'remove', close],
  ])('that %s, over %s: %s', async (_, transport, action, end) => {
    const lab = await openLab({ speed: 60 });
    const before = stored(lab);
    const first = await open(lab, [transport, 'modern']);
    const proposal = await change(first, BUILD);
    await new Promise<void>((resolve, reject) => {
      apply(first, proposal, { at: { '[4/6]': resolve } }).then(
        ({ text }) => reject(new Error(text)),
        () => undefined,
      );
    });
    await end(first);
    ferries.length = 0;
    await first.close().catch(() => undefined);
    await expect.poll(() => runIn(lab)?.state).toBe('applying');
    const second = await open(lab);
    const seen = await look(second, { action: 'verify' });
    expect(seen.structured.run).toMatchObject({ state: 'applying', begun: expect.arrayContaining(['setting']) });
    expect(seen.text).toContain('Go on with it: migration_network_change with action resume.');
    const other = await change(second, BUILD);
    expect([other.isError, other.text]).toEqual([true, expect.stringMatching(/run \w+ of .* is unfinished/)]);
    if (action === 'resume by hand') {
      // The command line takes up what a server began.
      const ran = await byHand(lab, 'network apply --resume --yes');
      expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('The migration network is in use.')]);
    } else {
      const next = await apply(second, await change(second, { action }));
      expect([next.isError, next.structured]).toMatchObject([false, { exit: 0 }]);
    }
    if (action !== 'remove') {
      expect((await look(second, { action: 'verify' })).structured.ok).toBe(true);
      await apply(second, await change(second, { action: 'remove' }));
    }
    expect(stored(lab)).toEqual(before);
  });
});

async function byHand(lab: Lab, argv: string): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-network-'));
  writeFileSync(join(folder, 'kubeconfig'), lab.kubeconfig, { mode: 0o600 });
  try {
    return await run(argv.split(' '), { env: { KUBECONFIG: join(folder, 'kubeconfig'), HOME: folder } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pidOf({ client }: Ferry): number {
  return (client.transport as StdioClientTransport).pid!;
}

function runIn(lab: Lab): { state: string } | undefined {
  const [record] = lab.store.list<KubeObject & { data?: Record<string, string> }>('configmaps', CNV_NAMESPACE);
  return record?.data === undefined ? undefined : (JSON.parse(record.data['journal']!) as { state: string });
}

test("the mission's network section: what its objects would do is told, and what they mean is built", async () => {
  const lab = await openLab();
  const ferry = await open(lab);
  const before = stateOf(lab);
  // Steps 1 and 2, before they are applied.
  const manifests = readFileSync('test/fixtures/network/mission.yaml', 'utf8');
  const told = await look(ferry, { action: 'verify', manifests });
  expect(told.structured.ok).toBe(false);
  const checks = told.structured.findings.map(({ check }: { check: string }) => check);
  expect(checks).toEqual(['network/host-interface', 'network/not-connected', 'network/ipam-key']);
  expect(stateOf(lab)).toEqual(before);
  // What they mean: VLAN 3030 of enp4s0, these addresses, MTU 9000 (Infrastructure); step 3 comes with it.
  const built = await apply(ferry, await change(ferry, BUILD));
  expect(built.structured).toMatchObject({ exit: 0 });
  // Step 4: every virt-handler has restarted and is ready.
  const { structured } = await look(ferry, { action: 'verify' });
  expect(structured.nodes.every(({ ready }: { ready: boolean }) => ready)).toBe(true);
  // Verification After Migration: the target's address is in the range.
  const move = await ferry.call('vm_migration_move', { name: 'storefront-web-1', namespace: 'shop' });
  expect((await apply(ferry, move)).structured).toMatchObject({ exit: 0 });
  const vmi = await ferry.call('resources_get', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    namespace: 'shop',
    name: 'storefront-web-1',
  });
  expect(vmi.text).toMatch(/"targetNodeAddress":\s*"10\.200\.5\./);
  expect((await look(ferry, { action: 'verify' })).structured.ok).toBe(true);
});
