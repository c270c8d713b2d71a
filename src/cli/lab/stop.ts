import { setTimeout as sleep } from 'node:timers/promises';
import { clearLabState, type LabState } from '../../lab/state.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { openCluster } from '../cluster.ts';
import { type Io, note } from '../context.ts';
import { document, renderDocument } from '../output/document.ts';
import { askLab, requireLab } from './control.ts';

const PATIENCE = 10_000;

/** Ends the lab that is recorded, after making sure that its process is a lab. */
export async function stopLab(io: Io): Promise<ExitCode> {
  const state = requireLab(io);
  // Process numbers are used again: only what answers as the lab is ended.
  if (!(await answers(io, state))) {
    clearLabState(io.env, state.pid);
    throw new FerryError(
      'FERRY_E_LAB_NOT_RUNNING',
      `a lab was recorded as process ${state.pid}, but nothing answers at ${state.url}`,
      'The record was removed; no process was ended.',
    );
  }
  process.kill(state.pid, 'SIGTERM');
  const deadline = performance.now() + PATIENCE;
  while (isAlive(state.pid)) {
    if (performance.now() > deadline) process.kill(state.pid, 'SIGKILL');
    await sleep(50);
  }
  clearLabState(io.env, state.pid);
  note(io, `The lab at ${state.url} has ended.`);
  return exit.ok;
}

/** Tells what lab runs. */
export async function labStatus(io: Io, output: 'json' | 'yaml' | undefined): Promise<ExitCode> {
  const state = requireLab(io);
  const answering = await answers(io, state);
  const labTime = answering ? ((await askLab(io, 'GET', 'time')) as { now: string }).now : undefined;
  if (output !== undefined) {
    io.stdout.write(
      await renderDocument(
        document('LabStatus', { ...state, answering, ...(labTime !== undefined && { labTime }) }),
        output,
      ),
    );
    return exit.ok;
  }
  const { scenario, cnv, kubevirt, url, pid, speed, seed, startedAt, kubeconfig } = state;
  const rows = {
    Scenario: scenario,
    KubeVirt: `${kubevirt} (OpenShift Virtualization ${cnv})`,
    Address: url,
    Process: pid,
    Speed: speed,
    Seed: seed,
    Started: startedAt,
    ...(labTime !== undefined && { 'Lab time': labTime }),
    Kubeconfig: kubeconfig,
  };
  for (const [name, value] of Object.entries(rows)) io.stdout.write(`${`${name}:`.padEnd(12)}${value}\n`);
  if (!answering) note(io, 'It does not answer.');
  return exit.ok;
}

async function answers(io: Io, { kubeconfig, url }: LabState): Promise<boolean> {
  try {
    const client = await openCluster(io, { kubeconfig, requestTimeout: 2000 });
    try {
      return client.server === url && (await client.raw('GET', '/lab/v1/time')).status === 200;
    } finally {
      client.close();
    }
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
