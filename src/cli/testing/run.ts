import { Readable, Writable } from 'node:stream';
import type { ExitCode } from '../../model/errors.ts';
import { type RunOptions, runFerry } from '../program.ts';

export interface Ran {
  code: ExitCode;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process, for tests. */
export async function run(
  argv: readonly string[],
  options: Partial<Pick<RunOptions, 'env' | 'name' | 'signal' | 'self'>> & {
    stdin?: string | Readable;
    tty?: boolean;
    onOutput?: (text: string) => void;
  } = {},
): Promise<Ran> {
  const { stdin = '', tty = false, onOutput, env = {}, ...rest } = options;
  const output = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        output[name] += chunk;
        onOutput?.(chunk);
        done();
      },
    });
  const code = await runFerry(argv, {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: typeof stdin === 'string' ? Readable.from([stdin]) : stdin,
    env,
    isTTY: { stdin: tty, stdout: tty, stderr: tty },
    ...rest,
  });
  return { code, ...output };
}
