import { describe, expect, test } from 'vitest';
import { type Schema, schemaProblem } from './schema.ts';

describe('what the schema of a CRD takes', () => {
  const int32: Schema = { type: 'integer', format: 'int32' };
  // As KubeVirt's CRD has quantities.
  const quantity: Schema = {
    'x-kubernetes-int-or-string': true,
    pattern:
      '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
  };
  test.each<[string, Schema, string | number | boolean, string | undefined]>([
    ['a number', int32, 5, undefined],
    ['a fraction', int32, 1.5, 'must be a whole number'],
    ['a text', int32, '5', 'must be a whole number'],
    ['a number too large', int32, 2 ** 31, 'is too large a number'],
    ['a number below the minimum', { type: 'integer', minimum: 1 }, 0, 'must be at least 1'],
    ['a number above the maximum', { type: 'integer', maximum: 2_000_000 }, 2_000_001, 'must be at most 2000000'],
    ['a flag', { type: 'boolean' }, 'true', 'must be true or false'],
    ['a quantity', quantity, '512Mi', undefined],
    ['a quantity as a number', quantity, 512, undefined],
    ['no quantity', quantity, '512MiB', 'must match ^'],
    ['a flag for a quantity', quantity, true, 'must be a whole number or a text'],
    ['one of few', { type: 'string', enum: ['a', 'b'] }, 'c', 'must be one of a, b'],
  ])('%s', (_, schema, value, problem) => {
    const found = schemaProblem(schema, value);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });
});
