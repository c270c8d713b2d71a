import { describe, expect, test } from 'vitest';
import { diagnose } from './causes/harness.ts';
import { type LabRow, rows } from './causes/rows.ts';

// Causes of migrations, produced through the API of a lab of the releases in which they exist, with near misses. To add
// one: a row in test/causes/rows.ts.

const USUAL = ['4.17', '4.20', 'next'];

function sure({ confidence = 'certain' }: LabRow, release: string): string {
  return typeof confidence === 'string' ? confidence : (confidence[release] ?? 'certain');
}

describe.each(rows.map((row) => [`${row.cause}${row.title === undefined ? '' : `, ${row.title}`}`, row] as const))(
  '%s',
  (_, row) => {
    const { cause, releases = USUAL, happens, near, of = 'vm/web', beside } = row;

    test.each(releases)('in %s', async (release) => {
      const diagnosis = await diagnose(release, happens, of);
      const { cause: first, also } = diagnosis;
      const found = [first, ...also].find((each) => each?.cause === cause);
      expect([first?.cause, ...also.map((each) => each.cause)]).toContain(cause);
      expect(found?.confidence).toBe(sure(row, release));
      if (beside === undefined) expect(first?.cause).toBe(cause);
      else if (beside !== '') expect(first?.cause).toBe(beside);
    });

    test('a near miss', async () => {
      const { cause: first, also } = await diagnose(releases.at(-1) ?? '4.20', near, of);
      expect([first?.cause, ...also.map((each) => each.cause)]).not.toContain(cause);
    });
  },
);
