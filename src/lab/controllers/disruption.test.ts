import { beforeEach, describe, expect, test } from 'vitest';
import type { Pod, PodDisruptionBudget } from '../../model/objects.ts';
import { versions } from '../../model/versions/index.ts';
import type { ApiError } from '../api/status.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { testApi } from './testing.ts';

const CNV = 'openshift-cnv';
const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
});

const api = () => testApi(lab);
const virtApiPods = (): Pod[] =>
  lab.store.list<Pod>(resources.pods, CNV).filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-api');

function budget(spec: object, name = 'virt-api'): void {
  lab.store.create(resources.disruptionBudgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: CNV },
    spec: { selector: { matchLabels: { 'kubevirt.io': 'virt-api' } }, ...spec },
  } as never);
  lab.clock.advanceBy(1000);
}

const statusOf = (name = 'virt-api') =>
  lab.store.get<PodDisruptionBudget>(resources.disruptionBudgets, CNV, name)?.status;

function evict(name: string, namespace = CNV): { code: number; message: string; cause?: string } {
  try {
    return { code: api().sub('pods', 'eviction', { namespace, name, method: 'POST' }).status, message: '' };
  } catch (error) {
    const { code, message, status } = error as ApiError;
    const cause = status.details?.causes?.[0]?.message;
    return { code, message, ...(cause === undefined ? {} : { cause }) };
  }
}

describe('a disruption budget', () => {
  test.each<[string, object, [healthy: number, desired: number, allowed: number]]>([
    ['minAvailable 1 of two pods', { minAvailable: 1 }, [2, 1, 1]],
    ['minAvailable 2 of two pods', { minAvailable: 2 }, [2, 2, 0]],
    ['minAvailable 60%, rounded up', { minAvailable: '60%' }, [2, 2, 0]],
    ['maxUnavailable 1', { maxUnavailable: 1 }, [2, 1, 1]],
    ['maxUnavailable 0', { maxUnavailable: 0 }, [2, 2, 0]],
  ])('with %s says what is allowed', (_, spec, [currentHealthy, desiredHealthy, disruptionsAllowed]) => {
    budget(spec);
    expect(statusOf()).toMatchObject({ currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods: 2 });
    expect(statusOf()?.conditions?.[0]).toMatchObject(
      disruptionsAllowed > 0
        ? { status: 'True', reason: 'SufficientPods' }
        : { status: 'False', reason: 'InsufficientPods' },
    );
  });

  test('that covers nothing allows nothing', () => {
    budget({ minAvailable: 1, selector: { matchLabels: { app: 'nothing' } } });
    expect(statusOf()).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0 });
  });

  test('refuses an eviction that it does not allow, with its reason', () => {
    budget({ minAvailable: 2 });
    expect(evict(virtApiPods()[0]!.metadata.name)).toEqual({
      code: 429,
      message: REFUSED,
      cause: 'The disruption budget virt-api needs 2 healthy pods and has 2 currently',
    });
  });

  test('is spent by an eviction before its status is computed anew', () => {
    budget({ minAvailable: 1 });
    const [first, second] = virtApiPods();
    expect(evict(first!.metadata.name).code).toBe(201);
    expect(evict(second!.metadata.name)).toMatchObject({ code: 429, message: REFUSED });
    expect(statusOf()?.disruptedPods).toHaveProperty(first!.metadata.name);
  });

  test('that has just changed is still being processed', () => {
    budget({ minAvailable: 1 });
    const stored = lab.store.get<PodDisruptionBudget>(resources.disruptionBudgets, CNV, 'virt-api')!;
    modify<PodDisruptionBudget>(lab, resources.disruptionBudgets, stored, (draft) => {
      Object.assign(draft.spec!, { minAvailable: 0 });
    });
    expect(evict(virtApiPods()[0]!.metadata.name)).toMatchObject({
      code: 429,
      cause: 'The disruption budget virt-api is still being processed by the server.',
    });
    lab.clock.advanceBy(1000);
    expect(evict(virtApiPods()[0]!.metadata.name).code).toBe(201);
  });

  test('beside another one for the same pod makes evictions fail', () => {
    budget({ minAvailable: 0 });
    budget({ minAvailable: 0 }, 'another');
    expect(evict(virtApiPods()[0]!.metadata.name)).toMatchObject({
      code: 500,
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  });
});

test.each(versions.filter(({ minor }) => minor <= 5).map((version) => [version.name, version] as const))(
  'KubeVirt %s: a VMI’s budget lets nothing go, and a migration still gets through',
  (_, version) => {
    lab = testLab(small, { version });
    const vmi = lab.vmi('shop', 'orders-db');
    const own = () =>
      lab.store
        .list<PodDisruptionBudget>(resources.disruptionBudgets, 'shop')
        .find(({ spec }) => spec?.selector?.matchLabels?.['kubevirt.io/created-by'] === vmi.metadata.uid)!;
    lab.clock.advanceBy(1000);
    expect(own().status).toMatchObject({ currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0 });
    const migration = lab.migrate('shop', 'orders-db');
    lab.until(migration, 'Running');
    expect(own().status).toMatchObject({ desiredHealthy: 2, disruptionsAllowed: 0 });
    lab.until(migration, 'Succeeded');
    lab.clock.advanceBy(60_000);
    expect(own().spec?.minAvailable).toBe(1);
  },
);
