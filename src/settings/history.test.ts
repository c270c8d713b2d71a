import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MigrationPolicy } from '../model/objects.ts';
import { type ChangeRecord, nextId, recordKey, recordsIn, recordText, settle, standingOf, surplus } from './history.ts';

const record: ChangeRecord = {
  id: 7,
  at: '2026-01-02T03:04:05Z',
  by: 'admin',
  apiVersion: 'hco.kubevirt.io/v1beta1',
  object: { kind: 'HyperConverged', namespace: 'openshift-cnv', name: 'kubevirt-hyperconverged' },
  path: ['spec', 'liveMigrationConfig'],
  changes: [
    { name: 'progressTimeout', from: 150, to: 300 },
    { name: 'bandwidthPerMigration', from: undefined, to: '1Gi' },
  ],
  outcome: 'pending',
};

describe('the history', () => {
  test('never holds more than fifty changes, the newest, and counts on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 130 }), (count) => {
        let data: Record<string, string> | undefined;
        for (let made = 0; made < count; made++) {
          const id = nextId(data);
          const gone = new Set(surplus(data));
          data = Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => !gone.has(key)));
          data[recordKey(id)] = recordText({ ...record, id });
        }
        const ids = recordsIn(data).map(({ id }) => id);
        expect(ids).toEqual(
          Array.from({ length: Math.min(count, 50) }, (_, index) => count - Math.min(count, 50) + 1 + index),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('leaves out what is no record of its own', () => {
    const data = {
      'change-000007': recordText(record),
      'change-000008': recordText(record),
      'change-000009': 'null',
      other: '{}',
    };
    expect(recordsIn(data).map(({ id }) => id)).toEqual([7]);
    expect(recordsIn(undefined)).toEqual([]);
  });

  test.each([
    [
      'the new values stand, written in another way',
      { progressTimeout: 300, bandwidthPerMigration: '1024Mi' },
      'stands',
      'applied',
    ],
    ['the old ones are back', { progressTimeout: 150 }, 'taken-back', 'failed'],
    ['a part of them is', { progressTimeout: 150, bandwidthPerMigration: '1Gi' }, 'changed-since', 'unconfirmed'],
    ['others are there', { progressTimeout: 5 }, 'changed-since', 'unconfirmed'],
  ])('%s', (_, values, standing, outcome) => {
    const present = { values, policies: [] };
    expect(standingOf(record, present)).toBe(standing);
    expect(settle(record, present).outcome).toBe(outcome);
  });

  test('a policy stands as long as nobody has changed its spec', () => {
    const policy: MigrationPolicy = {
      apiVersion: 'migrations.kubevirt.io/v1alpha1',
      kind: 'MigrationPolicy',
      metadata: { name: 'p' },
      spec: { allowAutoConverge: true, selectors: {} },
    };
    const of = (...policies: MigrationPolicy[]): string =>
      standingOf({ changes: [], policy }, { values: {}, policies });
    expect(of()).toBe('taken-back');
    expect(of({ ...policy, metadata: { name: 'p', resourceVersion: '5' } })).toBe('stands');
    expect(of({ ...policy, spec: { selectors: {} } })).toBe('changed-since');
  });
});
