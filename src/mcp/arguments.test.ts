import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseArguments } from './arguments.ts';

const schema = z.strictObject({
  name: z.string(),
  label_selector: z.string().optional(),
  allNamespaces: z.boolean().default(true),
});

test.each<[string, unknown, object]>([
  ['what is known passes, with its defaults', { name: 'a' }, { name: 'a', allNamespaces: true }],
  [
    'camel case is snake case',
    { name: 'a', labelSelector: 'x' },
    { name: 'a', label_selector: 'x', allNamespaces: true },
  ],
  ['and the other way round', { name: 'a', all_namespaces: false }, { name: 'a', allNamespaces: false }],
])('%s', (_, given, value) => {
  expect(parseArguments(schema, given)).toEqual({ ok: true, value });
});

test.each<[string, unknown, string]>([
  ['a typo is named with the right one', { name: 'a', nam: 'b' }, 'there is no argument "nam": did you mean "name"?'],
  [
    'both spellings at once are one too many',
    { name: 'a', label_selector: 'x', labelSelector: 'y' },
    'did you mean "label_selector"',
  ],
  ['what is known to be meant is told', { name: 'a', vm: 'b' }, 'there is no argument "vm": use "name"'],
  [
    'what is not known at all gets the list',
    { name: 'a', zzzzz: 1 },
    'the arguments are name, label_selector, allNamespaces',
  ],
  [
    'a wrong name stands before what is missing for it',
    { nam: 'b' },
    'there is no argument "nam": did you mean "name"?; name: ',
  ],
  ['a wrong type is named', { name: 1 }, 'name: Invalid input: expected string, received number'],
  ['a list is none', [1], 'the arguments must be an object'],
  [
    'a prototype is an argument like others',
    JSON.parse('{"name":"a","__proto__":{"x":1}}'),
    'there is no argument "__proto__"',
  ],
  ['control characters are not repeated', { name: 'a', 'x\u001b[2J': 1 }, 'there is no argument "x [2J"'],
])('%s', (_, given, message) => {
  const parsed = parseArguments(schema, given, { vm: 'use "name"' });
  expect(parsed).toEqual({ ok: false, message: expect.stringContaining(message) });
});

test('anything is answered, in few words', () => {
  fc.assert(
    fc.property(fc.anything(), (given) => {
      const parsed = parseArguments(schema, given);
      if (!parsed.ok) expect(parsed.message.length).toBeLessThan(2000);
    }),
  );
});
