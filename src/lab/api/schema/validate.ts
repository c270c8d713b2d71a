import type { Schema } from '../kinds/schema.ts';
import type { Cause } from '../status.ts';
import { isObject } from './structural.ts';

// Schema validation of custom resources, with the texts of k8s.io/apiextensions-apiserver (recorded for type errors
// and patterns).

const REQUIRED = 'FieldValueRequired';
const TYPE = 'FieldValueTypeInvalid';
const INVALID = 'FieldValueInvalid';

/** Everything about the value that the schema forbids. `rules`: the kind has CEL rules, which a type error keeps from being checked. */
export function validate(value: unknown, schema: Schema, rules: boolean): Cause[] {
  const causes: Cause[] = [];
  walk(value, schema, '', causes);
  const blocked = causes.some(({ reason }) => reason === REQUIRED || reason === TYPE);
  if (blocked && rules) {
    causes.push({
      reason: INVALID,
      message:
        'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      field: '<nil>',
    });
  }
  return causes;
}

function walk(value: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (value === null && schema.nullable === true) return;
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value !== 'string' && !Number.isInteger(value)) causes.push(typeError(value, 'integer,string', path));
    else if (typeof value === 'string') text(value, schema, path, causes);
    return;
  }
  if (schema.type !== undefined && !isOf(value, schema.type)) {
    causes.push(typeError(value, schema.type, path));
    return;
  }
  if (typeof value === 'string') text(value, schema, path, causes);
  else if (typeof value === 'number') range(value, schema, path, causes);
  else if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined)
      for (const [index, item] of value.entries()) walk(item, items, `${path}[${index}]`, causes);
  } else if (isObject(value)) {
    for (const name of schema.required ?? []) {
      if (value[name] !== undefined) continue;
      causes.push({ reason: REQUIRED, message: 'Required value', field: join(path, name) });
    }
    for (const [key, item] of Object.entries(value)) {
      const known = schema.properties?.[key] ?? schema.additionalProperties;
      if (known !== undefined && item !== undefined) walk(item, known, join(path, key), causes);
    }
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function typeError(value: unknown, wanted: string, path: string): Cause {
  const found = JSON.stringify(typeOf(value));
  return {
    reason: TYPE,
    message: `Invalid value: ${found}: ${path} in body must be of type ${wanted}: ${found}`,
    field: path,
  };
}

function text(value: string, schema: Schema, path: string, causes: Cause[]): void {
  const quoted = JSON.stringify(value);
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const supported = schema.enum.map((each) => JSON.stringify(each)).join(', ');
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${quoted}: supported values: ${supported}`,
      field: path,
    });
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    causes.push({
      reason: INVALID,
      message: `Invalid value: ${quoted}: ${path} in body should match '${schema.pattern}'`,
      field: path,
    });
  }
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
    causes.push({
      reason: INVALID,
      message: `Invalid value: ${quoted}: ${path} in body must be of type date-time: ${quoted}`,
      field: path,
    });
  }
}

function range(value: number, { minimum, maximum }: Schema, path: string, causes: Cause[]): void {
  const say = (relation: string, limit: number): void => {
    causes.push({
      reason: INVALID,
      message: `Invalid value: ${value}: ${path} in body should be ${relation} than or equal to ${limit}`,
      field: path,
    });
  };
  if (minimum !== undefined && value < minimum) say('greater', minimum);
  if (maximum !== undefined && value > maximum) say('less', maximum);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function isOf(value: unknown, type: NonNullable<Schema['type']>): boolean {
  const found = typeOf(value);
  return found === type || (type === 'number' && found === 'integer');
}
