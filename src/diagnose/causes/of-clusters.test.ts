import { describe, expect, test } from 'vitest';
import { clusterRows, objectsOf } from '../testing/cluster-rows.ts';
import { ask } from '../testing/subjects.ts';
import { causesOfClusters } from './of-clusters.ts';

const causeOf = (id: string) => causesOfClusters.find((cause) => cause.id === id)!;

describe('causes of the cluster', () => {
  test.each(clusterRows)('%s: %s', (id, message, given, miss) => {
    expect(ask(causeOf(id), 'cluster', objectsOf(given), given)?.message).toMatch(message);
    expect(ask(causeOf(id), 'cluster', objectsOf(miss), miss)).toBeUndefined();
  });

  test('each is in the table', () => {
    expect(new Set(clusterRows.map(([id]) => id))).toEqual(new Set(causesOfClusters.map(({ id }) => id)));
  });

  test('none is found in a healthy cluster', () => {
    expect(causesOfClusters.filter((cause) => ask(cause, 'cluster', objectsOf({})) !== undefined)).toEqual([]);
  });
});
