import { expect, test } from 'vitest';
import { fairUse } from './limits.ts';

const allowance = { burst: 3, perSecond: 1, open: 2 };

test('one caller has so many requests open, and another does not feel it', () => {
  const enter = fairUse(allowance, () => 0);
  const first = enter('a');
  expect([typeof first, typeof enter('a'), enter('a'), typeof enter('b')]).toEqual([
    'function',
    'function',
    undefined,
    'function',
  ]);
  first?.();
  expect(enter('a')).toBeTypeOf('function');
});

test('one caller is slowed down, and another does not feel it', () => {
  let time = 0;
  const enter = fairUse(allowance, () => time);
  const once = (subject: string): boolean => {
    const leave = enter(subject);
    leave?.();
    return leave !== undefined;
  };
  expect([once('a'), once('a'), once('a'), once('a'), once('b')]).toEqual([true, true, true, false, true]);
  time = 1000;
  expect([once('a'), once('a')]).toEqual([true, false]);
});

test('whoever has something open is not forgotten, however many call', () => {
  const enter = fairUse(allowance, () => 0);
  enter('busy');
  enter('busy');
  for (let caller = 0; caller < 5000; caller++) enter(`caller ${caller}`)?.();
  expect(enter('busy')).toBeUndefined();
});
