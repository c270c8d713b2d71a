import { explain } from '../cluster/explain.ts';
import type { ExitCode } from '../model/errors.ts';
import { plain } from '../model/plain.ts';
import { type Io, note } from './context.ts';

/** Writes an error to stderr as text (whatever -o says) and returns its exit code. The stack only when asked for. */
export function report(io: Io, error: unknown, verbose: boolean): ExitCode {
  const told = explain(error, io.name);
  note(io, `error: ${told.message} (${told.code})`);
  if (told.hint !== '') note(io, told.hint);
  if (verbose && error instanceof Error && error.stack !== undefined) note(io, stack(error));
  return told.exitCode;
}

function stack(error: Error): string {
  const own = (error.stack ?? '').split('\n').map(plain).join('\n');
  return error.cause instanceof Error ? `${own}\ncaused by: ${stack(error.cause)}` : own;
}
