import { expect, test } from 'vitest';
import { audited } from './audited.ts';

test.each<[string, unknown]>([
  ['YAML', 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: hunter2\n'],
  ['JSON', '{"kind":"Secret","metadata":{"name":"db"},"data":{"x":"hunter2"}}'],
  ['an object', { kind: 'Secret', metadata: { name: 'db' }, data: { x: 'hunter2' } }],
])('of %s to be written, the audit keeps what it is called', (_, resource) => {
  const kept = audited({ resource, namespace: 'shop' });
  expect(kept).toMatchObject({
    namespace: 'shop',
    resource: { kind: 'Secret', name: 'db', sha256: expect.any(String) },
  });
  expect(JSON.stringify(kept)).not.toContain('hunter2');
});

test.each([undefined, null, 3, 'x', { name: 'web' }, { resource: undefined }, { resource: [] }])(
  '%j is kept',
  (given) => {
    expect(() => JSON.stringify(audited(given))).not.toThrow();
  },
);
