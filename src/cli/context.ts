import type { Readable, Writable } from 'node:stream';
import type { ExitCode } from '../model/errors.ts';

/** All of the outside world that a command may touch besides the cluster. Tests give their own. */
export interface Io {
  /** Data. */
  stdout: Writable;
  /** Notes and progress. */
  stderr: Writable;
  stdin: Readable;
  env: Record<string, string | undefined>;
  /** Of each stream: whether a person sits at it. */
  isTTY: { stdin: boolean; stdout: boolean; stderr: boolean };
  /** Aborts when the user interrupts. */
  signal: AbortSignal;
  /** How the program was called: `ferry`, `kubectl ferry` or `oc ferry`. */
  name: string;
  /** The command that runs this program: node and the script. For commands that start themselves again. */
  self: readonly string[];
}

/** What a command's action gets: the outside world, and a place for its exit code. */
export interface Invocation {
  io: Io;
  /** Runs a command's work; its exit code becomes the program's. */
  run: (work: () => Promise<ExitCode>) => Promise<void>;
}

/** `kubectl ferry` when kubectl or oc ran us as their plugin, else `ferry`. kubectl replaces itself by the plugin, so the shell's `_` still names the caller. */
export function programName(scriptPath: string | undefined, env: Record<string, string | undefined>): string {
  const script = basename(scriptPath).replace(/\.js$/, '');
  if (script === 'oc-ferry') return 'oc ferry';
  if (script !== 'kubectl-ferry') return 'ferry';
  return basename(env['_']) === 'oc' ? 'oc ferry' : 'kubectl ferry';
}

function basename(path: string | undefined): string {
  return path?.split(/[\\/]/).at(-1) ?? '';
}

/** Whether to colour what goes to a stream: only for a person, and never with NO_COLOR (no-color.org) or a dumb terminal. */
export function wantsColor(io: Io, stream: 'stdout' | 'stderr'): boolean {
  return io.isTTY[stream] && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';
}

/** Columns and rows of the terminal that a stream is; undefined if it is none, or does not say. */
export function terminalSize(io: Io, stream: 'stdout' | 'stderr'): { columns: number; rows: number } | undefined {
  if (!io.isTTY[stream]) return undefined;
  // A terminal that was never given a size says 0.
  const { columns = 0, rows = 0 } = io[stream] as { columns?: number; rows?: number };
  return columns > 0 && rows > 0 ? { columns, rows } : undefined;
}

/** A line on stderr. */
export function note(io: Io, text: string): void {
  io.stderr.write(`${text}\n`);
}
