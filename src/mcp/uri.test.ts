import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseUri, uriOf, variablesOf } from './uri.ts';

const MIGRATION = 'ferry://migrations/{namespace}/{name}';
const CHECK = 'ferry://reference/checks/{+id}';

test.each<[string, string, Record<string, string> | undefined]>([
  [MIGRATION, 'ferry://migrations/vms/move-1', { namespace: 'vms', name: 'move-1' }],
  [MIGRATION, 'ferry://migrations/vms/a%2Fb', { namespace: 'vms', name: 'a/b' }],
  [MIGRATION, 'ferry://migrations/vms', undefined],
  [MIGRATION, 'ferry://migrations/vms/a/b', undefined],
  [MIGRATION, 'ferry://migrations/vms/%E0%A4%A', undefined],
  [MIGRATION, 'xferry://migrations/vms/a', undefined],
  [CHECK, 'ferry://reference/checks/storage/shared-volumes', { id: 'storage/shared-volumes' }],
  [CHECK, 'ferry://reference/checks/', undefined],
  ['ferry://reference/checks', 'ferry://reference/checks', {}],
  ['ferry://reference/checks', 'ferryX//reference/checks', undefined],
])('%s reads %s as %j', (template, uri, variables) => {
  expect(parseUri(template, uri)).toEqual(variables);
});

test('what is filled in is read again, whatever it is', () => {
  const value = fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme' });
  fc.assert(
    fc.property(value, value, (namespace, name) => {
      expect(parseUri(MIGRATION, uriOf(MIGRATION, { namespace, name }))).toEqual({ namespace, name });
      expect(parseUri(CHECK, uriOf(CHECK, { id: `${namespace}/${name}` }))).toEqual({ id: `${namespace}/${name}` });
    }),
  );
});

test('the variables of a template, in order', () => {
  expect(variablesOf(MIGRATION)).toEqual(['namespace', 'name']);
  expect(variablesOf(CHECK)).toEqual(['id']);
});
