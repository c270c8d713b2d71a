import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { withQuotesIndented } from './quoted-indent.ts';

test.each<[string, string, unknown]>([
  ['a text that ends at the indentation of its key', "a:\n  b: '{\n    1\n  }'\n  c: 2\n", { a: { b: '{ 1 }', c: 2 } }],
  ['one further to the left', "a:\n  b: '{\nx ''y''\n}'\n  c: 2\n", { a: { b: "{ x 'y' }", c: 2 } }],
  ['a list of them', "- b: 'x\n y'\n  c: 2\n", [{ b: 'x y', c: 2 }]],
])('%s', (_, text, expected) => expect(parse(withQuotesIndented(text))).toEqual(expected));

test.each(["a: 'b'\nc: it's\n", '# don\'t\na: "x: \'y"\n', 'a: |\n  it: is\n  fine\n', "a: ''\nb: 'it''s'\n"])(
  'leaves alone what is well formed: %j',
  (text) => expect(withQuotesIndented(text)).toBe(text),
);
