// How long `ferry --help` takes, against Node doing nothing: medians of runs in turn, in this run.
import { spawnSync } from 'node:child_process';

function milliseconds(args: string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return performance.now() - start;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** Prints both medians and their ratio; whether help took less than 150 ms. */
export function startup(): boolean {
  const help: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run < 15; run++) {
    bare.push(milliseconds(['-e', '0']));
    help.push(milliseconds(['dist/ferry.js', '--help']));
  }
  const ratio = median(help) / median(bare);
  console.log('ferry --help, against node doing nothing');
  console.log(`  ${median(help).toFixed(0)} ms and ${median(bare).toFixed(0)} ms: ratio ${ratio.toFixed(1)}`);
  return median(help) < 150;
}
