import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kindTable } from '../kind-table.ts';
import { kinds } from '../kinds/index.ts';
import { ApiError } from '../status.ts';
import { jsonPatch } from './json.ts';
import { mergePatch } from './merge.ts';
import { strategicMerge } from './strategic.ts';

// RFC 7386, appendix A.
describe('merge patches', () => {
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (value, patch, wanted) => {
    expect(mergePatch(value, patch)).toEqual(wanted);
  });
});

describe('JSON patches', () => {
  test.each([
    ['add', [{ op: 'add', path: '/a/c', value: 2 }], { a: { b: 1, c: 2 } }],
    ['replace', [{ op: 'replace', path: '/a/b', value: 2 }], { a: { b: 2 } }],
    ['remove', [{ op: 'remove', path: '/a/b' }], { a: {} }],
    [
      'test and go on',
      [
        { op: 'test', path: '/a/b', value: 1 },
        { op: 'remove', path: '/a' },
      ],
      {},
    ],
  ])('%s', (_what, patch, wanted) => {
    expect(jsonPatch({ a: { b: 1 } }, patch)).toEqual(wanted);
  });

  test.each([
    [
      'a test fails',
      [
        { op: 'add', path: '/x', value: 1 },
        { op: 'test', path: '/a/b', value: 2 },
      ],
    ],
    ['a path is missing', [{ op: 'remove', path: '/nope' }]],
    ['a parent is missing', [{ op: 'add', path: '/nope/x', value: 1 }]],
    ['an operation is unknown', [{ op: 'frobnicate', path: '/a' }]],
  ])('are refused as a whole when %s', (_what, patch) => {
    const value = { a: { b: 1 } };
    expect(() => jsonPatch(value, patch)).toThrow(ApiError);
    expect(value).toEqual({ a: { b: 1 } });
  });
});

describe('strategic merge patches', () => {
  const { schema } = kindTable(kinds).of('pods')!;
  const container = (name: string, image: string) => ({ name, image });
  const pod = (...containers: object[]) => ({ spec: { containers } });

  test.each([
    [
      'change a list item by its key',
      pod(container('a', '1'), container('b', '1')),
      pod(container('b', '2')),
      pod(container('a', '1'), container('b', '2')),
    ],
    [
      'add a list item',
      pod(container('a', '1')),
      pod(container('b', '1')),
      pod(container('a', '1'), container('b', '1')),
    ],
    [
      'delete a list item',
      pod(container('a', '1'), container('b', '1')),
      pod({ name: 'a', $patch: 'delete' }),
      pod(container('b', '1')),
    ],
    [
      'replace a list',
      pod(container('a', '1')),
      pod({ $patch: 'replace' }, container('c', '1')),
      pod(container('c', '1')),
    ],
    [
      'replace a structure',
      { metadata: { labels: { a: 'b' } } },
      { metadata: { labels: { $patch: 'replace', c: 'd' } } },
      { metadata: { labels: { c: 'd' } } },
    ],
    [
      'delete what is in a structure',
      { metadata: { labels: { a: 'b' } } },
      { metadata: { labels: { $patch: 'delete' } } },
      { metadata: { labels: {} } },
    ],
    [
      'replace lists without a key',
      { spec: { tolerations: [{ key: 'a' }] } },
      { spec: { tolerations: [{ key: 'b' }] } },
      { spec: { tolerations: [{ key: 'b' }] } },
    ],
    [
      'merge sets',
      { metadata: { finalizers: ['a'] } },
      { metadata: { finalizers: ['b'] } },
      { metadata: { finalizers: ['a', 'b'] } },
    ],
    [
      'delete from sets',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
      { metadata: { finalizers: ['b'] } },
    ],
    [
      'order lists',
      pod(container('a', '1'), container('b', '1')),
      { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } },
      pod(container('b', '1'), container('a', '1')),
    ],
    [
      'keep only some keys',
      { spec: { x: { a: 1, b: 2 } } },
      { spec: { x: { $retainKeys: ['b'], b: 3 } } },
      { spec: { x: { b: 3 } } },
    ],
    ['remove with null', { spec: { unschedulable: true } }, { spec: { unschedulable: null } }, { spec: {} }],
  ])('%s', (_what, value, patch, wanted) => {
    expect(strategicMerge(value, patch, schema)).toEqual(wanted);
  });

  test('without a schema and directives are merge patches', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.integer(), fc.constant(null), tie('object')),
      object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
    }));
    fc.assert(
      fc.property(json.object, json.object, (value, patch) => {
        expect(strategicMerge(value, patch, undefined)).toEqual(mergePatch(value, patch));
      }),
    );
  });
});
