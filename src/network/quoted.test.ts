import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { indentQuoted } from './quoted.ts';

describe('quoted texts that are indented too little', () => {
  test.each<[string, string, unknown]>([
    ['single quotes', 'a:\n  b: \'{\n    "x": 1\n  }\'\nc: d', { a: { b: '{ "x": 1 }' }, c: 'd' }],
    ['double quotes', 'a:\n  b: "{\n  \\"x\\": 1\n  }"\nc: d', { a: { b: '{ "x": 1 }' }, c: 'd' }],
    ['an apostrophe in them', "a:\n  b: 'it''s\n  so'\nc: d", { a: { b: "it's so" }, c: 'd' }],
    ['in a list', "- b: 'x\n  y'\n- 'z'", [{ b: 'x y' }, 'z']],
    ['none at all', "a: it's\nb: 'x'\n", { a: "it's", b: 'x' }],
  ])('%s', (_, text, value) => {
    expect(parse(indentQuoted(text))).toEqual(value);
  });
});
