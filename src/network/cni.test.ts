import { expect, test } from 'vitest';
import { capacityOf } from './addresses.ts';
import { rangesOf } from './cni.ts';

test.each<[string, string[], number | undefined]>([
  ['10.0.0.0/30', [], 2],
  ['10.0.0.0/24', ['10.0.0.0/30'], 251],
  ['10.0.0.0/24', ['10.0.0.0/30', '10.0.0.0/28'], 239],
  ['10.0.0.10-10.0.0.19/24', ['10.0.0.12'], 9],
  ['fd00::/126', [], 2],
  ['nonsense', [], undefined],
])('whereabouts has of %s without %j: %s', (range, exclude, count) => {
  const [found] = rangesOf({ plugin: {}, ipam: { type: 'whereabouts', range, exclude } });
  expect(found === undefined ? undefined : Number(capacityOf(found))).toBe(count);
});
