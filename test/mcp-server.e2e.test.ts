import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { McpClient } from './mcp-client.ts';

// The mission's steps, as it writes them, through the server it writes them for: kubernetes-mcp-server, which knows
// nothing of the lab. Parameter names are those of the real server (facts/mcp.md section 1).

let lab: Lab;
let mcp: McpClient;
let folder: string;

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 50, seed: 'mcp' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  mcp = new McpClient(
    'node_modules/.bin/kubernetes-mcp-server',
    ['--kubeconfig', kubeconfig, '--toolsets', 'core,kubevirt,config'],
    { PATH: process.env['PATH'], HOME: folder },
  );
  await mcp.initialize();
});

afterAll(async () => {
  mcp.close();
  expect(lab.faults).toEqual([]);
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls until the answer satisfies, as an agent that polls would; the lab's time runs fifty-fold. */
async function eventually(call: () => Promise<string>, satisfied: (text: string) => boolean): Promise<string> {
  let text = await call();
  for (let tries = 0; tries < 200 && !satisfied(text); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    text = await call();
  }
  return text;
}

describe('the mission through kubernetes-mcp-server', () => {
  test('it has no migration tool, so the mission works with primitives', async () => {
    const tools = await mcp.tools();
    expect(tools).toContain('resources_create_or_update');
    expect(tools.filter((name) => name.includes('migrat'))).toEqual([]);
  });

  test('Configuration Parameters, step 1: resources_get of the HyperConverged shows its liveMigrationConfig', async () => {
    const { isError, structured } = await mcp.call('resources_get', {
      apiVersion: 'hco.kubevirt.io/v1beta1',
      kind: 'HyperConverged',
      namespace: 'openshift-cnv',
      name: 'kubevirt-hyperconverged',
    });
    expect(isError).toBe(false);
    expect(structured).toMatchObject({
      spec: {
        liveMigrationConfig: { parallelMigrationsPerCluster: 5, completionTimeoutPerGiB: 150, progressTimeout: 150 },
      },
    });
  });

  test('Configuration Parameters, step 3: resources_create_or_update changes them by server-side apply', async () => {
    const { isError, text } = await mcp.call('resources_create_or_update', {
      resource: JSON.stringify({
        apiVersion: 'hco.kubevirt.io/v1beta1',
        kind: 'HyperConverged',
        metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv' },
        spec: { liveMigrationConfig: { progressTimeout: 300 } },
      }),
    });
    expect(text).not.toContain('conflict');
    expect(isError).toBe(false);
    const after = await mcp.call('resources_get', {
      apiVersion: 'hco.kubevirt.io/v1beta1',
      kind: 'HyperConverged',
      namespace: 'openshift-cnv',
      name: 'kubevirt-hyperconverged',
    });
    expect(after.structured).toMatchObject({
      spec: { liveMigrationConfig: { progressTimeout: 300, parallelMigrationsPerCluster: 5 } },
    });
  });

  test('Storage Requirements: resources_get of a claim shows its access modes', async () => {
    const list = await mcp.call('resources_list', { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
    expect(list.isError).toBe(false);
    expect(list.text).toContain('RWX');
    expect(list.text).toContain('RWO');
    const [namespace, , , name] = (list.text.split('\n')[1] ?? '').split(/\s+/);
    const { structured } = await mcp.call('resources_get', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name,
    });
    expect(structured).toMatchObject({ spec: { accessModes: [expect.stringMatching(/^ReadWrite/)] } });
  });

  test('Checklist 2: pods_list finds every virt-handler, ready, in all namespaces', async () => {
    const { isError, text } = await mcp.call('pods_list', { labelSelector: 'kubevirt.io=virt-handler' });
    expect(isError).toBe(false);
    const rows = text.split('\n').filter((line) => line.includes('virt-handler-'));
    expect(rows.length).toBeGreaterThanOrEqual(4);
    for (const row of rows) {
      expect(row).toContain('openshift-cnv');
      expect(row).toContain('1/1');
      expect(row).toContain('Running');
    }
  });

  test('Issue 3: pods_log reads a virt-handler log with tail', async () => {
    const pods = await mcp.call('pods_list', { labelSelector: 'kubevirt.io=virt-handler' });
    const name = /virt-handler-[a-z0-9]+/.exec(pods.text)?.[0];
    const { isError, text } = await mcp.call('pods_log', { name, namespace: 'openshift-cnv', tail: 100 });
    expect(isError).toBe(false);
    expect(text.trim().length).toBeGreaterThan(0);
  });

  test('Checklist 4: nodes_top and nodes_stats_summary tell load and network counters', async () => {
    const nodes = await mcp.call('resources_list', { apiVersion: 'v1', kind: 'Node' });
    const name = /\b(worker-[a-z0-9.-]+)/.exec(nodes.text)?.[1];
    const top = await mcp.call('nodes_top', { name });
    expect(top.isError).toBe(false);
    expect(top.text).toMatch(/CPU\(cores\)/);
    expect(top.text).toMatch(/\d+m/);
    const stats = await mcp.call('nodes_stats_summary', { name });
    expect(stats.isError).toBe(false);
    expect(stats.text).toContain('rxBytes');
  });

  test('Migration Process: a VirtualMachineInstanceMigration applied as a resource moves the VM', async () => {
    const vms = [...lab.store.list('virtualmachineinstances.kubevirt.io')] as unknown as Vmi[];
    const vmi = vms.find((candidate) =>
      candidate.status.conditions.some((c) => c.type === 'LiveMigratable' && c.status === 'True'),
    ) as Vmi;
    const before = vmi.status.nodeName;
    const { namespace, name } = vmi.metadata;
    const created = await mcp.call('resources_create_or_update', {
      resource: `apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstanceMigration\nmetadata:\n  name: agent-move\n  namespace: ${namespace}\nspec:\n  vmiName: ${name}\n`,
    });
    expect(created.isError).toBe(false);
    const list = await eventually(
      async () =>
        (await mcp.call('resources_list', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration' }))
          .text,
      (text) => /agent-move\s+(Succeeded|Failed)/.test(text),
    );
    expect(list).toMatch(/agent-move\s+Succeeded/);
    const migration = await mcp.call('resources_get', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      namespace,
      name: 'agent-move',
    });
    expect(migration.structured).toMatchObject({
      status: { phase: 'Succeeded', migrationState: { sourceNode: before, completed: true } },
    });
    const after = await mcp.call('resources_get', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstance',
      namespace,
      name,
    });
    expect((after.structured as Vmi).status.nodeName).not.toBe(before);
  });

  test("a VM that cannot move is refused with KubeVirt's own words", async () => {
    const vms = [...lab.store.list('virtualmachineinstances.kubevirt.io')] as unknown as Vmi[];
    const vmi = vms.find((candidate) =>
      candidate.status.conditions.some((c) => c.reason === 'DisksNotLiveMigratable'),
    ) as Vmi;
    const { isError, text } = await mcp.call('resources_create_or_update', {
      resource: `apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstanceMigration\nmetadata:\n  name: agent-try\n  namespace: ${vmi.metadata.namespace}\nspec:\n  vmiName: ${vmi.metadata.name}\n`,
    });
    expect(isError).toBe(true);
    expect(text).toContain('live migration requires that all PVCs must be shared (using ReadWriteMany access mode)');
  });

  test('vm_lifecycle stops and starts a VM', async () => {
    const vms = [...lab.store.list('virtualmachines.kubevirt.io')] as unknown as Vm[];
    const vm = vms.find((candidate) => candidate.status?.printableStatus === 'Running') as Vm;
    const { namespace, name } = vm.metadata;
    const status = async (): Promise<string> => {
      const { structured } = await mcp.call('resources_get', {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachine',
        namespace,
        name,
      });
      return (structured as Vm).status?.printableStatus ?? '';
    };
    const stopped = await mcp.call('vm_lifecycle', { namespace, name, action: 'stop' });
    expect(stopped.text).not.toContain('failed');
    expect(await eventually(status, (text) => text === 'Stopped')).toBe('Stopped');
    const started = await mcp.call('vm_lifecycle', { namespace, name, action: 'start' });
    expect(started.isError).toBe(false);
    expect(await eventually(status, (text) => text === 'Running')).toBe('Running');
  });
});

interface Vmi {
  metadata: { namespace: string; name: string };
  status: { nodeName: string; conditions: { type: string; status: string; reason?: string }[] };
}

interface Vm {
  metadata: { namespace: string; name: string };
  status?: { printableStatus?: string };
}
