import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../model/objects.ts';
import { fieldsOf } from '../fields/compare.ts';
import { fromFields, paths, sameSet, toFields, union } from '../fields/field-set.ts';
import { type Manager, recordUpdate } from '../fields/managed-fields.ts';
import { kindTable } from '../kind-table.ts';
import { kinds } from '../kinds/index.ts';
import { apply } from './apply.ts';

const { schema } = kindTable(kinds).of('pods')!;
const by = (manager: string, operation: Manager['operation'] = 'Apply'): Manager => ({
  manager,
  operation,
  apiVersion: 'v1',
});
const config = (rest: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...metadata },
  ...rest,
});
const nothing = config({});
const applied = (live: KubeObject, wanted: KubeObject, manager: string, force = false): KubeObject =>
  apply(live, wanted, by(manager), schema, { force, now: 0 });
const specOf = (object: KubeObject): unknown => (object as KubeObject & { spec?: unknown }).spec;
const managers = (object: KubeObject): (string | undefined)[] =>
  (object.metadata.managedFields ?? []).map((entry) => entry.manager);
const container = (name: string, more: object = {}) => ({ name, ...more });

describe('server-side apply', () => {
  test('removes what its manager applied before and leaves out now', () => {
    const first = applied(nothing, config({ spec: { nodeSelector: { a: '1', b: '2' }, hostNetwork: true } }), 'one');
    const second = applied(first, config({ spec: { nodeSelector: { a: '1' } } }), 'one');
    expect(specOf(second)).toEqual({ nodeSelector: { a: '1' } });
  });

  test('removes a structure with its last field', () => {
    const first = applied(nothing, config({ spec: { nodeSelector: { a: '1' }, hostNetwork: true } }), 'one');
    expect(specOf(applied(first, config({ spec: { hostNetwork: true } }), 'one'))).toEqual({ hostNetwork: true });
  });

  test('leaves metadata when the last of it that somebody owned goes', () => {
    const first = applied(nothing, config({ spec: { hostNetwork: true } }, { annotations: { a: '1' } }), 'one');
    const second = applied(first, config({ spec: { hostNetwork: true } }), 'one');
    expect(second.metadata.name).toBe('p');
    expect(second.metadata.annotations).toBeUndefined();
    expect(managers(second)).toEqual(['one']);
  });

  test('keeps what someone else applied too', () => {
    const first = applied(nothing, config({ spec: { nodeSelector: { a: '1' } } }), 'one');
    const both = applied(first, config({ spec: { nodeSelector: { a: '1' } } }), 'two');
    expect(specOf(applied(both, config({}), 'one'))).toEqual({ nodeSelector: { a: '1' } });
  });

  test('keeps what nobody applied', () => {
    const live = config({ spec: { hostNetwork: true } }, { uid: 'u' });
    const first = applied(live, config({ spec: { nodeSelector: { a: '1' } } }), 'one');
    expect(specOf(first)).toEqual({ hostNetwork: true, nodeSelector: { a: '1' } });
    expect(managers(first)).toEqual(['one', 'before-first-apply']);
  });

  test('merges lists item by item, by key', () => {
    const first = applied(nothing, config({ spec: { containers: [container('a', { image: '1' })] } }), 'one');
    const second = applied(first, config({ spec: { containers: [container('b', { image: '1' })] } }), 'two');
    expect(specOf(second)).toEqual({ containers: [container('a', { image: '1' }), container('b', { image: '1' })] });
    const third = applied(second, config({ spec: { containers: [] } }), 'one');
    expect(specOf(third)).toEqual({ containers: [container('b', { image: '1' })] });
  });

  test('refuses to change what others own, and names all of it', () => {
    const first = applied(
      nothing,
      config({ spec: { hostNetwork: true, containers: [container('a', { image: '1' })] } }),
      'one',
    );
    const wanted = config({ spec: { hostNetwork: false, containers: [container('a', { image: '2' })] } });
    expect(() => applied(first, wanted, 'two')).toThrow(
      'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.containers[name="a"].image\n- .spec.hostNetwork',
    );
  });

  test('takes it over with force: the other manager loses those fields only', () => {
    const first = applied(nothing, config({ spec: { hostNetwork: true, nodeName: 'n' } }), 'one');
    const second = applied(first, config({ spec: { hostNetwork: false } }), 'two', true);
    expect(specOf(second)).toEqual({ hostNetwork: false, nodeName: 'n' });
    const entry = second.metadata.managedFields?.find(({ manager }) => manager === 'one');
    expect(entry?.fieldsV1).toEqual({ 'f:spec': { 'f:nodeName': {} } });
  });

  test('is idempotent: applying the same again changes nothing at all', () => {
    const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string());
    const values = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), scalar, { minKeys: 1 });
    fc.assert(
      fc.property(values, values, (one, two) => {
        const first = applied(nothing, config({ spec: { nodeSelector: one } }), 'one');
        const second = applied(first, config({ spec: { nodeSelector: two } }), 'two', true);
        expect(applied(second, config({ spec: { nodeSelector: two } }), 'two')).toEqual(second);
        expect((specOf(second) as { nodeSelector: object }).nodeSelector).toEqual({ ...one, ...two });
      }),
    );
  });
});

