import { afterAll, beforeAll, expect, test } from 'vitest';
import { resources } from '../src/cluster/resources.ts';
import { connectDirect } from '../src/kube/connect.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { type Ferry, ferryMcp } from './mcp-ferry.ts';

// A migration, from its start to its end, as the tools tell it.

let lab: Lab;
let ferry: Ferry;

beforeAll(async () => {
  // The test lets time pass: however slow the machine is, no phase is missed.
  lab = await startLab({ scenario: 'small', speed: 'stopped', seed: 'mcp-migration' });
  ferry = await ferryMcp(lab.kubeconfig, 'http', 'modern');
});

afterAll(async () => {
  await ferry.close();
  expect(lab.faults).toEqual([]);
  await lab.stop();
});

async function migrate(name: string, vmiName: string): Promise<void> {
  const { parse } = await import('yaml');
  const config = parse(lab.kubeconfig) as {
    users: { user: { token: string } }[];
    clusters: { cluster: { 'certificate-authority-data': string } }[];
  };
  const ca = Buffer.from(config.clusters[0]!.cluster['certificate-authority-data'], 'base64').toString();
  const client = connectDirect({ server: lab.url, token: config.users[0]!.user.token, ca });
  const migration = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace: 'finance' },
    spec: { vmiName },
  };
  await client.create(resources.migrations, migration);
  client.close();
}

test('vm_migration_status tells how far it is, then where it went', async () => {
  await migrate('by-agent', 'ledger-db');
  const seen: { phase: string; progress?: { remainingBytes: number } }[] = [];
  for (let step = 0; step < 500 && seen.at(-1)?.phase !== 'Succeeded'; step++) {
    lab.clock.advanceBy(1000);
    const { structured } = await ferry.call('vm_migration_status', { namespace: 'finance', name: 'ledger-db' });
    seen.push(structured.migrations[0]);
  }
  expect(seen.at(-1)?.phase).toBe('Succeeded');
  expect(seen.some(({ progress }) => progress !== undefined && progress.remainingBytes >= 0)).toBe(true);
  const { structured, text } = await ferry.call('vm_migration_status', { migration: 'by-agent' });
  expect(structured).toMatchObject({ unfinished: 0, total: 1, migrations: [{ vm: 'ledger-db', phase: 'Succeeded' }] });
  const { source, target } = structured.migrations[0];
  expect(target).not.toBe(source);
  expect(text).toContain(`finance/ledger-db: Succeeded (by-agent), ${source} -> ${target}`);
});

test('vm_migration_diagnose tells who asked for it and where the VM has been', async () => {
  const { structured, text } = await ferry.call('vm_migration_diagnose', { about: 'migration', name: 'by-agent' });
  // A remedy may give its name alone.
  expect((await ferry.call('vm_migration_diagnose', { name: 'by-agent' })).structured.subject).toEqual(
    structured.subject,
  );
  expect(structured).toMatchObject({ subject: { kind: 'VirtualMachineInstanceMigration', name: 'by-agent' } });
  expect(structured.provenance).toBeDefined();
  expect(text).toContain('asked for by');
  const vm = await ferry.call('vm_migration_diagnose', { name: 'ledger-db', namespace: 'finance' });
  expect(vm.structured.history.at(-1)).toMatchObject({ kind: 'moved', migration: 'by-agent' });
});
