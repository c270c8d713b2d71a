import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parameters } from '../../lab/faults/parameters.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { writeLabState } from '../../lab/state.ts';
import { run } from '../testing/run.ts';
import { faultOptions } from './fault-options.ts';

let lab: Lab;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ferry-fault-'));
  env = { XDG_STATE_HOME: folder };
  lab = await startLab({ speed: 'stopped', startTime: Date.parse('2026-03-01T08:00:00Z') });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  const [cnv, kubevirt] = ['4.20', 'v1.6.6'];
  const about = { scenario: 'small', cnv, kubevirt, speed: 1, seed: '1', startedAt: '2026-03-01T08:00:00Z' };
  writeLabState({ pid: process.pid, url: lab.url, port: Number(new URL(lab.url).port), kubeconfig, ...about }, env);
});

afterAll(async () => {
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

const fault = (...argv: string[]) => run(['lab', 'fault', ...argv], { env });

test('every parameter of a fault is an option, and every option one', () => {
  const options = faultOptions.map(([flags]) => /--([a-z-]+)/.exec(flags)?.[1] ?? '');
  expect(options.toSorted()).toEqual(['for', ...Object.keys(parameters)].toSorted());
});

test('a fault is injected, listed and cleared', async () => {
  expect(await fault('list')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^FAULT +PARAMETERS +WHAT\napi-429 +rate=1 verb resource +requests are turned away/),
    stderr: 'No fault is active; these can be. ! marks what a fault needs.\n',
  });
  expect(
    await fault('link-slow', '--node', 'worker-0', '--to-node', 'worker-1', '--gbps', '1', '--for', '30s'),
  ).toEqual({
    code: 0,
    stdout: '',
    stderr: 'link-slow is there as fault-1, until 2026-03-01T08:00:30Z (lab time)\n',
  });
  expect(await fault('api-429', '--rate', '30%', '--verb', 'list')).toMatchObject({
    code: 0,
    stderr: 'api-429 is there as fault-2, until: ferry lab fault clear fault-2\n',
  });
  expect(await fault('watch-drop')).toMatchObject({ code: 0, stderr: 'watch-drop has happened.\n' });
  const { stdout } = await fault('list');
  expect(stdout.split('\n').slice(0, 3)).toEqual([
    'ID        FAULT       PARAMETERS                              SINCE                  UNTIL',
    'fault-1   link-slow   node=worker-0 to-node=worker-1 gbps=1   2026-03-01T08:00:00Z   2026-03-01T08:00:30Z',
    'fault-2   api-429     rate=30% verb=list                      2026-03-01T08:00:00Z   cleared',
  ]);
  const json = JSON.parse((await fault('list', '-o', 'json')).stdout) as { kind: string; active: object[] };
  expect(json).toMatchObject({ kind: 'LabFaults', active: [{ id: 'fault-1' }, { id: 'fault-2' }] });
  expect(await fault('clear', 'api-429')).toMatchObject({ code: 0, stderr: 'Ended: api-429 (fault-2)\n' });
  expect(await fault('clear')).toMatchObject({ code: 0, stderr: 'Ended: link-slow (fault-1)\n' });
  expect(await fault('clear')).toMatchObject({ code: 0, stderr: 'No fault was active.\n' });
});

test.each([
  [['earthquake'], 'there is no fault "earthquake"; the faults are: api-429,'],
  [['link-slow', '--node', 'worker-0'], 'fault link-slow needs gbps: Gbit/s that are left'],
  [['api-429', '--rate', '7'], 'rate must be a share above 0 and up to 1, such as 0.3 or 30%; "7" is not'],
  [['api-429', '--namespace', 'shop'], 'fault api-429 has no parameter namespace; it has: rate, verb, resource'],
  [['clear', 'fault-77'], 'no fault fault-77 is active'],
  [[], "missing required argument 'name'"],
])('%j is wrong usage', async (argv, sentence) => {
  const { code, stderr } = await fault(...argv);
  expect(code).toBe(2);
  expect(stderr).toContain(sentence);
});
