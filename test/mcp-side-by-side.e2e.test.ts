import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { McpClient, type ToolResult } from './mcp-client.ts';

// The mission's read steps, the same call to kubernetes-mcp-server and to `ferry mcp`: the content is equal.

let lab: Lab;
let folder: string;
let real: McpClient;
let ferry: McpClient;

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 'stopped', seed: 'mcp-side' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-side-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  const env = { PATH: process.env['PATH'], HOME: folder };
  const binary = 'node_modules/.bin/kubernetes-mcp-server';
  real = new McpClient(
    binary,
    ['--kubeconfig', kubeconfig, '--toolsets', 'core,kubevirt', '--list-output', 'yaml'],
    env,
  );
  ferry = new McpClient(process.execPath, ['src/cli/main.ts', 'mcp', '--kubeconfig', kubeconfig], env);
  await Promise.all([real.initialize(), ferry.initialize()]);
});

afterAll(async () => {
  real.close();
  ferry.close();
  expect(lab.faults).toEqual([]);
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function both(tool: string, args: Record<string, unknown>): Promise<[ToolResult, ToolResult]> {
  const answers = await Promise.all([real.call(tool, args), ferry.call(tool, args)]);
  expect(answers.map(({ isError }) => isError)).toEqual([false, false]);
  return answers;
}

/** Objects by name, without the cluster's bookkeeping of who wrote which field. */
function named(list: unknown): Map<string, unknown> {
  const { items } = list as { items: { metadata: { namespace?: string; name: string } }[] };
  return new Map(items.map((item) => [`${item.metadata.namespace ?? ''}/${item.metadata.name}`, item]));
}

describe('resources_get', () => {
  test.each<[string, Record<string, unknown>]>([
    [
      'Configuration Parameters, step 1',
      {
        apiVersion: 'hco.kubevirt.io/v1beta1',
        kind: 'HyperConverged',
        namespace: 'openshift-cnv',
        name: 'kubevirt-hyperconverged',
      },
    ],
    ['Node Configuration, step 1', { apiVersion: 'v1', kind: 'Node', name: 'worker-0' }],
    ['VM settings', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace: 'finance', name: 'ledger-app' }],
  ])('%s', async (_, args) => {
    const [theirs, ours] = await both('resources_get', args);
    expect(ours.structured).toEqual(theirs.structured);
  });

  test('Storage Requirements: a claim and its access modes', async () => {
    const [claim] = [...lab.store.list('persistentvolumeclaims')];
    const { namespace, name } = claim!.metadata;
    const [theirs, ours] = await both('resources_get', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name,
    });
    expect(ours.structured).toEqual(theirs.structured);
  });
});

describe('lists', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['Monitor', 'resources_list', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration' }],
    [
      'Checklist: nodes',
      'resources_list',
      { apiVersion: 'v1', kind: 'Node', labelSelector: 'node-role.kubernetes.io/worker' },
    ],
    ['Checklist 2: virt-handler pods', 'pods_list', { labelSelector: 'kubevirt.io=virt-handler' }],
  ])('%s', async (_, tool, args) => {
    const [theirs, ours] = await both(tool, args);
    const mine = named(ours.structured);
    const yaml = theirs.text;
    // Theirs is YAML text; each object of it, and no other, is in ours.
    const { parse } = await import('yaml');
    const parsed: unknown = yaml.trim() === '' ? [] : parse(yaml);
    const items = Array.isArray(parsed) ? parsed : ((parsed as { items?: unknown[] } | null)?.items ?? []);
    expect(mine).toEqual(named({ items }));
    // No migration has been asked for yet; the others are there.
    expect(mine.size > 0).toBe(args['kind'] !== 'VirtualMachineInstanceMigration');
  });
});

test('Issue 3: the log of a virt-handler', async () => {
  const pod = [...lab.store.list('pods')].find(({ metadata }) => metadata.name.startsWith('virt-handler-'))!;
  const [theirs, ours] = await both('pods_log', { name: pod.metadata.name, namespace: 'openshift-cnv', tail: 20 });
  const { log } = ours.structured as { log: string };
  expect(log.trim()).not.toBe('');
  expect(log.trim()).toBe(theirs.text.trim());
});

test('Checklist 4: what nodes_top and pods_top measured', async () => {
  const [theirs, ours] = await both('nodes_top', { name: 'worker-0' });
  const [, cpu, share, memory, used] = /^worker-0\s+(\d+)m\s+(\d+)%\s+(\d+)Mi\s+(\d+)%/m.exec(theirs.text) ?? [];
  const [node] = (ours.structured as { nodes: Record<string, number>[] }).nodes;
  expect(node).toMatchObject({ cpuMillicores: Number(cpu) });
  expect(Math.floor(node!['memoryBytes']! / 2 ** 20)).toBe(Number(memory));
  expect(Math.abs(node!['cpuPercent']! - Number(share))).toBeLessThanOrEqual(1);
  expect(Math.abs(node!['memoryPercent']! - Number(used))).toBeLessThanOrEqual(1);
  const [theirPods, ourPods] = await both('pods_top', { all_namespaces: true, limit: 500 });
  const rows = theirPods.text.split('\n').filter((line) => /\d+m\s+\d+Mi/.test(line));
  expect((ourPods.structured as { total: number }).total).toBe(
    rows.length - (theirPods.text.includes('________') ? 1 : 0),
  );
});

test('Checklist 4: the counters of the network interfaces', async () => {
  const [theirs, ours] = await both('nodes_stats_summary', { name: 'worker-0' });
  const { node } = ours.structured as { node: { network: { interfaces: { name: string; rxBytes: number }[] } } };
  for (const { name, rxBytes } of node.network.interfaces) {
    expect(theirs.text).toContain(name);
    expect(theirs.text).toContain(String(rxBytes));
  }
});
