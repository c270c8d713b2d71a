import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../src/cli/testing/run.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { type Answered, type Ferry, ferryMcp } from './mcp-ferry.ts';

// Every MCP step of the mission's text, in its order, with its tool names and its arguments, by a client that can only
// do what the text says (and confirm proposals). Where the real software differs from the text, facts/anchors.md section
// 6 says so, and the test says what happens instead.

let lab: Lab;
let ferry: Ferry;
let folder: string;

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 50, seed: 'mcp-mission' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-mission-'));
  writeFileSync(join(folder, 'kubeconfig'), lab.kubeconfig, { mode: 0o600 });
  ferry = await ferryMcp(lab.kubeconfig, 'stdio', 'legacy', { allowWrites: true });
});

afterAll(async () => {
  await ferry.close();
  expect(lab.faults).toEqual([]);
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function call(tool: string, args: Record<string, unknown>): Promise<Answered> {
  const answered = await ferry.call(tool, args);
  expect(answered.isError, `${tool}: ${answered.text}`).toBe(false);
  return answered;
}

/** A write: its proposal, confirmed. Gives both. */
async function write(tool: string, args: Record<string, unknown>): Promise<[proposal: Answered, done: Answered]> {
  const proposal = await call(tool, args);
  const { id, hash } = proposal.structured;
  let done = await call('apply_proposal', { id, hash, wait_seconds: 100 });
  while (done.structured.state === 'running') done = await call('apply_proposal', { id, hash, wait_seconds: 100 });
  expect(done.structured).toMatchObject({ state: 'done', exit: 0 });
  return [proposal, done];
}

const HCO = {
  apiVersion: 'hco.kubevirt.io/v1beta1',
  kind: 'HyperConverged',
  namespace: 'openshift-cnv',
  name: 'kubevirt-hyperconverged',
};

/** The settings as they stand in the cluster. */
const settings = (): unknown =>
  (
    lab.store.get('hyperconvergeds.hco.kubevirt.io', HCO.namespace, HCO.name) as {
      spec?: { liveMigrationConfig?: unknown };
    }
  ).spec?.liveMigrationConfig;

const cli = (...argv: string[]) => run(argv, { env: { KUBECONFIG: join(folder, 'kubeconfig'), HOME: folder } });

const MIGRATIONS = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration' };
const HANDLERS = { labelSelector: 'kubevirt.io=virt-handler' };

describe('How to Update Configuration Using MCP Tools', () => {
  test('steps 1 to 3: the HyperConverged is read, modified and applied as a whole; the old values can be put back', async () => {
    const { structured: resource } = await call('resources_get', HCO);
    const before = { ...resource.spec.liveMigrationConfig };
    const wanted = {
      completionTimeoutPerGiB: 1200,
      parallelMigrationsPerCluster: 10,
      progressTimeout: 300,
      bandwidthPerMigration: '32Mi',
    };
    Object.assign(resource.spec.liveMigrationConfig, wanted);
    // "Pass the complete modified HyperConverged resource as YAML or JSON string."
    const [proposal] = await write('resources_create_or_update', { resource: JSON.stringify(resource) });
    expect(proposal.structured.changes).toMatchObject([
      {
        verb: 'patch',
        object: { kind: 'HyperConverged' },
        fields: expect.arrayContaining(
          Object.entries(wanted).map(([name, to]) => ({
            path: `.spec.liveMigrationConfig.${name}`,
            from: before[name] ?? null,
            to,
          })),
        ),
      },
    ]);
    expect(settings()).toEqual({ ...before, ...wanted });
    const { stdout } = await cli('settings', 'history', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ outcome: 'applied', now: 'in-force' }] });
    expect((await cli('settings', 'revert', '--yes')).code).toBe(0);
    expect(settings()).toEqual(before);
  });

  test('step 2 alone, "{spec: ...}" as the text shows it: with the names of the object beside it', async () => {
    const part = { spec: { liveMigrationConfig: { completionTimeoutPerGiB: 1200, progressTimeout: 300 } } };
    const [proposal] = await write('resources_create_or_update', { resource: part, ...HCO });
    expect(proposal.structured.changes[0].fields).toHaveLength(2);
    expect(settings()).toMatchObject(part.spec.liveMigrationConfig);
  });
});

