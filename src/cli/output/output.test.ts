import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration, shortDuration } from '../../model/duration.ts';
import { plain } from '../../model/plain.ts';
import { parseSelector } from '../selector.ts';
import { document, renderDocument } from './document.ts';
import { renderTable } from './table.ts';

describe('text of a cluster', () => {
  test('never reaches the terminal with control characters or direction marks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // oxlint-disable-next-line no-control-regex -- they are what must not be there
        expect(plain(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
      }),
    );
  });

  test('is left alone otherwise', () => {
    expect(plain('Größe → 3')).toBe('Größe → 3');
  });
});

describe('a table', () => {
  const columns = [
    { header: 'NAME', value: (row: { name: string; node?: string }) => row.name },
    { header: 'NODE', value: (row: { name: string; node?: string }) => row.node },
    { header: 'MORE', wide: true, value: () => 'more' },
  ];
  const rows = [{ name: 'web', node: 'worker-1' }, { name: 'a-long-name' }];
  test.each([
    [
      'is aligned three spaces apart',
      { wide: false, headers: true },
      'NAME          NODE\nweb           worker-1\na-long-name   <none>\n',
    ],
    [
      'shows more when wide',
      { wide: true, headers: true },
      'NAME          NODE       MORE\nweb           worker-1   more\na-long-name   <none>     more\n',
    ],
    ['may lack its header', { wide: false, headers: false }, 'web           worker-1\na-long-name   <none>\n'],
  ])('%s', (_, options, text) => {
    expect(renderTable(rows, columns, options)).toBe(text);
  });
});

test('a document says what it is, first', async () => {
  const value = document('Thing', { b: 1, name: '*x' });
  expect(await renderDocument(value, 'json')).toBe(
    '{\n  "apiVersion": "ferry.run/v1alpha1",\n  "kind": "Thing",\n  "b": 1,\n  "name": "*x"\n}\n',
  );
  expect(await renderDocument(value, 'yaml')).toBe('apiVersion: ferry.run/v1alpha1\nkind: Thing\nb: 1\nname: "*x"\n');
});

describe('durations', () => {
  test.each<[string, number | undefined]>([
    ['0', 0],
    ['30', 30_000],
    ['1s', 1000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
    ['', undefined],
    ['1x', undefined],
    ['-1s', undefined],
    ['1 s', undefined],
  ])('%j is %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    [-3, '0s'],
    [119, '119s'],
    [150, '2m30s'],
    [3600, '60m'],
    [4 * 3600, '4h'],
    [30 * 3600, '30h'],
    [72 * 3600, '3d'],
  ])('%i s is shown as %s', (seconds, text) => {
    expect(shortDuration(seconds)).toBe(text);
  });
});

describe('label selectors', () => {
  const labels = { app: 'web', 'example.com/tier': 'front' };
  test.each<[string, boolean]>([
    ['app=web', true],
    ['app==db', false],
    ['app!=db', true],
    ['other!=x', true],
    ['app in (web, db)', true],
    ['app notin (web,db)', false],
    ['other notin (x)', true],
    ['app', true],
    ['!app', false],
    ['example.com/tier=front,app=web', true],
    ['app in (web,db),!app', false],
  ])('%s is %s', (selector, matches) => {
    expect(parseSelector(selector)(labels)).toBe(matches);
  });

  test.each(['app in web', '=x', 'a=b=c', 'a,,b', 'a b'])('%j is none', (selector) => {
    expect(() => parseSelector(selector)).toThrow('is not a label selector');
  });
});
