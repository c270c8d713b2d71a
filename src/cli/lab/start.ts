import { join } from 'node:path';
import { explain } from '../../cluster/explain.ts';
import { requireLists } from '../../cluster/require-lists.ts';
import type { Speed } from '../../lab/clock.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { fileError, readSnapshotFile } from '../cluster.ts';
import { type Io, note } from '../context.ts';
import { kubeconfigPath, writeKubeconfigFile } from './kubeconfig-file.ts';

export interface LabFlags {
  scenario?: string;
  nodes?: number;
  vms?: number;
  /** A Snapshot's file. */
  from?: string;
  /** One of `versions`. */
  cnv?: string;
  speed: Speed;
  seed: string;
  port: number;
  kubeconfig?: string;
  detach?: boolean;
  /** Set in the process that --detach starts. */
  detached?: boolean;
  verbose?: boolean;
}

/** What the detached lab tells the process that started it. */
export type Ready =
  | { ready: true; kubeconfig: string; url: string; size: string; assumptions: string[] }
  | { ready: false; code: string; message: string; hint: string };

/** Runs a lab until the user interrupts. */
export async function startHere(io: Io, flags: LabFlags): Promise<ExitCode> {
  try {
    return await serve(io, flags);
  } catch (error) {
    if (flags.detached !== true || process.send === undefined) throw error;
    const { code, message, hint } = explain(error, io.name);
    process.send({ ready: false, code, message, hint } satisfies Ready);
    throw error;
  }
}

async function serve(io: Io, flags: LabFlags): Promise<ExitCode> {
  const { clearLabState, labStateDirectory, readLabState, writeLabState } = await import('../../lab/state.ts');
  const running = readLabState(io.env);
  if (running !== undefined) {
    throw new FerryError(
      'FERRY_E_LAB_RUNNING',
      `a lab runs already: ${running.scenario} at ${running.url}, process ${running.pid}`,
      `Use it with: export KUBECONFIG=${running.kubeconfig}; or end it with: ${io.name} lab stop`,
    );
  }
  const kubeconfig = kubeconfigPath(flags.kubeconfig ?? join(labStateDirectory(io.env), 'kubeconfig'));
  const lab = await start(io, flags);
  try {
    await writeKubeconfigFile(kubeconfig, lab.kubeconfig).catch((error: unknown) => {
      throw fileError(kubeconfig, error);
    });
    const scenario = originOf(flags);
    const { speed, seed } = flags;
    const port = Number(new URL(lab.url).port);
    const { cnv, kubevirt } = lab.version;
    const startedAt = new Date().toISOString();
    writeLabState(
      { pid: process.pid, url: lab.url, port, kubeconfig, scenario, cnv, kubevirt, speed, seed, startedAt },
      io.env,
    );
    const [nodes, vms] = [lab.store.count('nodes'), lab.store.count('virtualmachines.kubevirt.io')];
    const size = `${nodes} node${nodes === 1 ? '' : 's'}, ${vms} VM${vms === 1 ? '' : 's'}`;
    if (flags.detached === true && process.send !== undefined) {
      process.send({ ready: true, kubeconfig, url: lab.url, size, assumptions: lab.assumptions } satisfies Ready);
      process.disconnect?.();
    } else {
      noteAssumptions(io, lab.assumptions);
      note(io, `The lab is ready at ${lab.url}: ${size}. Ctrl-C ends it. In another terminal:`);
      io.stdout.write(`export KUBECONFIG=${quoted(kubeconfig)}\n`);
    }
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      io.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await lab.stop();
    clearLabState(io.env, process.pid);
  }
  return exit.ok;
}

/** What the lab is made of, for people. */
function originOf({ from, nodes, vms, scenario }: LabFlags): string {
  if (from !== undefined) return `the snapshot ${from}`;
  return nodes === undefined ? (scenario ?? 'small') : `${nodes} nodes, ${vms} VMs`;
}

/** Tells what a Snapshot does not hold. */
export function noteAssumptions(io: Io, assumptions: string[]): void {
  for (const sentence of assumptions) note(io, `assumed: ${sentence}`);
}

async function start(io: Io, { scenario, nodes, vms, from, cnv, speed, seed, port }: LabFlags) {
  const [{ startLab }, { scenarios }] = await Promise.all([
    import('../../lab/lab.ts'),
    import('../../lab/scenarios/index.ts'),
  ]);
  const name = scenario ?? 'small';
  if (nodes === undefined && !Object.hasOwn(scenarios, name)) {
    throw new FerryError(
      'FERRY_E_USAGE',
      `there is no scenario ${name}`,
      `The scenarios are: ${Object.keys(scenarios).join(', ')}.`,
    );
  }
  const snapshot = from === undefined ? undefined : await readSnapshotFile(io, from);
  if (snapshot !== undefined) requireLists(snapshot, ['nodes', 'virtualMachineInstances', 'pods'], undefined);
  const size =
    snapshot !== undefined ? { from: snapshot } : nodes === undefined ? { scenario: name } : { nodes, vms: vms ?? 0 };
  try {
    return await startLab({ ...size, ...(cnv === undefined ? {} : { cnv }), speed, seed, port });
  } catch (error) {
    if (error instanceof FerryError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      const why = code === 'EADDRINUSE' ? 'is in use' : 'may not be used';
      throw new FerryError(
        'FERRY_E_LAB_PORT',
        `port ${port} on 127.0.0.1 ${why}`,
        'Choose another with --port, or leave it out.',
      );
    }
    throw new FerryError('FERRY_E_LAB_START', `the lab did not start: ${message}`, 'Run it again with -v.', {
      cause: error,
    });
  }
}

/** A path as a POSIX shell reads it back. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
