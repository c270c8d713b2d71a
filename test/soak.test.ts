import { fork } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Report } from './soak/process.ts';

// SOAK=10000 makes it the long one (`npm run soak`).
const MIGRATIONS = Number(process.env['SOAK'] ?? 5_000);
/** By then every bounded thing has reached its bound: the history, the events of three hours, five migrations a VM. */
const SETTLED = MIGRATIONS >= 10_000 ? 4_000 : 3_600;

function soak(...reportAt: number[]): Promise<Report[]> {
  return new Promise((resolve, reject) => {
    const reports: Report[] = [];
    const child = fork(join(import.meta.dirname, 'soak/process.ts'), reportAt.map(String), {
      execArgv: ['--expose-gc'],
    });
    child.on('message', (message) => reports.push(message as Report));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0 && reports.length === reportAt.length) resolve(reports);
      else reject(new Error(`ended with ${code}`));
    });
  });
}

test(`${MIGRATIONS} migrations leave no more behind than ${SETTLED} did`, async () => {
  const [settled, last] = await soak(SETTLED, MIGRATIONS);
  expect(last!.faults).toEqual([]);
  expect(last!.ended).toBeGreaterThanOrEqual(MIGRATIONS);
  // The history and three hours' events are full by then; a leak of 5 KiB a migration would be 4 % of 3,000 already.
  expect(last!.heapMiB).toBeLessThan(settled!.heapMiB * 1.15);
  const grown = Object.entries(last!.objects).filter(
    ([resource, count]) => count > (settled!.objects[resource] ?? 0) * 1.2,
  );
  expect(grown).toEqual([]);
}, 600_000);
