import { expect, test } from 'vitest';
import { causeIds, causePage } from './reference.ts';

test('every cause has a page, and its id stands in it', () => {
  for (const id of causeIds()) expect(causePage(id)).toContain(`# \`${id}\`\n`);
  expect(causePage('nope')).toBeUndefined();
});

test('a page says what the cause means, what to do, and the messages it is known by', () => {
  const page = causePage('migration/completion-timeout');
  expect(page).toContain('## What it means');
  expect(page).toMatch(/## What to do\n\n- /);
  expect(page).toContain('## Messages it is known by');
});
