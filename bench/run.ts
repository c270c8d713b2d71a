// `npm run bench`: every figure is a ratio measured in this run, on this machine.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
const failures: string[] = [];

interface Measured {
  seconds: number;
  requests: number;
  peakMiB: number;
}

/** Starts a lab of the given size in its own process. */
async function startLab(nodes: number, vms: number): Promise<{ lab: ChildProcess; kubeconfig: string }> {
  const kubeconfig = join(folder, `kubeconfig-${nodes}`);
  const lab = fork('bench/lab-process.ts', [String(nodes), String(vms), kubeconfig]);
  await new Promise<void>((resolve, reject) => {
    lab.once('message', () => resolve());
    lab.once('exit', (code) => reject(new Error(`the lab ended with ${code}`)));
  });
  return { lab, kubeconfig };
}

function requestsOf(lab: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    lab.once('message', (message) => resolve((message as { requests: number }).requests));
    lab.send('requests');
  });
}

/** Runs a program; its stdout, and its peak resident memory. */
function run(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; seconds: number; peakMiB: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
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
    child.once('close', () =>
      resolve({ stdout, seconds: (performance.now() - start) / 1000, peakMiB: Number(peak) / 1024 }),
    );
  });
}

/** `ferry check -A`, the bundled program, from start to exit. */
async function check(lab: ChildProcess, kubeconfig: string): Promise<Measured & { blocked: number }> {
  const before = await requestsOf(lab);
  const { stdout, seconds, peakMiB } = await run(['dist/ferry.js', 'check', '-A', '-o', 'json'], {
    KUBECONFIG: kubeconfig,
  });
  const requests = (await requestsOf(lab)) - before;
  const report = JSON.parse(stdout) as { items: { findings: { check: string }[] }[] };
  const blocked = report.items.filter((item) =>
    item.findings.some((finding) => finding.check === 'storage/shared-volumes'),
  ).length;
  return { seconds, requests, peakMiB, blocked };
}

function holds(promise: string, is: boolean): void {
  console.log(`  ${is ? 'holds' : 'FAILS'}: ${promise}`);
  if (!is) failures.push(promise);
}

console.log('ferry check -A, against the procedure of the mission: get the VM, then each claim, one by one');
const sizes = [
  { nodes: 50, vms: 1_000 },
  { nodes: 500, vms: 10_000 },
];
const pages: number[] = [];
for (const { nodes, vms } of sizes) {
  const { lab, kubeconfig } = await startLab(nodes, vms);
  await check(lab, kubeconfig);
  const runs = [await check(lab, kubeconfig), await check(lab, kubeconfig), await check(lab, kubeconfig)];
  const best = runs.reduce((a, b) => (a.seconds < b.seconds ? a : b));
  const mission = JSON.parse((await run(['bench/mission-procedure.ts', kubeconfig])).stdout) as Measured & {
    blocked: number;
  };
  lab.disconnect();
  const ratio = mission.seconds / best.seconds;
  console.log(`${vms} VMs on ${nodes} nodes`);
  console.log(
    `  ferry check -A   ${best.seconds.toFixed(2)} s   ${best.requests} requests   ${best.peakMiB.toFixed(0)} MiB peak (best of ${runs.length}; start-up included)`,
  );
  console.log(`  the procedure    ${mission.seconds.toFixed(2)} s   ${mission.requests} requests`);
  console.log(`  ratio of wall time ${ratio.toFixed(1)}`);
  holds('both find the same VMs with storage that is not shared', mission.blocked === best.blocked);
  pages.push(best.requests);
  if (vms === 10_000) {
    holds('at least 20 times less wall time', ratio >= 20);
    holds('client peak memory under 400 MiB', Math.max(...runs.map(({ peakMiB }) => peakMiB)) < 400);
  }
}
const [few = 0, many = 0] = pages;
// Ten times the objects: only the pages of 500 may grow. Five kinds grow with the VMs: VM, VMI, pod, and two claims a VM.
holds('requests independent of the number of VMs but for paging', many - few <= ((10_000 - 1_000) / 500) * 5 + 5);

rmSync(folder, { recursive: true, force: true });
process.exitCode = failures.length === 0 ? 0 : 1;
