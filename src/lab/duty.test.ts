import { expect, test } from 'vitest';
import { duty } from './duty.ts';

test('what has to be done runs at once while the component works', () => {
  const ran: string[] = [];
  duty().whenWorks(() => ran.push('a'));
  expect(ran).toEqual(['a']);
});

test('what has to be done meanwhile runs when it works again, in its order, and once', () => {
  const ran: string[] = [];
  const it = duty();
  it.set(false);
  for (const name of ['a', 'b', 'c']) it.whenWorks(() => ran.push(name));
  expect(ran).toEqual([]);
  it.set(true);
  it.set(false);
  it.set(true);
  expect(ran).toEqual(['a', 'b', 'c']);
});

test('what one of them ends makes the rest wait on', () => {
  const ran: string[] = [];
  const it = duty();
  it.set(false);
  it.whenWorks(() => it.set(false));
  it.whenWorks(() => ran.push('later'));
  it.set(true);
  expect(ran).toEqual([]);
  it.set(true);
  expect(ran).toEqual(['later']);
});