describe('Storage Requirements', () => {
  test('a claim tells its access modes', async () => {
    const { structured } = await call('resources_get', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: 'finance',
      name: (await claimsOf('finance', 'ledger-app'))[0],
    });
    expect(structured.spec.accessModes).toContain('ReadWriteMany');
  });
});

async function claimsOf(namespace: string, name: string): Promise<string[]> {
  const vm = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace, name };
  const { structured } = await call('resources_get', vm);
  const volumes = structured.spec.template.spec.volumes as {
    persistentVolumeClaim?: { claimName: string };
    dataVolume?: { name: string };
  }[];
  // A DataVolume makes a claim of its own name; the text knows only the other kind.
  return volumes.flatMap(
    ({ persistentVolumeClaim, dataVolume }) => persistentVolumeClaim?.claimName ?? dataVolume?.name ?? [],
  );
}

describe('Dedicated Migration Network', () => {
  // The texts of steps 1 and 2, as they stand there.
  const policy =
    'apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nmetadata:\n  name: migration-network-policy\nspec:\n  desiredState:\n    interfaces:\n      - name: br-lm\n        description: OVS bridge for live migration\n        type: ovs-bridge\n        state: up\n        bridge:\n          allow-extra-patch-ports: true\n          port:\n            - name: enp4s0\n              vlan:\n                mode: access\n                tag: 3030\n          options:\n            stp: false';
  const network =
    'apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata:\n  name: migration-network\n  namespace: openshift-cnv\nspec:\n  config: \'{\n    "cniVersion": "0.3.1",\n    "name": "migration-bridge",\n    "type": "macvlan",\n    "master": "eth1",\n    "mode": "bridge",\n    "ipam": {\n      "type": "whereabouts",\n      "range": "10.200.5.0/24",\n      "excludeSubnets": "10.200.5.0/30"\n    }\n  }\'';

  test('step 1: the policy is created', async () => {
    const [proposal] = await write('resources_create_or_update', { resource: policy });
    expect(proposal.structured.summary).toBe('Create NodeNetworkConfigurationPolicy migration-network-policy.');
    const created = lab.store.get('nodenetworkconfigurationpolicies.nmstate.io', undefined, 'migration-network-policy');
    expect(created).toMatchObject({ spec: { desiredState: { interfaces: [{ name: 'br-lm', type: 'ovs-bridge' }] } } });
  });

  test('step 2: the network is created, and the key that whereabouts does not know is named', async () => {
    const [proposal] = await write('resources_create_or_update', { resource: network });
    expect(proposal.structured.findings.map(({ message }: { message: string }) => message)).toContainEqual(
      expect.stringContaining('excludeSubnets'),
    );
    const get = {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      namespace: 'openshift-cnv',
      name: 'migration-network',
    };
    const { structured } = await call('resources_get', get);
    expect(JSON.parse(structured.spec.config)).toMatchObject({ type: 'macvlan', master: 'eth1' });
  });

  test('step 2, corrected: it stands on a NIC that the nodes have, which the text leaves to the reader', async () => {
    // facts/anchors.md section 6, rows 16 and 17: with eth1, the first virt-handler to restart would not come up.
    const named = { ...JSON.parse(/config: '(.*)'$/s.exec(network)![1]!), master: 'enp4s0' };
    const where = {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      namespace: 'openshift-cnv',
      name: 'migration-network',
    };
    const { excludeSubnets, ...ipam } = named.ipam;
    const config = JSON.stringify({ ...named, ipam: { ...ipam, exclude: [excludeSubnets] } });
    const [proposal] = await write('resources_create_or_update', { resource: { spec: { config } }, ...where });
    expect(proposal.structured.changes).toMatchObject([
      { verb: 'patch', fields: [{ path: '.spec.config', to: config }] },
    ]);
    expect(proposal.structured.findings).toEqual([]);
  });

  test('step 3: the HyperConverged is told to use it, and every virt-handler restarts with an address of it', async () => {
    const part = { spec: { liveMigrationConfig: { network: 'migration-network' } } };
    const [proposal] = await write('resources_create_or_update', { resource: part, ...HCO });
    expect(proposal.structured.effect).toContain('virt-handler restarts on one node after the other.');
    expect(settings()).toMatchObject(part.spec.liveMigrationConfig);
    const fields = [".metadata.annotations['k8s.v1.cni.cncf.io/networks']", '.status.containerStatuses[0].ready'];
    const state = async (): Promise<unknown> => (await call('pods_list', { ...HANDLERS, fields })).structured.items;
    await expect
      .poll(state, { timeout: 30_000, interval: 500 })
      .toEqual(
        Array.from({ length: 4 }, () =>
          expect.objectContaining({ [fields[0]!]: expect.stringContaining('migration-network'), [fields[1]!]: true }),
        ),
      );
  });

  test('step 4: the virt-handlers, and which are ready', async () => {
    const { structured } = await call('pods_list', {
      ...HANDLERS,
      filter: ['.status.containerStatuses[0].ready=true'],
    });
    expect(structured.items).toHaveLength(4);
    expect((await call('pods_list', HANDLERS)).structured.total).toBe(4);
  });
});