describe('plain writes', () => {
  const update = by('kubectl-edit', 'Update');

  test('own what they create', () => {
    const created = recordUpdate(
      undefined,
      config({ spec: { hostNetwork: true } }, { labels: { a: 'b' } }),
      update,
      schema,
      0,
    );
    expect(created.metadata.managedFields?.[0]?.fieldsV1).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
      'f:spec': { '.': {}, 'f:hostNetwork': {} },
    });
  });

  test('take over what they change, and give up what they remove', () => {
    const first = applied(nothing, config({ spec: { hostNetwork: true, nodeName: 'n', schedulerName: 's' } }), 'one');
    const next = { ...first, spec: { hostNetwork: false, schedulerName: 's' } } as KubeObject;
    const second = recordUpdate(first, next, update, schema, 0);
    const fields = Object.fromEntries(
      (second.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
    );
    expect(fields).toEqual({
      one: { 'f:spec': { 'f:schedulerName': {} } },
      'kubectl-edit': { 'f:spec': { 'f:hostNetwork': {} } },
    });
  });

  test('to an object that never had managedFields record nothing', () => {
    const live = config({ spec: {} }, { uid: 'u' });
    const second = recordUpdate(live, config({ spec: { hostNetwork: true } }, { uid: 'u' }), update, schema, 0);
    expect(second.metadata.managedFields).toBeUndefined();
  });

  test('can reset managedFields with an empty entry', () => {
    const first = applied(nothing, config({ spec: { hostNetwork: true } }), 'one');
    const reset = { ...first, metadata: { ...first.metadata, managedFields: [{}] } };
    expect(recordUpdate(first, reset, update, schema, 0).metadata.managedFields).toBeUndefined();
  });
});

describe('field sets', () => {
  const spec = {
    containers: [container('a', { ports: [{ containerPort: 80 }] })],
    nodeSelector: { x: 'y' },
    tolerations: [{}],
  };

  test('survive the way to FieldsV1 and back', () => {
    const set = fieldsOf({ spec }, schema);
    expect(sameSet(fromFields(toFields(set)), set)).toBe(true);
    expect(sameSet(union(set, set), set)).toBe(true);
  });

  test('print their paths as Kubernetes does; a missing key has its default', () => {
    expect(paths(fieldsOf({ spec }, schema))).toEqual([
      '.spec.containers[name="a"]',
      '.spec.containers[name="a"].name',
      '.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"]',
      '.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].containerPort',
      '.spec.nodeSelector.x',
      '.spec.tolerations',
    ]);
  });
});
