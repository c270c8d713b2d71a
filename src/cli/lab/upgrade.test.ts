import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { resources } from '../../lab/resources.ts';
import { writeLabState } from '../../lab/state.ts';
import type { KubeVirt } from '../../model/objects.ts';
import { run } from '../testing/run.ts';

let lab: Lab;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ferry-upgrade-'));
  env = { XDG_STATE_HOME: folder };
  lab = await startLab({ speed: 'stopped', cnv: '4.18', startTime: Date.parse('2026-03-01T08:00:00Z') });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  const about = { scenario: 'small', cnv: '4.18', kubevirt: 'v1.4.0', speed: 1, seed: '1', startedAt: '' };
  writeLabState({ pid: process.pid, url: lab.url, port: Number(new URL(lab.url).port), kubeconfig, ...about }, env);
});

afterAll(async () => {
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

const migrateRole = (): unknown =>
  lab.store.get('clusterroles.rbac.authorization.k8s.io', undefined, 'kubevirt.io:migrate');

test('a lab is upgraded: the new roles are there, then the new virt-handlers, then the version is', async () => {
  expect(migrateRole()).toBeUndefined();
  expect(await run(['lab', 'upgrade', '--cnv', '4.19'], { env })).toEqual({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(
      /^OpenShift Virtualization is upgraded to 4\.19: KubeVirt v1\.5\.\d+, virt-handler first\.\n$/,
    ),
  });
  expect(migrateRole()).toBeDefined();
  const observed = (): string | undefined =>
    lab.store.list<KubeVirt>(resources.kubeVirts)[0]?.status?.observedKubeVirtVersion;
  expect(observed()).toMatch(/^v1\.4/);
  // Not until nothing is left to do: some VMs never converge, and are tried again and again.
  for (let step = 0; step < 60 && observed()?.startsWith('v1.4') === true; step++) lab.clock.advanceBy(5000);
  expect(observed()).toMatch(/^v1\.5/);
  expect(lab.faults).toEqual([]);
});

test('to an earlier version, or the same, it is not', async () => {
  const earlier = await run(['lab', 'upgrade', '--cnv', '4.18'], { env });
  expect(earlier).toMatchObject({ code: 2, stderr: expect.stringContaining('cnv must be a version after 4.19') });
});
