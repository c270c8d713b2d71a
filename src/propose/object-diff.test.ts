import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../model/errors.ts';
import { applied, type Difference, differenceOf } from './object-diff.ts';

type Fields = Record<string, unknown>;

const keys = ['a', 'b', 'c', 'name', 'a.b/c', '__proto__', 'constructor'];
const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'y', ''), fc.boolean());
const { object } = fc.letrec<{ object: Fields; value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .uniqueArray(fc.constantFrom('n1', 'n2', 'n3'), { maxLength: 3 })
      .map((names) => names.map((name) => ({ name, a: 1 }))),
  ),
  object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));
const given = fc.letrec<{ object: Fields; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.constant(null), tie('object'), fc.array(leaf, { maxLength: 3 })),
  object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).object;

function attempt(wanted: Fields, present: Fields): Difference | undefined {
  try {
    return differenceOf(wanted, present);
  } catch (error) {
    expect(error).toBeInstanceOf(FerryError);
    return undefined;
  }
}

/** Every leaf of a value with its path; lists count as whole. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, each]) => [...leaves(each, `${path}/${key}`)]));
}

describe('merging', () => {
  test('changes what is named, and nothing else', () => {
    fc.assert(
      fc.property(given, object, (wanted, present) => {
        const found = attempt(wanted, present);
        if (found === undefined) return;
        const after = applied(present, found.patch);
        const [before, now, asked] = [leaves(present), leaves(after), leaves(wanted)];
        for (const path of new Set([...before.keys(), ...now.keys()])) {
          if (isDeepStrictEqual(before.get(path), now.get(path))) continue;
          // It was named: itself, something around it that was taken out, or something in it.
          const isNamed = [...asked.keys()].some(
            (each) => each === path || path.startsWith(`${each}/`) || each.startsWith(`${path}/`) || path === '',
          );
          expect(isNamed, `${path} of ${JSON.stringify({ wanted, present, after })}`).toBe(true);
        }
        expect(found.fields.length === 0).toBe(isDeepStrictEqual(after, present));
      }),
      { numRuns: 2000 },
    );
  });

  test('twice changes nothing', () => {
    fc.assert(
      fc.property(given, object, (wanted, present) => {
        const found = attempt(wanted, present);
        if (found === undefined) return;
        const after = applied(present, found.patch);
        expect(differenceOf(wanted, after)).toEqual({ fields: [], patch: undefined });
      }),
      { numRuns: 2000 },
    );
  });

  test('leaves alone what is given as it was told', () => {
    const told = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('hunter2', '(withheld)'));
    const present = {
      spec: {
        volumes: [
          { name: 'init', userData: 'hunter2' },
          { name: 'root', size: 1 },
        ],
        list: ['hunter2'],
      },
    };
    const wanted = told({ spec: { ...present.spec, list: ['hunter2', 'b'], x: 1 } }) as Fields;
    const { fields, patch } = differenceOf(wanted, present, told);
    expect(fields).toEqual([
      { path: '.spec.list', from: ['hunter2'], to: ['hunter2', 'b'] },
      { path: '.spec.x', from: null, to: 1 },
    ]);
    expect(patch).toEqual({ spec: { list: ['hunter2', 'b'], x: 1 } });
  });
});

describe('lists', () => {
  const interfaces = [
    { name: 'br', type: 'ovs-bridge', mtu: 1500 },
    { name: 'eth1', type: 'ethernet' },
  ];
  const said = (wanted: unknown, present: unknown): unknown => {
    try {
      return differenceOf({ list: wanted }, { list: present }).fields;
    } catch (error) {
      return error instanceof FerryError ? `${error.code}: ${error.message}` : error;
    }
  };

  test.each<[string, unknown, unknown, unknown]>([
    [
      'items with a name are merged by it',
      [{ name: 'br', mtu: 9000 }],
      interfaces,
      [{ path: '.list[0].mtu', from: 1500, to: 9000 }],
    ],
    [
      'a new name is appended',
      [{ name: 'vlan' }],
      interfaces,
      [{ path: '.list[2]', from: null, to: { name: 'vlan' } }],
    ],
    ['others may be added to', ['a', 'b'], ['a'], [{ path: '.list', from: ['a'], to: ['a', 'b'] }]],
    [
      'others lose nothing',
      ['b'],
      ['a'],
      'FERRY_E_REFUSED: .list is not written: an item of the list would be lost: "a"; nothing was changed',
    ],
    [
      'a list is no object',
      { a: 1 },
      ['a'],
      'FERRY_E_REFUSED: .list is not written: what is there is of another form; nothing was changed',
    ],
    ['null takes the whole out', null, ['a'], [{ path: '.list', from: ['a'], to: null }]],
  ])('%s', (_, wanted, present, expected) => expect(said(wanted, present)).toEqual(expected));
});
