import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import { deleteObject, type Propagation } from '../api/deletion.ts';
import { Store } from '../api/store.ts';
import { Clock } from '../clock.ts';
import type { Cluster } from '../cluster.ts';
import { random } from '../random.ts';
import { garbageCollector } from './garbage-collector.ts';

const VMS = 'virtualmachines.kubevirt.io';

function start(setUp: (store: Store) => void = () => undefined): {
  store: Store;
  clock: Clock;
  settle: () => void;
  remove: (resource: string, name: string, propagation?: Propagation) => void;
} {
  const clock = new Clock(0);
  const store = new Store(clock, random('gc'));
  setUp(store);
  const faults: Error[] = [];
  garbageCollector({ clock, store, random: random('gc'), faults } as unknown as Cluster).start();
  return {
    store,
    clock,
    settle: () => {
      clock.runUntilIdle();
      expect(faults).toEqual([]);
    },
    remove: (resource, name, propagation = 'Background') => {
      const namespace = resource === 'namespaces' ? undefined : 'n';
      deleteObject(store, clock, resource, store.get(resource, namespace, name)!, { propagation, gracefulPods: true });
    },
  };
}

const object = (kind: string, name: string, owners: KubeObject[] = [], more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    namespace: 'n',
    ...more,
    ...(owners.length === 0
      ? {}
      : {
          ownerReferences: owners.map(({ metadata }) => ({
            apiVersion: 'v1',
            kind: 'X',
            name: metadata.name,
            uid: metadata.uid!,
          })),
        }),
  },
});

describe('the garbage collector', () => {
  test('deletes what is left without an owner, and what that owned', () => {
    const { store, settle, remove } = start();
    const vm = store.create(VMS, object('VirtualMachine', 'a'));
    const vmi = store.create('virtualmachineinstances.kubevirt.io', object('VirtualMachineInstance', 'a', [vm]));
    store.create('pods', object('Pod', 'launcher', [vmi]));
    store.create('pods', object('Pod', 'other'));
    remove(VMS, 'a');
    settle();
    expect(store.list('pods').map(({ metadata }) => metadata.name)).toEqual(['other']);
    expect(store.count('virtualmachineinstances.kubevirt.io')).toBe(0);
  });

  test('knows owners and dependents that were there before it', () => {
    const { store, settle, remove } = start((store) => {
      const vm = store.create(VMS, object('VirtualMachine', 'a'));
      store.create('pods', object('Pod', 'p', [vm]));
    });
    remove(VMS, 'a');
    settle();
    expect(store.count('pods')).toBe(0);
  });

  test('leaves what has another owner, or an owner that was never there', () => {
    const { store, settle, remove } = start();
    const a = store.create(VMS, object('VirtualMachine', 'a'));
    const b = store.create(VMS, object('VirtualMachine', 'b'));
    store.create('pods', object('Pod', 'both', [a, b]));
    store.create('pods', object('Pod', 'imported', [object('X', 'x', [], { uid: 'elsewhere' })]));
    remove(VMS, 'a');
    settle();
    expect(store.count('pods')).toBe(2);
  });

  test('marks dependents with finalizers, and pods on nodes, and waits', () => {
    const { store, settle, remove } = start();
    const vm = store.create(VMS, object('VirtualMachine', 'a'));
    store.create('pods', object('Pod', 'held', [vm], { finalizers: ['x'] }));
    store.create('pods', { ...object('Pod', 'placed', [vm]), spec: { nodeName: 'node' } } as KubeObject);
    remove(VMS, 'a');
    settle();
    expect(store.get('pods', 'n', 'held')?.metadata.deletionTimestamp).toBeDefined();
    expect(store.get('pods', 'n', 'placed')?.metadata.deletionGracePeriodSeconds).toBe(30);
  });

  test('removes what a controller released', () => {
    const { store, settle, remove } = start();
    store.create('pods', object('Pod', 'held', [], { finalizers: ['x'] }));
    remove('pods', 'held');
    settle();
    const held = store.get('pods', 'n', 'held')!;
    store.update('pods', { ...held, metadata: { ...held.metadata, finalizers: [] } });
    settle();
    expect(store.count('pods')).toBe(0);
  });

  test('deletes in the foreground: the owner goes last', () => {
    const { store, settle, remove } = start();
    const gone: string[] = [];
    const vm = store.create(VMS, object('VirtualMachine', 'a'));
    store.create('pods', object('Pod', 'p', [vm], { finalizers: ['x'] }));
    store.subscribe(({ type, object: { metadata } }) => type === 'DELETED' && gone.push(metadata.name));
    remove(VMS, 'a', 'Foreground');
    settle();
    expect(gone).toEqual([]);
    const pod = store.get('pods', 'n', 'p')!;
    store.update('pods', { ...pod, metadata: { ...pod.metadata, finalizers: [] } });
    settle();
    expect(gone).toEqual(['p', 'a']);
  });

  test('orphans dependents when asked to', () => {
    const { store, settle, remove } = start();
    const vm = store.create(VMS, object('VirtualMachine', 'a'));
    store.create('pods', object('Pod', 'p', [vm]));
    remove(VMS, 'a', 'Orphan');
    settle();
    expect(store.count(VMS)).toBe(0);
    expect(store.get('pods', 'n', 'p')?.metadata.ownerReferences).toBeUndefined();
  });

  test('empties a namespace before it goes', () => {
    const { store, settle, remove } = start();
    store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'n' },
      spec: { finalizers: ['kubernetes'] },
    } as KubeObject);
    store.create('pods', object('Pod', 'p', [], { finalizers: ['x'] }));
    store.create('configmaps', object('ConfigMap', 'c'));
    remove('namespaces', 'n');
    settle();
    expect(store.get('namespaces', undefined, 'n')).toMatchObject({ status: { phase: 'Terminating' } });
    expect(store.count('configmaps')).toBe(0);
    const pod = store.get('pods', 'n', 'p')!;
    store.update('pods', { ...pod, metadata: { ...pod.metadata, finalizers: [] } });
    settle();
    expect(store.count('pods')).toBe(0);
    expect(store.count('namespaces')).toBe(0);
  });
});
