// `npm run bench`: every figure is a ratio measured in this run, on this machine.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogue } from './catalogue.ts';
import { mcpProposals } from './mcp-proposals.ts';
import { mcpStart } from './mcp-start.ts';
import { scale } from './scale.ts';
import { slowNetwork } from './slow-network.ts';
import { soak } from './soak.ts';
import { startup } from './startup.ts';

const folder = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
const failures: string[] = [];

interface Lab {
  process: ChildProcess;
  kubeconfig: string;
}

/** Starts a lab of the given size in its own process. */
async function startLab(nodes: number, vms: number): Promise<Lab> {
  const kubeconfig = join(folder, `kubeconfig-${nodes}`);
  const process = fork('bench/lab-process.ts', [String(nodes), String(vms), kubeconfig]);
  await new Promise<void>((resolve, reject) => {
    process.once('message', () => resolve());
    process.once('exit', (code) => reject(new Error(`the lab ended with ${code}`)));
  });
  return { process, kubeconfig };
}

function requestsOf(lab: Lab): Promise<number> {
  return new Promise((resolve) => {
    lab.process.once('message', (message) => resolve((message as { requests: number }).requests));
    lab.process.send('requests');
  });
}

interface Measured {
  stdout: string;
  seconds: number;
  requests: number;
  peakMiB: number;
}

/** Runs a program from start to exit: its stdout, its wall time, its peak resident memory, the requests it made. */
async function run(lab: Lab, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Measured> {
  const before = await requestsOf(lab);
  const start = performance.now();
  const measured = await new Promise<Omit<Measured, 'requests'>>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', new URL('peak-memory.ts', import.meta.url).href, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    let stdout = '';
    let peak = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += String(chunk);
    });
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      peak += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      // `check` ends with 1 when something blocks; anything else is no measurement.
      if ((code !== 0 && code !== 1) || stdout === '') reject(new Error(`${args.join(' ')} ended with ${code}`));
      else resolve({ stdout, seconds: (performance.now() - start) / 1000, peakMiB: Number(peak) / 1024 });
    });
  });
  return { ...measured, requests: (await requestsOf(lab)) - before };
}

function check(lab: Lab, kubeconfig: string, ...args: string[]): Promise<Measured> {
  return run(lab, ['dist/ferry.js', 'check', '-A', ...args], { KUBECONFIG: kubeconfig });
}

function procedure(lab: Lab, kubeconfig: string): Promise<Measured> {
  return run(lab, ['bench/mission-procedure.ts', kubeconfig]);
}

/** VMs that Ferry finds to have storage that is not shared. */
async function notShared(lab: Lab): Promise<number> {
  const { stdout } = await check(lab, lab.kubeconfig, '-o', 'json');
  const report = JSON.parse(stdout) as { items: { findings: { check: string }[] }[] };
  return report.items.filter((item) => item.findings.some((finding) => finding.check === 'storage/shared-volumes'))
    .length;
}

function holds(promise: string, is: boolean): void {
  console.log(`  ${is ? 'holds' : 'FAILS'}: ${promise}`);
  if (!is) failures.push(promise);
}

function line(name: string, { seconds, requests, peakMiB }: Measured): void {
  console.log(
    `  ${name.padEnd(16)} ${seconds.toFixed(2).padStart(7)} s  ${String(requests).padStart(6)} requests  ${peakMiB.toFixed(0)} MiB peak`,
  );
}

/** Ferry's best of three, start-up included, against the procedure once. */
async function compare(
  where: string,
  lab: Lab,
  kubeconfig: string,
): Promise<{ best: Measured; mission: Measured; ratio: number; peakMiB: number }> {
  const runs = [await check(lab, kubeconfig), await check(lab, kubeconfig), await check(lab, kubeconfig)];
  const best = runs.reduce((a, b) => (a.seconds < b.seconds ? a : b));
  const mission = await procedure(lab, kubeconfig);
  const ratio = mission.seconds / best.seconds;
  console.log(where);
  line('ferry check -A', best);
  line('the procedure', mission);
  console.log(`  ratio of wall time ${ratio.toFixed(1)}`);
  return { best, mission, ratio, peakMiB: Math.max(...runs.map((one) => one.peakMiB)) };
}

holds('ferry --help in less than 150 ms', startup());

console.log('ferry check -A, against the procedure of the mission: get the VM, then each claim, one by one');

const small = await startLab(50, 1_000);
const few = await compare('1,000 VMs on 50 nodes, loopback', small, small.kubeconfig);

const large = await startLab(500, 10_000);
const many = await compare('10,000 VMs on 500 nodes, loopback', large, large.kubeconfig);
holds(
  'both find the same VMs with storage that is not shared',
  (JSON.parse(many.mission.stdout) as { blocked: number }).blocked === (await notShared(large)),
);
// On loopback a GET costs a third of a millisecond, which no cluster's does: that ratio is told, not promised.
holds('client peak memory under 400 MiB', many.peakMiB < 400);
// Ten times the objects: only pages of 250 may be added. VMs, VMIs, pods grow by 9,000 each, claims and volumes by more.
const pages = Math.ceil((many.best.requests - few.best.requests) / (9_000 / 250));
holds(
  `requests independent of the number of VMs but for paging (${few.best.requests} and ${many.best.requests}: ${pages} pages for each 250 VMs)`,
  pages <= 6,
);

// A kubeconfig for the same lab as it is seen from an administrator's desk.
const text = readFileSync(large.kubeconfig, 'utf8');
const server = /server: https:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
const network = await slowNetwork(Number(server), 1);
const distant = join(folder, 'kubeconfig-distant');
writeFileSync(distant, text.replace(`127.0.0.1:${server}`, `127.0.0.1:${network.port}`), { mode: 0o600 });
const far = await compare('10,000 VMs on 500 nodes, 1 ms of network each way', large, distant);
holds('at least 20 times less wall time over that network', far.ratio >= 20);
network.close();
await catalogue(large.kubeconfig, holds);
large.process.disconnect();

await scale(holds);
await soak(holds);

// The longest at the end: tens of thousands of calls.
holds('ferry mcp answers first within 400 ms, and its memory stays flat', await mcpStart(small.kubeconfig));
holds('ferry mcp keeps its memory flat over thousands of proposals', await mcpProposals(small.kubeconfig));
small.process.disconnect();

rmSync(folder, { recursive: true, force: true });
process.exitCode = failures.length === 0 ? 0 : 1;
