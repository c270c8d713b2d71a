import { expect, test } from 'vitest';
import { TokenBook } from './token-book.ts';

test('a token lets in until it is revoked, expires, or whom it is for is gone', () => {
  const clock = { time: 0, now: () => clock.time };
  const book = new TokenBook(clock, { forever: { name: 'admin', groups: [] } });
  let there = true;
  book.add('short', { name: 'a', groups: [] }, { expires: 1000 });
  book.add('bound', { name: 'b', groups: [] }, { valid: () => there });
  book.add('lost', { name: 'c', groups: [] });
  const letIn = (): string[] =>
    ['forever', 'short', 'bound', 'lost', 'nosuch', 'toString'].filter((token) => book.userOf(token));
  expect(letIn()).toEqual(['forever', 'short', 'bound', 'lost']);
  book.revoke('lost');
  clock.time = 999;
  expect(letIn()).toEqual(['forever', 'short', 'bound']);
  clock.time = 1000;
  there = false;
  expect(letIn()).toEqual(['forever']);
  // What was dropped stays out.
  book.add('new', { name: 'd', groups: [] });
  there = true;
  clock.time = 0;
  expect(letIn()).toEqual(['forever']);
});
