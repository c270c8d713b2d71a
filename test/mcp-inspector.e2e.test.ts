import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { ferryHttp } from './mcp-ferry.ts';

// The official inspector: its strict check says whether schemas are understood by every client it knows of.

const PROGRAM = 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js';

let lab: Lab;
let folder: string;
let kubeconfig: string;
let server: Awaited<ReturnType<typeof ferryHttp>>;

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 'stopped', seed: 'mcp-inspector' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-inspector-'));
  kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  server = await ferryHttp(kubeconfig, () => undefined, { allowWrites: true });
});

afterAll(async () => {
  await server.stop();
  expect(lab.faults).toEqual([]);
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function inspector(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  // It keeps its files in the home of the user.
  const env = { PATH: process.env['PATH'], HOME: folder };
  const child = spawn(process.execPath, [PROGRAM, '--cli', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

const ways: [string, () => string[]][] = [
  ['stdio', () => [process.execPath, 'src/cli/main.ts', 'mcp', '--kubeconfig', kubeconfig, '--allow-writes']],
  ['http', () => [server.url, '--transport', 'http', '--header', `Authorization: Bearer ${server.token}`]],
];

describe.each(ways)('over %s', (_, way) => {
  test('no schema of a tool is one that some client would not understand', async () => {
    const { code, stdout, stderr } = await inspector(...way(), '--method', 'tools/list', '--strict');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^$|0 errors/m)]);
    // It warns of what may be any value: parts of objects that the cluster has, in answers only.
    const places = [...stderr.matchAll(/^Path: (\S+)/gm)].map(([, place]) => place ?? '');
    expect(places.filter((place) => !place.startsWith('outputSchema.'))).toEqual([]);
    expect(stderr.match(/^Issue: .*/gm)?.filter((issue) => !issue.includes('it accepts any value')) ?? []).toEqual([]);
    const { tools } = JSON.parse(stdout) as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['cluster_check', 'apply_proposal']));
  });

  test('a tool is called', async () => {
    const call = ['--method', 'tools/call', '--tool-name', 'nodes_top', '--tool-arg', 'name=worker-0'];
    const { code, stdout } = await inspector(...way(), ...call);
    expect([code, stdout]).toEqual([0, expect.stringContaining('worker-0')]);
  });
});
