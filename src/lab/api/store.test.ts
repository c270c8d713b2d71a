import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import { Clock } from '../clock.ts';
import { random } from '../random.ts';
import { byNamespaceAndName } from './sorted.ts';
import { Store, StoreConflict, type StoreEvent } from './store.ts';

const newStore = (): Store => new Store(new Clock(0), random('store'));
const pod = (name: string, namespace = 'a', label = 'x'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { label } },
});

describe('listings', () => {
  test('are always what sorting all objects gives, however the resource changed, and never change afterwards', () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      namespace: fc.constantFrom('n1', 'n2'),
      act: fc.constantFrom('put', 'delete', 'list'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = newStore();
        const handed: { items: readonly KubeObject[]; copy: KubeObject[] }[] = [];
        for (const [index, { name, namespace, act }] of steps.entries()) {
          const there = store.get('pods', namespace, name);
          if (act === 'delete') store.delete('pods', namespace, name);
          else if (act === 'put' && there === undefined) store.create('pods', pod(name, namespace));
          else if (act === 'put') store.update('pods', pod(name, namespace, String(index)));
          else {
            const { items } = store.listing('pods');
            expect(items).toEqual([...store.values('pods')].sort(byNamespaceAndName));
            handed.push({ items, copy: [...items] });
          }
        }
        expect(store.listing('pods').items).toEqual([...store.values('pods')].sort(byNamespaceAndName));
        for (const { items, copy } of handed) expect(items).toEqual(copy);
      }),
    );
  });

  test('of a version are known while the resource has not changed since, or if they were kept', () => {
    const store = newStore();
    store.create('pods', pod('a'));
    const { version } = store.listing('pods');
    store.create('nodes', { ...pod('n'), metadata: { name: 'n' } });
    expect(store.listingAt('pods', version)?.items).toHaveLength(1);
    store.keepListing('pods', store.listing('pods'));
    const kept = store.version;
    store.create('pods', pod('b'));
    expect(store.listingAt('pods', kept)?.items).toHaveLength(1);
    expect(store.listingAt('pods', version)).toBeUndefined();
    store.compact();
    expect(store.listingAt('pods', kept)).toBeUndefined();
    expect(store.listingAt('pods', store.version)?.items).toHaveLength(2);
  });
});

describe('changes', () => {
  test('made by a listener are told to all after the one that caused them', () => {
    const store = newStore();
    const seen: string[] = [];
    store.subscribe(({ type, object }) => {
      if (type === 'ADDED' && object.metadata.name === 'a') store.create('pods', pod('b'));
    });
    store.subscribe(({ type, object }) => seen.push(`${type} ${object.metadata.name}`));
    store.create('pods', pod('a'));
    expect(seen).toEqual(['ADDED a', 'ADDED b']);
  });

  test('can be resumed from any version that is kept', () => {
    const store = newStore();
    const events: StoreEvent[] = [];
    store.subscribe((event) => events.push(event));
    const begin = store.version;
    store.create('pods', pod('a'));
    store.update('pods', pod('a', 'a', 'y'));
    store.delete('pods', 'a', 'a');
    expect(store.since(begin)).toEqual(events);
    expect(store.since(events[0]!.resourceVersion)?.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    store.compact();
    expect(store.since(begin)).toBeUndefined();
    expect(store.since(store.version)).toEqual([]);
  });

  test('need the version they were decided on, if they name one', () => {
    const store = newStore();
    const first = store.create('pods', pod('a'));
    store.update('pods', pod('a', 'a', 'y'));
    expect(() => store.update('pods', first)).toThrow(StoreConflict);
    expect(() => store.create('pods', pod('a'))).toThrow(StoreConflict);
    expect(() => store.update('pods', pod('b'))).toThrow(StoreConflict);
  });

  test('that change nothing are none', () => {
    const store = newStore();
    const stored = store.create('pods', pod('a'));
    const { version } = store;
    expect(store.update('pods', stored)).toBe(stored);
    expect(store.version).toBe(version);
  });
});

test('dry runs draw nothing from the randomness of real objects', () => {
  const generate = (dry: boolean): string => {
    const store = newStore();
    if (dry) store.prepare('pods', { ...pod(''), metadata: { name: '', generateName: 'x-' } }, { dryRun: true });
    return store.create('pods', { ...pod(''), metadata: { name: '', generateName: 'x-' } }).metadata.name;
  };
  expect(generate(true)).toBe(generate(false));
});
