import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeProtobuf, UnknownProtobuf } from './protobuf.ts';
import { startTestServer } from './testing.ts';

type Field = [number: number, value: string | number | Buffer | Field[]];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function encode(fields: Field[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
      const bytes = Array.isArray(value) ? encode(value) : Buffer.from(value as string);
      return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
    }),
  );
}

const envelope = (apiVersion: string, kind: string, message: Field[]): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\u0000'),
    encode([
      [
        1,
        [
          [1, apiVersion],
          [2, kind],
        ],
      ],
      [2, message],
    ]),
  ]);

describe('protobuf bodies', () => {
  test('of access reviews', () => {
    const body = envelope('authorization.k8s.io/v1', 'SelfSubjectAccessReview', [
      [1, []],
      [
        2,
        [
          [
            1,
            [
              [1, 'vms'],
              [2, 'list'],
              [3, 'kubevirt.io'],
              [4, '*'],
              [5, 'virtualmachines'],
              [6, ''],
              [7, ''],
            ],
          ],
        ],
      ],
      [3, [[1, 0]]],
    ]);
    expect(decodeProtobuf(body)).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: {
          namespace: 'vms',
          verb: 'list',
          group: 'kubevirt.io',
          version: '*',
          resource: 'virtualmachines',
        },
      },
    });
  });

  test('of maps, lists, numbers and bytes', () => {
    const body = envelope('v1', 'Secret', [
      [
        1,
        [
          [1, 's'],
          [
            11,
            [
              [1, 'a'],
              [2, 'b'],
            ],
          ],
          [14, 'x'],
          [14, 'y'],
        ],
      ],
      [
        2,
        [
          [1, 'key'],
          [2, 'value'],
        ],
      ],
      [5, 1],
    ]);
    expect(decodeProtobuf(body)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', labels: { a: 'b' }, finalizers: ['x', 'y'] },
      data: { key: Buffer.from('value').toString('base64') },
      immutable: true,
    });
  });

  test('of a kind that is not known are refused as such', () => {
    expect(() => decodeProtobuf(envelope('apps/v1', 'Deployment', []))).toThrow(UnknownProtobuf);
  });

  test('that are no protobuf never do more than throw', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const body = Buffer.concat([Buffer.from('k8s\u0000'), bytes]);
        try {
          decodeProtobuf(body);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
    expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow('no k8s envelope');
  });

  test('are taken by the server, which answers JSON', async () => {
    const at = await startTestServer();
    const contentType = 'application/vnd.kubernetes.protobuf';
    const headers = { accept: 'application/vnd.kubernetes.protobuf, application/json' };
    const body = envelope('v1', 'Namespace', [[1, [[1, 'vms']]]]);
    const made = await at.send('POST', '/api/v1/namespaces', { body, contentType, headers });
    expect([made.status, made.body.metadata.name]).toEqual([201, 'vms']);
    const attributes: Field = [
      1,
      [
        [1, 'vms'],
        [2, 'list'],
        [5, 'pods'],
      ],
    ];
    const review = envelope('authorization.k8s.io/v1', 'SelfSubjectAccessReview', [[2, [attributes]]]);
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect((await at.send('POST', path, { body: review, contentType, headers })).body.status).toEqual({
      allowed: true,
    });
    expect((await at.send('POST', path, { body: Buffer.from('k8s\u0000\u00ff'), contentType })).status).toBe(400);
    const deployment = envelope('apps/v1', 'Deployment', []);
    expect(
      (await at.send('POST', '/apis/apps/v1/namespaces/vms/deployments', { body: deployment, contentType })).status,
    ).toBe(415);
    await at.close();
  });
});
