import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serializeSnapshot } from '../../cluster/saved-snapshot.ts';
import { kubeVirt, nodes, snapshotOf, vm } from '../../model/testing/fixtures.ts';
import { run } from '../testing/run.ts';

// `ferry check node/NODE` and `ferry check cluster` as people see them, on a saved snapshot.

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferry-check-'));
  file = join(folder, 'snapshot.json');
  const snapshot = snapshotOf([
    ...nodes(3).filter(({ kind }) => kind !== 'KubeVirt'),
    kubeVirt({ parallelOutboundMigrationsPerNode: 2, parallelMigrationsPerCluster: 1 }),
    ...vm('web', { on: 'n1' }),
    ...vm('db', { on: 'n1', spec: { evictionStrategy: 'None' } }),
    ...vm('tied', {
      on: 'n1',
      change: ({ vmi }) => {
        vmi.status!.conditions = [
          { type: 'LiveMigratable', status: 'False', reason: 'SEV', message: 'VMI uses SEV' },
        ] as never;
      },
    }),
    ...vm('other', { on: 'n2', spec: { evictionStrategy: 'None' } }),
  ]);
  writeFileSync(file, serializeSnapshot(snapshot));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const golden = (name: string): string => `../../../test/golden/cli/${name}.txt`;

describe.each([
  ['check-node', 1, ['node/n1']],
  ['check-node-wide', 1, ['node/n1', '-o', 'wide']],
  ['check-node-explain', 1, ['node/n1', '--explain']],
  ['check-node-free', 0, ['node/n3']],
  ['check-cluster', 0, ['cluster']],
  ['check-cluster-wide', 0, ['cluster', '-o', 'wide']],
  ['check-cluster-explain', 0, ['cluster', '--explain']],
] as const)('%s', (name, code, argv) => {
  test(`ferry check ${argv.join(' ')}`, async () => {
    const ran = await run(['check', ...argv, '--snapshot', file]);
    expect(ran.code).toBe(code);
    await expect(`${ran.stdout}--- stderr\n${ran.stderr}`).toMatchFileSnapshot(golden(name));
  });
});

test.each([
  ['node/n1', 'NodeCheckReport'],
  ['cluster', 'ClusterCheckReport'],
])('%s as JSON and YAML is a %s', async (subject, kind) => {
  const json = await run(['check', subject, '-o', 'json', '--snapshot', file]);
  expect(JSON.parse(json.stdout)).toMatchObject({ apiVersion: 'ferry.run/v1alpha1', kind });
  const yaml = await run(['check', subject, '-o', 'yaml', '--snapshot', file]);
  expect(yaml.stdout).toContain(`kind: ${kind}\n`);
});

test('names of VMs on a node; a cluster has none', async () => {
  const node = await run(['check', 'node/n2', '-o', 'name', '--snapshot', file]);
  expect(node.stdout).toBe('virtualmachine.kubevirt.io/other\n');
  const cluster = await run(['check', 'cluster', '-o', 'name', '--snapshot', file]);
  expect([cluster.code, cluster.stderr]).toEqual([2, expect.stringContaining('FERRY_E_USAGE')]);
});

test('several nodes, or a node and a target, are about VMs', async () => {
  const both = await run(['check', 'node/n1', 'node/n2', '-o', 'json', '--snapshot', file]);
  expect(JSON.parse(both.stdout)).toMatchObject({ kind: 'CheckReport' });
  const to = await run(['check', 'node/n1', '--to', 'n3', '-o', 'json', '--snapshot', file]);
  expect(JSON.parse(to.stdout)).toMatchObject({ kind: 'CheckReport', target: 'n3' });
});

test('a node that is not there', async () => {
  const ran = await run(['check', 'node/gone', '--snapshot', file]);
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('there is no node gone')]);
});
