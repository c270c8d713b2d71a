// 10,000 migrations in virtual time: what they leave behind, against what the first 2,000 did.
import { fork } from 'node:child_process';
import type { Report } from '../test/soak/process.ts';

type Holds = (promise: string, is: boolean) => void;

export async function soak(holds: Holds): Promise<void> {
  const reports: Report[] = [];
  const start = performance.now();
  const child = fork(new URL('../test/soak/process.ts', import.meta.url), ['2000', '10000'], {
    execArgv: ['--expose-gc'],
  });
  child.on('message', (message) => reports.push(message as Report));
  await new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const [early, late] = reports;
  if (early === undefined || late === undefined) throw new Error('the soak did not end');
  const seconds = (performance.now() - start) / 1000;
  const ratio = late.heapMiB / early.heapMiB;
  console.log(`${late.ended} migrations in ${late.hours.toFixed(1)} hours of lab time, ${seconds.toFixed(0)} s`);
  console.log(
    `  heap ${early.heapMiB.toFixed(0)} MiB after ${early.ended}, ${late.heapMiB.toFixed(0)} MiB after all: ratio ${ratio.toFixed(2)}`,
  );
  holds('10,000 migrations leave no more on the heap than 2,000 did, within 15 %', ratio < 1.15);
}
