import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../model/errors.ts';
import { WITHHELD } from '../model/withheld.ts';
import { contentHash } from './draft.ts';
import { readGiven } from './given.ts';
import { decideObject, requireFresh } from './object.ts';
import { together } from './several.ts';

const resource = { group: 'kubevirt.io', version: 'v1', plural: 'virtualmachines', namespaced: true };
const where = { resource, namespace: 'shop' };
const beside = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace: 'shop', name: 'web' };

/** As the MCP server tells objects: what stands under `password` and `userData` is withheld. */
const told = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, each: unknown) => (key === 'password' || key === 'userData' ? WITHHELD : each)) ??
      'null',
  );

const text = fc.constantFrom('a', 'b', 'hunter2-0', 'hunter2-1');
const { fields } = fc.letrec<{ fields: Record<string, unknown>; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, text, fc.constant(null), tie('fields'), fc.array(tie('value'), { maxLength: 2 })),
  fields: fc.dictionary(fc.constantFrom('name', 'spec', 'password', 'userData', 'x', 'volumes'), tie('value'), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
}));

/** With each secret where it is one, and nowhere else. */
function sealed(value: unknown, isSecret = false): unknown {
  if (typeof value === 'string') return isSecret ? 'hunter2' : value.replace('hunter2', 'plain');
  if (Array.isArray(value)) return value.map((each) => sealed(each, isSecret));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const hides = key === 'password' || key === 'userData';
      return [key, hides ? `hunter2 ${JSON.stringify(each)}` : sealed(each, isSecret)];
    }),
  );
}

describe('a proposal', () => {
  test('never holds a credential, whatever is there and whatever is given', async () => {
    await fc.assert(
      fc.asyncProperty(fields, fc.option(fields), async (wanted, there) => {
        const [given] = await readGiven({ spec: sealed(wanted) }, beside);
        const metadata = { name: 'web', uid: 'u', resourceVersion: '1' };
        const present = there === null ? undefined : { metadata, spec: sealed(there) };
        try {
          expect(JSON.stringify(decideObject(given!, where, present, told).draft)).not.toContain('hunter2');
        } catch (error) {
          expect(error).toBeInstanceOf(FerryError);
          expect((error as FerryError).message).not.toContain('hunter2');
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('is the same write while what it is about is the same, whatever else changes', async () => {
    const [given] = await readGiven('{spec: {x: 2}}', beside);
    const at = (version: string, spec: object) => ({
      metadata: { name: 'web', uid: 'u', resourceVersion: version },
      spec,
    });
    const hash = (version: string, spec: object): string =>
      contentHash(decideObject(given!, where, at(version, spec), told).draft);
    expect(hash('2', { x: 1, y: 2 })).toBe(hash('1', { x: 1, y: 1 }));
    expect(hash('1', { x: 3 })).not.toBe(hash('1', { x: 1 }));
  });
});

describe('what is given', () => {
  const said = async (work: () => Promise<unknown>): Promise<string> => {
    try {
      return JSON.stringify(await work());
    } catch (error) {
      return error instanceof FerryError ? `${error.code}: ${error.message}` : `unexpected: ${String(error)}`;
    }
  };

  test.each<[string, unknown, object, RegExp]>([
    ['a part, with the names beside it', { spec: {} }, beside, /"name":"web".*"body":\{"spec":\{\}\}/],
    [
      'several documents',
      'kind: A\napiVersion: v1\nmetadata: {name: a}\n---\nkind: B\napiVersion: v1\nmetadata: {name: b}',
      {},
      /"A".*"B"/,
    ],
    [
      'a list',
      { kind: 'List', items: [{ kind: 'A', apiVersion: 'v1', metadata: { generateName: 'a-' } }] },
      {},
      /"generateName":"a-"/,
    ],
    [
      'what the API server writes is left out',
      {
        apiVersion: 'v1',
        kind: 'A',
        metadata: { name: 'web', managedFields: [1], creationTimestamp: 'x' },
        spec: 1,
        status: 1,
      },
      {},
      /"fixed":\{\},"body":\{"spec":1\}/,
    ],
    [
      'two names',
      { metadata: { name: 'other' } },
      beside,
      /^FERRY_E_USAGE: the object says name other, and the argument web/,
    ],
    ['names beside several', [{}, {}], beside, /^FERRY_E_USAGE: there are several objects/],
    [
      'a text that was cut',
      { spec: { log: `${'x'.repeat(300)}… (9000 characters in all)` } },
      beside,
      /^FERRY_E_REFUSED: \.spec\.log was cut/,
    ],
    ['no object', ['x'], {}, /^FERRY_E_USAGE: resource is no object/],
  ])('%s', async (_, resource, more, expected) =>
    expect(await said(() => readGiven(resource, more))).toMatch(expected),
  );

  test('is stale if it was made from another version', async () => {
    const [given] = await readGiven({ metadata: { resourceVersion: '1' } }, beside);
    const at = (resourceVersion: string) => ({ metadata: { name: 'web', resourceVersion } });
    expect(await said(() => Promise.resolve(requireFresh(given!, at('2'))))).toMatch(
      /^FERRY_E_STALE: VirtualMachine web has changed/,
    );
    requireFresh(given!, at('1'));
    requireFresh(given!, undefined);
  });
});

test('several writes stop at the first that fails, and say what is left', async () => {
  const write = (
    summary: string,
    carryOut: () => Promise<never> | Promise<{ exit: 0; summary: string; details: object }>,
  ) => ({
    draft: {
      summary,
      objects: [{ verb: 'create', apiVersion: 'v1', object: { kind: 'A', name: summary }, fields: [] }],
      findings: [],
      effect: [],
      premises: {},
    },
    rehearse: () => Promise.resolve(),
    carryOut,
  });
  const good = (summary: string) => write(summary, () => Promise.resolve({ exit: 0, summary, details: {} }));
  const bad = write('b', () => Promise.reject(new FerryError('FERRY_E_REFUSED', 'no', '')));
  const all = together([good('a'), bad, good('c')] as never);
  const how = { signal: new AbortController().signal, tell: () => undefined };
  expect(all.draft.objects.map(({ object }) => object.name)).toEqual(['a', 'b', 'c']);
  expect(await all.carryOut(how)).toMatchObject({ exit: 3, summary: 'a 2 of 3 not done: no.' });
  await expect(together([bad, good('c')] as never).carryOut(how)).rejects.toThrow('no');
  expect(() => together([])).toThrow('there is nothing to change');
});
