import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reference } from '../scripts/reference.ts';

test('docs/reference is what the code says (npm run reference writes it)', async () => {
  for (const [file, text] of Object.entries(await reference())) {
    expect(readFileSync(`docs/reference/${file}`, 'utf8')).toBe(text);
  }
});
