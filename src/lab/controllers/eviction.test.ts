import { beforeEach, describe, expect, test } from 'vitest';
import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import type { ApiError } from '../api/status.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { type TestApi, testApi } from './testing.ts';

let lab: TestLab;
let api: TestApi;

beforeEach(() => {
  lab = testLab(small);
  api = testApi(lab);
});

describe('eviction', () => {
  const evict = (namespace: string, vm: string, more: { dryRun?: boolean } = {}): ApiError | undefined => {
    const pod = lab.podsOf
      .get(lab.vmi(namespace, vm).metadata.uid ?? '')
      .find(({ status }) => status?.phase === 'Running')!;
    return api.admit(
      'CREATE',
      'pods/eviction',
      { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata.name, namespace } },
      more,
    ).denied;
  };
  const setStrategy = (strategy: string | undefined): void => {
    for (const name of ['orders-db', 'mail-relay']) {
      modify<VirtualMachineInstance>(lab, resources.vmis, lab.vmi('shop', name), (draft) =>
        Object.assign(draft.spec, { evictionStrategy: strategy }),
      );
    }
  };
  const PREFIX = 'admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: ';
  const TRIGGERED = 'Eviction triggered evacuation of VMI "shop/orders-db"';
  const STUCK = 'VMI mail-relay is configured with an eviction strategy but is not live-migratable';

  test.each<[string, string, string, string | undefined]>([
    ['LiveMigrate', 'can migrate', 'orders-db', TRIGGERED],
    ['LiveMigrate', 'cannot', 'mail-relay', STUCK],
    ['LiveMigrateIfPossible', 'can migrate', 'orders-db', TRIGGERED],
    ['LiveMigrateIfPossible', 'cannot', 'mail-relay', undefined],
    ['External', 'cannot', 'mail-relay', 'Eviction triggered evacuation of VMI "shop/mail-relay"'],
    ['None', 'can migrate', 'orders-db', undefined],
  ])('with strategy %s of a VMI that %s (%s)', (strategy, _, name, message) => {
    setStrategy(strategy);
    const denied = evict('shop', name);
    expect([denied?.code, denied?.message]).toEqual(
      message === undefined ? [undefined, undefined] : [429, PREFIX + message],
    );
    expect(denied?.status.reason).toBeUndefined();
    const marked = message !== undefined && message !== STUCK;
    expect(lab.vmi('shop', name).status?.evacuationNodeName).toBe(
      marked ? lab.vmi('shop', name).status?.nodeName : undefined,
    );
  });

  test('asked again says that it is under way; a dry run marks nothing', () => {
    expect(evict('shop', 'orders-db', { dryRun: true })?.message).toBe(PREFIX + TRIGGERED);
    expect(lab.vmi('shop', 'orders-db').status?.evacuationNodeName).toBeUndefined();
    evict('shop', 'orders-db');
    expect(evict('shop', 'orders-db')?.message).toBe(`${PREFIX}Evacuation in progress: ${TRIGGERED}`);
  });

  test('moves the VM away, and clears the mark', () => {
    evict('shop', 'orders-db');
    lab.clock.runUntilIdle();
    lab.clock.advanceBy(30_000);
    const status = lab.vmi('shop', 'orders-db').status;
    expect(status?.nodeName).not.toBe('worker-0');
    expect(status?.evacuationNodeName).toBeUndefined();
    const [migration] = lab.migrationsOf.get('shop/orders-db');
    expect(migration?.metadata.name).toMatch(/^kubevirt-evacuation-/);
    expect(migration?.metadata.annotations?.['kubevirt.io/evacuationMigration']).toBe('worker-0');
  });

  test('of an ordinary pod respects disruption budgets', () => {
    const target = lab.store
      .list<Pod>(resources.pods, 'openshift-cnv')
      .find(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-api')!;
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'virt-api-pdb', namespace: 'openshift-cnv' },
      spec: { minAvailable: 2, selector: { matchLabels: { 'kubevirt.io': 'virt-api' } } },
    };
    lab.store.create(resources.disruptionBudgets, budget);
    const call = () =>
      api.sub('pods', 'eviction', { namespace: 'openshift-cnv', name: target.metadata.name, method: 'POST' });
    expect(call).toThrow("Cannot evict pod as it would violate the pod's disruption budget.");
    lab.store.delete(resources.disruptionBudgets, 'openshift-cnv', 'virt-api-pdb');
    expect(call().status).toBe(201);
    lab.clock.runUntilIdle();
    expect(lab.store.get(resources.pods, 'openshift-cnv', target.metadata.name)).toBeUndefined();
  });

  test('cordon alone does nothing', () => {
    modify(lab, resources.nodes, lab.store.get(resources.nodes, undefined, 'worker-0')!, (draft) =>
      Object.assign(draft, { spec: { unschedulable: true } }),
    );
    lab.clock.runUntilIdle();
    lab.clock.advanceBy(60_000);
    expect(lab.store.count(resources.migrations)).toBe(0);
  });

  test('the drain taint evacuates every VM that can migrate', () => {
    modify(lab, resources.nodes, lab.store.get(resources.nodes, undefined, 'worker-3')!, (draft) =>
      Object.assign(draft, { spec: { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] } }),
    );
    lab.clock.advanceBy(120_000);
    expect(lab.vmisOn.get('worker-3')).toEqual([]);
  });
});
