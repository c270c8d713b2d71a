import { expect, test } from 'vitest';

// Who has seen which cause, and which state like it did not have it. A list of them stands here, each file of tests
// proves its part of it with its last test, and causes.lab.test.ts compares all with the catalogue.

interface Diagnosed {
  ids: string[];
}

const shown = new Set<string>();
const missed = new Set<string>();

/** These causes are found. */
export function shows({ ids }: Diagnosed, ...causes: string[]): void {
  for (const cause of causes) {
    expect(ids).toContain(cause);
    shown.add(cause);
  }
}

/** This cause is found, and before all others. */
export function leads({ ids }: Diagnosed, cause: string): void {
  expect(ids[0]).toBe(cause);
  shown.add(cause);
}

/** These causes are found, in this order, and no other. */
export function isOnly({ ids }: Diagnosed, ...causes: string[]): void {
  expect(ids).toEqual(causes);
  for (const cause of causes) shown.add(cause);
}

/** A state like those that have these causes does not have them. */
export function lacks({ ids }: Diagnosed, ...causes: string[]): void {
  for (const cause of causes) {
    expect(ids).not.toContain(cause);
    missed.add(cause);
  }
}

/** The last test of a file: each of these causes was found by one of its tests, and by another one a near miss. */
export function witnesses(causes: readonly string[]): void {
  test('each of its causes was produced, and nearly produced', () => {
    expect(causes.filter((cause) => !shown.has(cause))).toEqual([]);
    expect(causes.filter((cause) => !missed.has(cause))).toEqual([]);
  });
}
