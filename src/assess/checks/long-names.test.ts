import { expect, test } from 'vitest';
import { nodes, snapshotOf, vm } from '../../model/testing/fixtures.ts';
import { vmsOf } from '../../model/vm.ts';
import { checkVms } from '../assess.ts';
import { longNames } from './long-names.ts';

test.each([
  ['64 characters are too many', 64, ['blocker', 'cold']],
  ['63 are not', 63, undefined],
])('%s', (_, length, said) => {
  const snapshot = snapshotOf([...nodes(2), ...vm('v'.repeat(length), { on: 'n1' })]);
  const [finding] = checkVms(snapshot, vmsOf(snapshot), {}, [longNames]).items[0]!.findings;
  expect(finding && [finding.severity, finding.allows]).toEqual(said);
});
