import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { claim, nodes, snapshotOf, vm } from '../model/testing/fixtures.ts';
import { parseSnapshot, serializeSnapshot } from './saved-snapshot.ts';

const objects = [...nodes(2), ...vm('web', { on: 'n1', claims: ['c'] }), claim('c')];

test('what is saved is what is read again', async () => {
  const snapshot = snapshotOf(objects, ({ lists }) => {
    lists.migrationPolicies = { known: false, why: 'missing', message: 'not served' };
  });
  const again = await parseSnapshot(serializeSnapshot(snapshot), 'file');
  expect(serializeSnapshot(again)).toBe(serializeSnapshot(snapshot));
  expect(again.lists.claims).toEqual(snapshot.lists.claims);
  expect(again.lists.migrationPolicies).toEqual(snapshot.lists.migrationPolicies);
});

test('the text does not depend on the order of objects or fields, and has one line an object', () => {
  const turned = snapshotOf(
    objects.toReversed().map((object) => Object.fromEntries(Object.entries(object).toReversed()) as never),
  );
  const text = serializeSnapshot(snapshotOf(objects));
  expect(serializeSnapshot(turned)).toBe(text);
  expect(text.split('\n').filter((line) => line.includes('"kind":"Pod"'))).toHaveLength(3);
});

test('YAML will do as well', async () => {
  const snapshot = snapshotOf(objects);
  expect(await parseSnapshot(stringify(snapshot), 'file')).toEqual(snapshot);
});

test('a list that the file lacks is unknown, not empty', async () => {
  const snapshot = snapshotOf(objects);
  const { pods: _pods, ...lists } = snapshot.lists;
  const again = await parseSnapshot(JSON.stringify({ ...snapshot, lists }), 'file');
  expect(again.lists.pods).toMatchObject({ known: false, why: 'failed' });
});

describe('a file that is no snapshot is refused with what is wrong', () => {
  const good = JSON.parse(serializeSnapshot(snapshotOf(objects)));
  test.each([
    ['not JSON', '{"kind": "Snap', /it is not JSON \(/],
    ['not YAML', 'a: [1, 2', /it is not JSON or YAML \(/],
    ['empty', '', /it holds nothing, not an object/],
    ['prose', 'hello there', /it holds plain text, not an object/],
    ['a list', '- a\n- b', /it holds a list, not an object/],
    ['another kind', JSON.stringify({ ...good, kind: 'List' }), /its kind is "List", not Snapshot/],
    ['no kind', '{}', /its kind is missing, not Snapshot/],
    [
      'another version',
      JSON.stringify({ ...good, apiVersion: 'ferry.run/v2' }),
      /its apiVersion is "ferry.run\/v2", not ferry.run\/v1alpha1/,
    ],
    ['no time', JSON.stringify({ ...good, takenAt: 'yesterday' }), /: takenAt: /],
    ['no lists', JSON.stringify({ ...good, lists: undefined }), /: lists: /],
    ['a list that is no list', JSON.stringify({ ...good, lists: { ...good.lists, pods: [] } }), /: lists\.pods/],
    [
      'items that are no list',
      JSON.stringify({ ...good, lists: { ...good.lists, pods: { known: true, items: {} } } }),
      /: lists\.pods\.items: /,
    ],
    [
      'an object without a name',
      JSON.stringify({
        ...good,
        lists: { ...good.lists, pods: { known: true, items: [{ apiVersion: 'v1', kind: 'Pod', metadata: {} }] } },
      }),
      /: lists\.pods\.items\[0\]\.metadata\.name: /,
    ],
    [
      'an object of another kind',
      JSON.stringify({ ...good, lists: { ...good.lists, pods: good.lists.nodes } }),
      /: lists\.pods\.items\[0\]\.kind: /,
    ],
  ])('%s', async (_, text, message) => {
    const refusal = await parseSnapshot(text, 'saved.json').catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'FERRY_E_BAD_SNAPSHOT',
      exitCode: 2,
      hint: expect.stringContaining('ferry snapshot'),
    });
    expect((refusal as Error).message).toMatch(/^saved\.json is not a snapshot of Ferry: [^\n]*\.$/);
    expect((refusal as Error).message).toMatch(message);
  });
});
