import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What `ferry lab start --detach` leaves behind so that `ferry lab status` and `ferry lab stop` find the lab. */
export interface LabState {
  pid: number;
  url: string;
  port: number;
  /** Path of the lab's kubeconfig file. */
  kubeconfig: string;
  scenario: string;
  /** Version of OpenShift Virtualization, e.g. `4.20`. */
  cnv: string;
  /** e.g. `v1.6.6`. */
  kubevirt: string;
  speed: number | 'max';
  seed: string;
  /** RFC 3339. */
  startedAt: string;
}

/** The directory of the lab's state and kubeconfig: $XDG_STATE_HOME/ferry/lab, or ~/.local/state/ferry/lab. */
export function labStateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state');
  return join(base, 'ferry', 'lab');
}

function stateFile(env: NodeJS.ProcessEnv): string {
  return join(labStateDirectory(env), 'lab.json');
}

/** The running detached lab, or undefined. A record whose process is gone, or that can't be read, counts as none and is removed. */
export function readLabState(env: NodeJS.ProcessEnv = process.env): LabState | undefined {
  let text: string;
  try {
    text = readFileSync(stateFile(env), 'utf8');
  } catch {
    return undefined;
  }
  const state = parse(text);
  if (state !== undefined && isAlive(state.pid)) return state;
  clearLabState(env);
  return undefined;
}

/** Records a running lab; the file is readable by its owner only. */
export function writeLabState(state: LabState, env: NodeJS.ProcessEnv = process.env): void {
  mkdirSync(labStateDirectory(env), { recursive: true, mode: 0o700 });
  writeFileSync(stateFile(env), `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
}

/** Forgets the lab; with `pid` only if the record is of that process, so that a lab that ends late does not erase its successor. */
export function clearLabState(env: NodeJS.ProcessEnv = process.env, pid?: number): void {
  if (pid !== undefined) {
    try {
      if (parse(readFileSync(stateFile(env), 'utf8'))?.pid !== pid) return;
    } catch {
      return;
    }
  }
  rmSync(stateFile(env), { force: true });
}

function parse(text: string): LabState | undefined {
  try {
    const state = JSON.parse(text) as LabState;
    return Number.isInteger(state.pid) && state.pid > 0 && typeof state.url === 'string' ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process exists: signal 0 tells, and EPERM means it does but is somebody else's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
