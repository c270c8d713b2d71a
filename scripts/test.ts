// Runs everything that must hold: types, lint, format, dead code, then the tests. The last line counts them all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './prepare-machine.ts';

const checks: [name: string, command: string, ...args: string[]][] = [
  ['build', 'node', 'scripts/build.ts'],
  ['types', 'tsc', '-p', '.'],
  ['lint', 'oxlint', '--type-aware'],
  ['format', 'biome', 'check'],
  ['unused code', 'knip'],
];

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  success: boolean;
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

let passed = 0;
let failed = 0;
let skipped = 0;

for (const name of prepare()) console.log(`not here: ${name}; the tests that need it are skipped`);

for (const [name, command, ...args] of checks) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name}`);
  if (status === 0) passed++;
  else failed++;
}

const folder = mkdtempSync(join(tmpdir(), 'ferry-test-'));
const file = join(folder, 'report.json');
const run = spawnSync(
  'vitest',
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
try {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  for (const result of report.testResults) {
    for (const { fullName, status } of result.assertionResults) {
      if (status === 'skipped' || status === 'pending') console.log(`skipped: ${fullName}`);
    }
  }
  // A file that does not load, or an error outside any test, fails the run without a failed test.
  if (run.status !== 0 && report.numFailedTests === 0) failed++;
} catch {
  console.log('the tests wrote no report');
  failed++;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
