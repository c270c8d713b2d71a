import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WITHHELD } from '../model/withheld.ts';
import { clean, cleanText } from './clean.ts';

test('nothing that a reader would not see stays, but lines and tabs do', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex -- they are what must not be there
      expect(cleanText(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202e\u{e0041}]/u);
    }),
  );
  expect(cleanText('a\tb\nGröße → 3')).toBe('a\tb\nGröße → 3');
});

test.each<[string, unknown, unknown]>([
  [
    'inline cloud-init',
    { cloudInitNoCloud: { userData: '#cloud-config\npassword: x', networkData: 'n' } },
    { cloudInitNoCloud: { userData: WITHHELD, networkData: 'n' } },
  ],
  [
    'the value of an environment variable that is a password',
    {
      env: [
        { name: 'DB_PASSWORD', value: 'x' },
        { name: 'MODE', value: 'y' },
      ],
    },
    {
      env: [
        { name: 'DB_PASSWORD', value: WITHHELD },
        { name: 'MODE', value: 'y' },
      ],
    },
  ],
  [
    "kubectl's copy and managed fields",
    {
      metadata: {
        managedFields: [1],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', a: 'b' },
      },
    },
    { metadata: { annotations: { a: 'b' } } },
  ],
  ['a reference to a secret is no secret', { userDataSecretRef: { name: 'x' } }, { userDataSecretRef: { name: 'x' } }],
])('%s', (_, given, told) => {
  expect(clean(given)).toEqual(told);
});

test('a private key is withheld whole, also where its end is missing', () => {
  const key = '-----BEGIN RSA PRIVATE KEY-----\nabc\n';
  expect(cleanText(`a ${key}-----END RSA PRIVATE KEY----- b`)).toBe(`a ${WITHHELD} b`);
  expect(clean({ data: [`a ${key}`] })).toEqual({ data: [`a ${WITHHELD}`] });
});

test('tokens in a log are withheld', () => {
  const log = 'GET /x Authorization: Bearer sha256~abcdefghijk\njwt eyJhbGciOiJSUzI1.eyJpc3MiOiJr.c2ln done';
  expect(cleanText(log)).toBe(`GET /x Authorization: Bearer ${WITHHELD}\njwt ${WITHHELD} done`);
});
