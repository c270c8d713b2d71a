import { describe, expect, test } from 'vitest';
import { nodeRows, objectsOf } from '../testing/node-rows.ts';
import { ask } from '../testing/subjects.ts';
import { causesOfNodes } from './of-nodes.ts';

const causeOf = (id: string) => causesOfNodes.find((cause) => cause.id === id)!;

describe('causes of nodes', () => {
  test.each(nodeRows)('%s: %s', (id, message, given, miss) => {
    const found = ask(causeOf(id), given.of ?? 'node/n1', objectsOf(given), given);
    expect(found?.message).toMatch(message);
    expect(ask(causeOf(id), miss.of ?? 'node/n1', objectsOf(miss), miss)).toBeUndefined();
  });

  test('each is in the table', () => {
    expect(new Set(nodeRows.map(([id]) => id))).toEqual(new Set(causesOfNodes.map(({ id }) => id)));
  });

  test.each(['node/n1', 'cluster', 'vm/web'])('none is found of %s in a healthy cluster', (of) => {
    expect(causesOfNodes.filter((cause) => ask(cause, of, objectsOf({})) !== undefined)).toEqual([]);
  });
});
