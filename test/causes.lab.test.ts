import { describe, expect, test } from 'vitest';
import { causes } from '../src/diagnose/causes/index.ts';
import { ALL, type LabRow } from './causes/happens.ts';
import { diagnose } from './causes/harness.ts';
import { rows } from './causes/rows.ts';
import { shownForClusters, shownForNodes, shownForTexts, shownForVms } from './causes/witnessed.ts';

// Causes, produced through the API of a lab of the releases in which they exist, each with a near miss. To add one: a row
// in test/causes/rows.ts. Those that need more than a row are shown by causes-*.lab.test.ts (test/causes/witness.ts).

test('every cause has a lab case and a near miss', () => {
  const elsewhere = [...shownForVms, ...shownForNodes, ...shownForClusters, ...shownForTexts];
  const told = new Set<string>([...rows.map(({ cause }) => cause), ...elsewhere]);
  const missing = causes.filter(({ id }) => !told.has(id)).map(({ id }) => id);
  expect(missing).toEqual([]);
  expect([...told].filter((cause) => causes.every(({ id }) => id !== cause))).toEqual([]);
});

function sure({ confidence = 'certain' }: LabRow, release: string): string {
  return typeof confidence === 'string' ? confidence : (confidence[release] ?? 'certain');
}

describe.each(rows.map((row) => [`${row.cause}${row.title === undefined ? '' : `, ${row.title}`}`, row] as const))(
  '%s',
  (_, row) => {
    const { cause, releases = ALL, happens, near, of = 'vm/web', beside, cluster } = row;

    test.each(releases)('in %s', async (release) => {
      const diagnosis = await diagnose(release, happens, of, cluster);
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
