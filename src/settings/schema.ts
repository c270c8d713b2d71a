import type { Value } from './parameters.ts';

/** As much of an OpenAPI v3 schema as the settings of KubeVirt and HyperConverged use. */
export interface Schema {
  type?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  enum?: unknown[];
  default?: unknown;
  'x-kubernetes-int-or-string'?: boolean;
  anyOf?: Schema[];
}

/** The schema of each setting that an object has a field for, as the API server publishes it. */
export type SettingSchemas = Record<string, Schema>;

const INT32 = 2 ** 31;

/** Why the API server would not take a value, in words; undefined if it would. */
export function schemaProblem(schema: Schema, value: Value): string | undefined {
  const { type, format, minimum, maximum, pattern } = schema;
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'boolean' || (typeof value === 'number' && !Number.isInteger(value))) {
      return 'must be a whole number or a text';
    }
  } else if (type === 'integer') {
    if (typeof value !== 'number' || !Number.isInteger(value)) return 'must be a whole number';
    if (format === 'int32' && (value < -INT32 || value >= INT32)) return 'is too large a number';
    if (!Number.isSafeInteger(value)) return 'is too large a number';
  } else if (type === 'boolean') {
    if (typeof value !== 'boolean') return 'must be true or false';
  } else if (type === 'string' && typeof value !== 'string') return 'must be a text';
  if (typeof value === 'number' && minimum !== undefined && value < minimum) return `must be at least ${minimum}`;
  if (typeof value === 'number' && maximum !== undefined && value > maximum) return `must be at most ${maximum}`;
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value)) {
    return `must match ${pattern}`;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) return `must be one of ${schema.enum.join(', ')}`;
  return undefined;
}
