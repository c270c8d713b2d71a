import { describe, expect, test } from 'vitest';
import { failingRows } from '../testing/failing-rows.ts';
import { faultyRows } from '../testing/faulty-rows.ts';
import { objectsOf } from '../testing/migrations.ts';
import { ask } from '../testing/subjects.ts';
import { waitingRows } from '../testing/waiting-rows.ts';
import { causesOfMigrations } from './of-migrations.ts';

// Each cause: a case that produces it, what its message says, and a near miss that must not.

const rows = [...waitingRows, ...failingRows, ...faultyRows];
const causeOf = (id: string) => causesOfMigrations.find((cause) => cause.id === id)!;

describe('causes of migrations', () => {
  test.each(rows)('%s: %s', (id, message, given, miss) => {
    expect(ask(causeOf(id), given.of ?? 'vmim/m', objectsOf(given), given)?.message).toMatch(message);
    expect(ask(causeOf(id), miss.of ?? 'vmim/m', objectsOf(miss), miss)).toBeUndefined();
  });

  test('each that looks at anything is in the table', () => {
    const looking = causesOfMigrations.filter((cause) =>
      ['migration', 'vm', 'node', 'cluster'].some((hook) => hook in cause),
    );
    expect(new Set(rows.map(([id]) => id))).toEqual(new Set(looking.map(({ id }) => id)));
  });

  test.each([
    ['waits for its turn since a moment', {}],
    ['runs well', { phase: 'Running', state: { startTimestamp: '2026-01-02T03:03:00Z' } }],
    ['has succeeded', { phase: 'Succeeded', state: { completed: true } }],
  ])('none is found of one that %s', (_, given) => {
    const found = causesOfMigrations.filter((cause) => ask(cause, 'vmim/m', objectsOf({ ...given, m: young }), {}));
    expect(found.map(({ id }) => id)).toEqual([]);
  });
});

const young = (object: { metadata: { creationTimestamp?: string } }): void => {
  object.metadata.creationTimestamp = '2026-01-02T03:03:30Z';
};