describe('a migration', () => {
  test('is created as the text would, with the checks of a move, and verified by its address', async () => {
    const metadata = { generateName: 'mission-', namespace: 'finance' };
    const [proposal, done] = await write('resources_create_or_update', {
      resource: { ...MIGRATIONS, metadata, spec: { vmiName: 'ledger-app' } },
    });
    expect(proposal.structured.effect).toEqual([expect.stringContaining('finance/ledger-app copies up to')]);
    const { name } = done.structured.details.object;
    type Status = { phase?: string; migrationState?: { targetNodeAddress?: string } };
    const get = async (): Promise<Status> =>
      (await call('resources_get', { ...MIGRATIONS, namespace: 'finance', name })).structured.status ?? {};
    await expect.poll(async () => (await get()).phase, { timeout: 20_000 }).toBe('Succeeded');
    expect((await get()).migrationState?.targetNodeAddress).toMatch(/^10\.200\.5\./);
  });

  test('is monitored, and counted where it has not ended', async () => {
    const { structured } = await call('resources_list', { ...MIGRATIONS, filter: ['.status.phase=Succeeded'] });
    expect(structured.items).toHaveLength(1);
    const open = { ...MIGRATIONS, filter: ['.status.phase!=Succeeded', '.status.phase!=Failed'] };
    expect((await call('resources_list', open)).structured.total).toBe(0);
  });
});

