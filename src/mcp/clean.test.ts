import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WITHHELD } from '../model/withheld.ts';
import { clean, cleanText, withoutSecrets } from './clean.ts';

test('nothing that a reader would not see stays, but lines and tabs do', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex -- they are what must not be there
      expect(cleanText(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202e\u{e0041}]/u);
    }),
  );
  // A soft hyphen, an Arabic letter mark, a variation selector that hides a byte, an interlinear annotation, half a character.
  expect(cleanText('a\u00adb\u061cc\u{e0142}d\ufff9e\ud800f')).toBe('a b c d e f');
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

test.each([
  ['password=hunter2 x', `password=${WITHHELD} x`],
  ['{"passwd": "hunter2", "a": 1}', `{"passwd": "${WITHHELD}", "a": 1}`],
  ['  password: hunter2\n  user: a', `  password: ${WITHHELD}\n  user: a`],
  ["client_secret='x y'", "client_secret='x y'"],
  ['https://a?api_key=abc&b=1', `https://a?api_key=${WITHHELD}&b=1`],
  ['the password is wrong; PasswordAuthentication: no', 'the password is wrong; PasswordAuthentication: no'],
])('what is called a password in %j', (text, told) => {
  expect(cleanText(text)).toBe(told);
  // What was cleaned once stays as it is, also within JSON.
  expect(cleanText(cleanText(text))).toBe(told);
  expect(JSON.parse(cleanText(JSON.stringify({ text: cleanText(text) })))).toEqual({ text: told });
});

test('what is too deep for any object ends somewhere', () => {
  const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown;
  expect(JSON.stringify(clean(deep)).length).toBeLessThan(300);
});

test('of arguments that hold a document with credentials, its length is kept', () => {
  const yaml = 'kind: Secret\nstringData:\n  a: hunter2';
  expect(withoutSecrets({ manifests: yaml, name: 'a' })).toEqual({
    manifests: `${WITHHELD}: 37 characters`,
    name: 'a',
  });
  const cloudInit = '{"spec":{"cloudInitNoCloud":{"userData":"#cloud-config\\nchpasswd: {list: root:hunter2}"}}}';
  expect(JSON.stringify(withoutSecrets([cloudInit]))).not.toContain('hunter2');
  const object = { kind: 'Secret', data: { a: 'aHVudGVyMg==' }, stringData: { b: 'hunter2' } };
  expect(withoutSecrets({ documents: [object] })).toEqual({
    documents: [{ kind: 'Secret', data: WITHHELD, stringData: WITHHELD }],
  });
});
