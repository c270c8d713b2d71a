import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { labStateDirectory } from '../../lab/state.ts';
import { type ErrorCode, type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { type Io, note } from '../context.ts';
import { type LabFlags, noteAssumptions, quoted, type Ready } from './start.ts';

/** Starts this program again as a lab of its own, waits until it is ready, and says how to use it. */
export async function startDetached(io: Io, flags: LabFlags): Promise<ExitCode> {
  const directory = labStateDirectory(io.env);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const logFile = join(directory, 'lab.log');
  const log = openSync(logFile, 'w', 0o600);
  const [command = process.execPath, ...script] = io.self;
  const child = spawn(command, [...script, 'lab', 'start', ...argumentsOf(flags)], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: io.env,
  });
  const ready = await new Promise<Ready>((resolve) => {
    const fail = (message: string): void =>
      resolve({ ready: false, code: 'FERRY_E_LAB_START', message, hint: `Its output is in ${logFile}.` });
    child.once('message', (message) => resolve(message as Ready));
    child.once('error', (error) => fail(`the lab did not start: ${error.message}`));
    child.once('exit', (code) => fail(`the lab ended before it was ready, with exit code ${code}`));
    io.signal.addEventListener('abort', () => {
      child.kill('SIGTERM');
      fail('interrupted before the lab was ready');
    });
  });
  if (!ready.ready) throw new FerryError(ready.code as ErrorCode, ready.message, ready.hint);
  noteAssumptions(io, ready.assumptions);
  if (child.connected) child.disconnect();
  child.unref();
  note(
    io,
    `The lab is ready at ${ready.url}: ${ready.size}. It runs in the background (process ${child.pid}) until: ${io.name} lab stop`,
  );
  io.stdout.write(`export KUBECONFIG=${quoted(ready.kubeconfig)}\n`);
  return exit.ok;
}

function argumentsOf({ scenario, nodes, vms, from, cnv, speed, seed, port, kubeconfig }: LabFlags): string[] {
  const values = { scenario, nodes, vms, from, cnv, speed, seed, port, kubeconfig };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return [...given.flatMap(([name, value]) => [`--${name}`, String(value)]), '--detached'];
}