describe('Best Practices', () => {
  test('2: a node is labelled, and nothing else of it is written', async () => {
    const { structured: node } = await call('resources_get', { apiVersion: 'v1', kind: 'Node', name: 'worker-0' });
    const { spec: _, status: __, ...rest } = node;
    rest.metadata.labels.cpumanager = 'true';
    // Nodes report all the time, virt-handler's heartbeat in an annotation: the copy is of yesterday by the time it is given.
    delete rest.metadata.resourceVersion;
    delete rest.metadata.annotations;
    const before = lab.store.get('nodes', undefined, 'worker-0') as never as {
      metadata: { labels: object };
      spec: object;
    };
    const [proposal] = await write('resources_create_or_update', { resource: rest });
    expect(proposal.structured.changes).toMatchObject([
      {
        verb: 'patch',
        object: { kind: 'Node', name: 'worker-0' },
        fields: [{ path: '.metadata.labels.cpumanager', to: 'true' }],
      },
    ]);
    const after = lab.store.get('nodes', undefined, 'worker-0') as never as typeof before;
    expect([after.metadata.labels, after.spec]).toEqual([
      { ...before.metadata.labels, cpumanager: 'true' },
      before.spec,
    ]);
  });

  test('3: the MTU of the network is in its configuration, if it is anywhere', async () => {
    const { structured } = await call('resources_get', {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      namespace: 'openshift-cnv',
      name: 'migration-network',
    });
    // The text's own example sets none (facts/anchors.md section 6, row 18).
    expect(JSON.parse(structured.spec.config)).not.toHaveProperty('mtu');
  });

  test('4 and 6.1: each claim of a VM says whether it can be shared', async () => {
    const modes = await Promise.all(
      (await claimsOf('finance', 'ledger-app')).map(async (name) => {
        const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'finance', name };
        return (await call('resources_get', claim)).structured.spec.accessModes as string[];
      }),
    );
    expect(modes.length).toBeGreaterThan(0);
    expect(modes.every((each) => each.includes('ReadWriteMany'))).toBe(true);
  });

  test('5: what a node sends and receives, and its load', async () => {
    const { structured } = await call('nodes_stats_summary', { name: 'worker-0' });
    // `.node.network`, and not `.network` (facts/mcp.md section 1).
    for (const { rxBytes, txBytes } of structured.node.network.interfaces)
      expect([typeof rxBytes, typeof txBytes]).toEqual(['number', 'number']);
    expect((await call('nodes_top', { name: 'worker-0' })).structured.nodes).toMatchObject([{ name: 'worker-0' }]);
  });

  test('6.4: what the target can hold', async () => {
    const { structured } = await call('resources_get', { apiVersion: 'v1', kind: 'Node', name: 'worker-2' });
    expect(structured.status).toMatchObject({
      allocatable: { cpu: expect.anything() },
      capacity: { memory: expect.anything() },
    });
  });
});

describe('Troubleshooting Common Issues', () => {
  test.each<[string, Record<string, unknown>]>([
    ['1.1: longer timeouts', { completionTimeoutPerGiB: 1500, progressTimeout: 400 }],
    ['2.1: fewer at the same time', { parallelMigrationsPerCluster: 3 }],
    ['2.2: a limit of bandwidth', { bandwidthPerMigration: '48Mi' }],
    ['4.2: more at the same time', { parallelMigrationsPerCluster: 10 }],
  ])('%s', async (_, liveMigrationConfig) => {
    await call('resources_get', HCO);
    await write('resources_create_or_update', { resource: { spec: { liveMigrationConfig } }, ...HCO });
    expect(settings()).toMatchObject(liveMigrationConfig);
    const { stdout } = await cli('settings', 'history', '-o', 'json');
    const { items } = JSON.parse(stdout) as { items: { changes: { name: string }[] }[] };
    expect(items.flatMap(({ changes }) => changes.map(({ name }) => name))).toEqual(
      expect.arrayContaining(Object.keys(liveMigrationConfig)),
    );
  });

  test('3.2: the log of a virt-handler', async () => {
    const { structured } = await call('pods_list', { ...HANDLERS, limit: 1 });
    const { name } = structured.items[0].metadata;
    const { structured: log } = await call('pods_log', { name, namespace: 'openshift-cnv', tail: 100 });
    expect(log.log).not.toBe('');
  });

  test('3.3: the network policies and the networks', async () => {
    const policies = await call('resources_list', {
      apiVersion: 'nmstate.io/v1',
      kind: 'NodeNetworkConfigurationPolicy',
    });
    expect(policies.structured.items).toMatchObject([{ metadata: { name: 'migration-network-policy' } }]);
    const networks = {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      namespace: 'openshift-cnv',
    };
    expect((await call('resources_list', networks)).structured.items).toMatchObject([
      { metadata: { name: 'migration-network' } },
    ]);
  });
});
