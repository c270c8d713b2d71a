import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';

// kubectl, the real one, on the lab: what an administrator types.

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

let lab: Lab;
let folder: string;
let home: NodeJS.ProcessEnv;

/** Runs kubectl without blocking: the lab lives in this process and has to answer it. */
function kubectl(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile('kubectl', args, { env: home, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

beforeAll(async () => {
  if (!hasKubectl) return;
  lab = await startLab({ scenario: 'small', speed: 20, seed: 'kubectl' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-kubectl-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  home = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig };
});

afterAll(async () => {
  if (!hasKubectl) return;
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Condition {
  type: string;
  status: string;
  reason?: string;
}
interface Vmi {
  metadata: { namespace: string; name: string };
  status: { nodeName: string; conditions: Condition[] };
}

function vmis(): Vmi[] {
  return lab.store.list('virtualmachineinstances.kubevirt.io') as unknown as Vmi[];
}

const migratable = (vmi: Vmi): boolean =>
  vmi.status.conditions.some((c) => c.type === 'LiveMigratable' && c.status === 'True');

const vmsOn = (node: string): Vmi[] => vmis().filter((vmi) => vmi.status.nodeName === node);

const nodesWithVms = (): string[] => [...new Set(vmis().map((vmi) => vmi.status.nodeName))].sort();

function evacuations(): string[] {
  return lab.store
    .list('virtualmachineinstancemigrations.kubevirt.io')
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith('kubevirt-evacuation-'));
}

function drain(node: string, timeout: string): Promise<Ran> {
  const flags = [
    '--ignore-daemonsets',
    '--delete-emptydir-data',
    '--force',
    '--pod-selector=kubevirt.io=virt-launcher',
  ];
  return kubectl('drain', node, ...flags, `--timeout=${timeout}`);
}

describe.skipIf(!hasKubectl)('kubectl on the lab', () => {
  test('get nodes and get vm look as on a cluster', async () => {
    const nodes = await kubectl('get', 'nodes');
    expect(nodes.stdout).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION/);
    expect(nodes.stdout).toMatch(/Ready\s+worker/);
    const vms = await kubectl('get', 'vm', '-A');
    expect(vms.stdout).toMatch(/^NAMESPACE\s+NAME\s+AGE\s+STATUS\s+READY/);
    expect(vms.stdout).toMatch(/Running\s+True/);
    expect(vms.stdout).toMatch(/Stopped\s+False/);
    const wide = await kubectl('get', 'vmi', '-A', '-o', 'wide');
    expect(wide.stdout).toMatch(/LIVE-MIGRATABLE\s+PAUSED/);
  });

  test('describe shows a VM with its conditions and events', async () => {
    const vmi = vmis()[0]!;
    const { code, stdout } = await kubectl('describe', 'vmi', vmi.metadata.name, '-n', vmi.metadata.namespace);
    expect(code).toBe(0);
    expect(stdout).toContain('LiveMigratable');
    expect(stdout).toContain('Node Name:');
    const node = await kubectl('describe', 'node', vmi.status.nodeName);
    expect(node.code).toBe(0);
    expect(node.stdout).toContain('Allocated resources');
  });

  test('a migration created with kubectl is watched through every phase and waited for', async () => {
    const vmi = vmis().find(migratable)!;
    const { namespace, name } = vmi.metadata;
    const before = vmi.status.nodeName;
    const watcher = execFile('kubectl', ['get', 'vmim', '-n', namespace, '-w', '--no-headers'], { env: home });
    let seen = '';
    watcher.stdout?.on('data', (text: string) => {
      seen += text;
    });
    const manifest = join(folder, 'migration.yaml');
    writeFileSync(
      manifest,
      `apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstanceMigration\nmetadata: {name: by-hand, namespace: ${namespace}}\nspec: {vmiName: ${name}}\n`,
    );
    // The watch has to be there before the migration is.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const created = await kubectl('create', '-f', manifest);
    expect(created.stderr).toBe('');
    expect(created.stdout).toContain('by-hand created');
    const waited = await kubectl(
      'wait',
      'vmim/by-hand',
      '-n',
      namespace,
      '--for=jsonpath={.status.phase}=Succeeded',
      '--timeout=50s',
    );
    expect(waited.stdout).toContain('condition met');
    await new Promise((resolve) => setTimeout(resolve, 300));
    watcher.kill();
    const phases = seen
      .split('\n')
      .filter((line) => line.startsWith('by-hand'))
      .map((line) => line.split(/\s+/)[1] ?? '');
    const order = ['Pending', 'Scheduling', 'Scheduled', 'PreparingTarget', 'TargetReady', 'Running', 'Succeeded'];
    expect([...new Set(phases)].filter((phase) => order.includes(phase))).toEqual(order);
    const after = await kubectl('get', 'vmi', name, '-n', namespace, '-o', 'jsonpath={.status.nodeName}');
    expect(after.stdout).not.toBe(before);
  });

  test('top shows nodes and pods', async () => {
    const nodes = await kubectl('top', 'nodes');
    expect(nodes.stdout).toMatch(/CPU\(cores\)/);
    expect(nodes.stdout).toMatch(/worker-\S+\s+\d+m\s+\d+%/);
    const pods = await kubectl('top', 'pods', '-A');
    expect(pods.stdout).toMatch(/virt-launcher-\S+\s+\d+m\s+\d+Mi/);
  });

  test('explain knows the fields of a migration', async () => {
    const { stdout } = await kubectl('explain', 'vmim.spec.vmiName');
    expect(stdout).toMatch(/vmiName <string>/);
  });

  test('apply, patch, label, server-side apply and delete work on a MigrationPolicy', async () => {
    const manifest = join(folder, 'policy.yaml');
    writeFileSync(
      manifest,
      'apiVersion: migrations.kubevirt.io/v1alpha1\nkind: MigrationPolicy\nmetadata: {name: gentle}\nspec:\n  bandwidthPerMigration: 64Mi\n  selectors:\n    namespaceSelector: {team: web}\n',
    );
    expect((await kubectl('apply', '-f', manifest)).stdout).toContain('gentle created');
    expect((await kubectl('apply', '-f', manifest)).stdout).toContain('gentle unchanged');
    expect(
      (
        await kubectl(
          'patch',
          'migrationpolicy',
          'gentle',
          '--type=merge',
          '-p',
          '{"spec":{"bandwidthPerMigration":"32Mi"}}',
        )
      ).stdout,
    ).toContain('patched');
    expect((await kubectl('label', 'migrationpolicy', 'gentle', 'team=web')).stdout).toContain('labeled');
    const conflict = await kubectl('apply', '--server-side', '--field-manager=other', '-f', manifest);
    expect(conflict.stderr).toContain('conflict');
    expect(
      (await kubectl('apply', '--server-side', '--force-conflicts', '--field-manager=other', '-f', manifest)).stdout,
    ).toContain('serverside-applied');
    expect(
      (await kubectl('get', 'migrationpolicy', 'gentle', '-o', 'jsonpath={.spec.bandwidthPerMigration}')).stdout,
    ).toBe('64Mi');
    expect((await kubectl('delete', 'migrationpolicy', 'gentle')).stdout).toContain('deleted');
  });

  test('what was applied by the client is taken over by the server, and nothing of it is lost', async () => {
    const manifest = join(folder, 'taken-over.yaml');
    writeFileSync(
      manifest,
      'apiVersion: migrations.kubevirt.io/v1alpha1\nkind: MigrationPolicy\nmetadata: {name: taken-over}\nspec: {bandwidthPerMigration: 64Mi, selectors: {}}\n',
    );
    await kubectl('apply', '-f', manifest);
    const { stdout, stderr } = await kubectl('apply', '--server-side', '--force-conflicts', '-f', manifest);
    expect([stdout, stderr]).toEqual([expect.stringContaining('serverside-applied'), '']);
    expect((await kubectl('delete', '-f', manifest)).code).toBe(0);
  });

  test('exec says that there is nothing to run in; a log is followed until its pod ends', async () => {
    const vmi = vmis().find((one) => migratable(one) && one.metadata.namespace === 'lab-test')!;
    const { namespace, name } = vmi.metadata;
    const label = `vm.kubevirt.io/name=${name}`;
    const pod = (await kubectl('get', 'pod', '-n', namespace, '-l', label, '-o', 'name')).stdout.trim();
    const run = await kubectl('exec', '-n', namespace, pod, '--', 'ls');
    expect(run.stderr).toContain('pods/exec is not implemented');
    const followed = kubectl('logs', '-f', '-n', namespace, pod);
    const manifest = join(folder, 'followed.yaml');
    writeFileSync(
      manifest,
      `apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstanceMigration\nmetadata: {name: followed, namespace: ${namespace}}\nspec: {vmiName: ${name}}\n`,
    );
    await kubectl('create', '-f', manifest);
    const { code, stdout } = await followed;
    expect(code).toBe(0);
    expect(stdout).toContain('Migration info for');
  });

  test('cordon alone moves nothing; drain evacuates the VMs of a node live and ends well', async () => {
    // Its VMs can all move; the other nodes have one that cannot, or that never gets done.
    const node = 'worker-3';
    expect(vmsOn(node).every(migratable)).toBe(true);
    expect((await kubectl('cordon', node)).stdout).toContain('cordoned');
    expect(vmsOn(node).length).toBeGreaterThan(0);
    expect(evacuations()).toEqual([]);
    const drained = await drain(node, '50s');
    expect(drained.stdout).toContain('evicting pod');
    expect(drained.stderr).toContain('Eviction triggered evacuation of VMI');
    expect(drained.code).toBe(0);
    expect(vmsOn(node)).toEqual([]);
    expect(evacuations().length).toBeGreaterThan(0);
    expect((await kubectl('uncordon', node)).stdout).toContain('uncordoned');
  });

  test('a network policy is waited for until every worker has it, and one that cannot be until it is Degraded', async () => {
    const policy = (name: string, mtu: number) => ({
      apiVersion: 'nmstate.io/v1',
      kind: 'NodeNetworkConfigurationPolicy',
      metadata: { name },
      spec: {
        nodeSelector: { 'node-role.kubernetes.io/worker': '' },
        desiredState: { interfaces: [{ name: 'enp4s0', type: 'ethernet', state: 'up', mtu }] },
      },
    });
    const file = join(folder, 'policies.json');
    const items = [policy('jumbo', 9000), policy('monstrous', 100_000)];
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: items.slice(0, 1) }));
    expect(await kubectl('apply', '-f', file)).toMatchObject({ code: 0, stderr: '' });
    const good = await kubectl('wait', 'nncp', 'jumbo', '--for=condition=Available', '--timeout=50s');
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('condition met') });
    const enactments = await kubectl('get', 'nnce', '-o', 'name');
    expect(enactments.stdout.trim().split('\n')).toHaveLength(4);
    writeFileSync(file, JSON.stringify(items[1]));
    expect((await kubectl('apply', '-f', file)).code).toBe(0);
    const bad = await kubectl('wait', 'nncp', 'monstrous', '--for=condition=Degraded', '--timeout=50s');
    expect(bad).toMatchObject({ code: 0, stdout: expect.stringContaining('condition met') });
  });

  test('a VM that cannot move keeps a drain waiting until its time-out', async () => {
    const node = nodesWithVms().find((name) => !vmsOn(name).every(migratable))!;
    const stuck = vmsOn(node).filter((vmi) => !migratable(vmi));
    const drained = await drain(node, '6s');
    expect(drained.code).not.toBe(0);
    expect(drained.stderr).toContain('is configured with an eviction strategy but is not live-migratable');
    expect(vmsOn(node).map((vmi) => vmi.metadata.name)).toEqual(
      expect.arrayContaining(stuck.map((vmi) => vmi.metadata.name)),
    );
    expect((await kubectl('uncordon', node)).stdout).toContain('uncordoned');
  });
});
