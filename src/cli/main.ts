import { enableCompileCache } from 'node:module';
import { isatty } from 'node:tty';
import { programName } from './context.ts';
import { runFerry } from './program.ts';

enableCompileCache();
const { argv, env, stdin, stdout, stderr } = process;

// Whoever reads our output may stop reading (`ferry check | head`): that is no error.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time it is meant.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
}

process.exitCode = await runFerry(argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  isTTY: { stdin: isatty(0), stdout: isatty(1), stderr: isatty(2) },
  signal: interrupt.signal,
  name: programName(argv[1], env),
  self: [process.execPath, argv[1] ?? ''],
});
