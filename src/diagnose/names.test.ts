import { expect, test } from 'vitest';
import { withNames } from './names.ts';

const web = { namespace: 'shop', name: 'web' };

test.each([
  ['Ask again: ferry move VM.', 'Ask again: ferry move web -n shop.'],
  ['Another node: ferry move VM --to NODE.', 'Another node: ferry move web -n shop --to NODE.'],
  ['ferry cancel VM, then virtctl restart VM', 'ferry cancel web -n shop, then virtctl restart web -n shop'],
  ['Cancel one that matters less: ferry cancel OTHER.', 'Cancel one that matters less: ferry cancel OTHER.'],
  ['The VM runs: ferry diagnose cluster.', 'The VM runs: ferry diagnose cluster.'],
])('%s', (remedy, named) => {
  expect(withNames(remedy, web)).toBe(named);
});
