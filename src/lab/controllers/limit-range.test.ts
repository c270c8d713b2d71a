import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, Pod } from '../../model/objects.ts';
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

function limit(...limits: object[]): void {
  lab.store.create(resources.limitRanges, {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'limits', namespace: 'shop' },
    spec: { limits },
  } as KubeObject);
}

const pod = (own?: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'shop' },
  spec: { containers: [{ name: 'c', ...(own === undefined ? {} : { resources: own }) }] },
});

describe('a container that says nothing gets', () => {
  test.each<[string, object, object, string]>([
    [
      'the defaults',
      { default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } },
      { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
      'cpu, memory request for container c; cpu, memory limit for container c',
    ],
    [
      'the maximum where there are none',
      { max: { cpu: '2' } },
      { requests: { cpu: '2' }, limits: { cpu: '2' } },
      'cpu request for container c; cpu limit for container c',
    ],
    [
      'the minimum as its request',
      { min: { cpu: '50m' } },
      { requests: { cpu: '50m' }, limits: {} },
      'cpu request for container c',
    ],
  ])('%s', (_, given, wanted, note) => {
    limit({ type: 'Container', ...given });
    const { object, denied } = api.admit('CREATE', resources.pods, pod());
    expect(denied).toBeUndefined();
    const made = object as Pod;
    expect(made.spec?.containers[0]?.resources).toEqual(wanted);
    expect(made.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(`LimitRanger plugin set: ${note}`);
  });

  test('nothing where there is no LimitRange, or one of another namespace', () => {
    expect(api.admit('CREATE', resources.pods, pod()).object).toEqual(pod());
    limit({ type: 'Container', default: { cpu: '1' } });
    const elsewhere = { ...pod(), metadata: { name: 'a', namespace: 'finance' } };
    expect(api.admit('CREATE', resources.pods, elsewhere).object).toEqual(elsewhere);
  });

  test('nothing over what it says itself', () => {
    limit({ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } });
    const own = { limits: { cpu: '4' } };
    const { object } = api.admit('CREATE', resources.pods, pod(own));
    expect((object as Pod).spec?.containers[0]?.resources).toEqual(own);
  });
});

describe('what is out of bounds is refused', () => {
  test.each<[string, object, object | undefined, string]>([
    [
      'a request below the minimum',
      { type: 'Container', min: { cpu: '200m' } },
      { requests: { cpu: '100m' } },
      'minimum cpu usage per Container is 200m, but request is 100m',
    ],
    [
      'a limit above the maximum',
      { type: 'Container', max: { memory: '1Gi' } },
      { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } },
      'maximum memory usage per Container is 1Gi, but limit is 2Gi',
    ],
    [
      'a pod without a limit where the whole pod has a maximum',
      { type: 'Pod', max: { cpu: '1' } },
      undefined,
      'maximum cpu usage per Pod is 1.  No limit is specified',
    ],
    [
      'a limit that is too many times the request',
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      { requests: { cpu: '500m' }, limits: { cpu: '2' } },
      'cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000',
    ],
    [
      'a ratio where there is no limit',
      { type: 'Pod', maxLimitRequestRatio: { memory: '1500m' } },
      { requests: { memory: '1Gi' } },
      'memory max limit to request ratio per Pod is 1500m, but no limit is specified or limit is 0',
    ],
    [
      'each thing that is wrong',
      { type: 'Container', min: { cpu: '1' }, max: { memory: '1Gi' } },
      { requests: { cpu: '500m' }, limits: { memory: '2Gi' } },
      '[minimum cpu usage per Container is 1, but request is 500m, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
    ],
  ])('%s', (_, limits, own, why) => {
    limit(limits);
    const { denied } = api.admit('CREATE', resources.pods, pod(own));
    expect(denied?.code).toBe(403);
    expect(denied?.message).toContain(`pods "a" is forbidden: ${why}`);
  });
});

test('a target pod that would not be allowed is not made: the VMI says why, and the migration waits', () => {
  limit({ type: 'Container', max: { memory: '2Gi' } });
  const migration = lab.migrate('shop', 'storefront-web-1');
  lab.clock.advanceBy(10_000);
  const now = lab.migration(migration)!;
  expect(now.status?.phase).toBe('Pending');
  expect(now.status?.conditions ?? []).toEqual([]);
  // The compute container has no memory limit of its own, and so gets the default: the maximum.
  expect(lab.eventsOf('VirtualMachineInstance', 'storefront-web-1').join('\n')).toMatch(
    /Warning FailedCreate Error creating pod: pods "virt-launcher-storefront-web-1-\w+" is forbidden: maximum memory usage per Container is 2Gi, but request is \d+/,
  );
});
