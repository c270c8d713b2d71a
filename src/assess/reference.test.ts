import { expect, test } from 'vitest';
import { checkIds, checkPage } from './reference.ts';

test('every check has a page, and its id stands in it', () => {
  for (const id of checkIds()) expect(checkPage(id)).toContain(`# \`${id}\`\n`);
  expect(checkPage('nope')).toBeUndefined();
});

test('a page says what the check is about and what it has to read', () => {
  const page = checkPage('storage/shared-volumes');
  expect(page).toContain('- About: VM\n');
  expect(page).toContain('claims');
});
