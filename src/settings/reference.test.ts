import { expect, test } from 'vitest';
import { settingNames, settingPage, settingsPage } from './reference.ts';

test('every setting stands in the table and has a page of its own', () => {
  const table = settingsPage();
  for (const name of settingNames()) {
    expect(table).toContain(`| \`${name}\` |`);
    expect(settingPage(name)).toContain(`# \`${name}\`\n`);
  }
  expect(settingNames().length).toBeGreaterThan(10);
  expect(settingPage('nope')).toBeUndefined();
});

test('a page tells the default of each version, and what the documentation has wrong', () => {
  const page = settingPage('completionTimeoutPerGiB');
  expect(page).toContain('| 4.17 | 1.3 | 800 | 800 |');
  expect(page).toContain('| next | 1.9 | 20 | 150 |');
  expect(page).toContain('The best-practice guide documents 800');
  expect(page).toContain('Default in the best-practice guide: 800');
});

test('a version that does not know a setting says so', () => {
  expect(settingPage('maxDowntimeMs')).toContain('| 4.22 | 1.8 | does not know it | does not know it |');
});
