import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, Pod, ResourceQuota } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { quotaExceeded } from './quota.ts';
import { testApi } from './testing.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
  lab.store.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'free' } });
});

function quota(hard: Record<string, string>, more: object = {}): void {
  lab.store.create(resources.resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'free' },
    spec: { hard, ...more },
  } as KubeObject);
}

const pod = (name: string, own: object = {}, spec: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'free' },
  spec: { containers: [{ name: 'c', image: 'i', resources: own }], ...spec },
});
const ask = { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '1', memory: '2Gi' } };
const used = () => {
  lab.clock.advanceBy(1000);
  return lab.store.get<ResourceQuota>(resources.resourceQuotas, 'free', 'q')?.status?.used;
};

describe('a quota', () => {
  test.each<[string, Record<string, string>, Pod, string | undefined]>([
    [
      'of pods that is full',
      { pods: '1' },
      pod('b', ask),
      'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    ],
    ['of requests that still fits', { 'requests.cpu': '1', 'requests.memory': '2Gi' }, pod('b', ask), undefined],
    [
      'of requests under its short name',
      { cpu: '900m' },
      pod('b', ask),
      'exceeded quota: q, requested: cpu=500m, used: cpu=500m, limited: cpu=900m',
    ],
    [
      'of limits, with what is exceeded in order',
      { 'limits.memory': '3Gi', 'limits.cpu': '1', pods: '9' },
      pod('b', ask),
      'exceeded quota: q, requested: limits.cpu=1,limits.memory=2Gi, used: limits.cpu=1,limits.memory=2Gi, limited: limits.cpu=1,limits.memory=3Gi',
    ],
    [
      'of limits that a pod does not state',
      { 'limits.cpu': '9' },
      pod('b'),
      'failed quota: q: must specify limits.cpu for: c',
    ],
    [
      'of devices',
      { 'requests.devices.kubevirt.io/kvm': '0' },
      pod('b', { requests: { 'devices.kubevirt.io/kvm': '1' } }),
      'exceeded quota: q, requested: requests.devices.kubevirt.io/kvm=1, used: requests.devices.kubevirt.io/kvm=0, limited: requests.devices.kubevirt.io/kvm=0',
    ],
    [
      'by count',
      { 'count/pods': '1' },
      pod('b'),
      'exceeded quota: q, requested: count/pods=1, used: count/pods=1, limited: count/pods=1',
    ],
  ])('%s', (_, hard, asked, why) => {
    lab.store.create(resources.pods, pod('a', ask));
    quota(hard);
    expect(quotaExceeded(lab, asked)).toBe(why === undefined ? undefined : `pods "b" is forbidden: ${why}`);
  });

  test.each<[string, object, Pod, boolean]>([
    ['BestEffort', { scopes: ['BestEffort'] }, pod('b'), true],
    ['BestEffort', { scopes: ['BestEffort'] }, pod('b', ask), false],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, pod('b', ask), true],
    ['Terminating', { scopes: ['Terminating'] }, pod('b', {}, { activeDeadlineSeconds: 5 }), true],
    ['NotTerminating', { scopes: ['NotTerminating'] }, pod('b', {}, { activeDeadlineSeconds: 5 }), false],
    [
      'PriorityClass',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
      pod('b', {}, { priorityClassName: 'high' }),
      true,
    ],
    [
      'PriorityClass',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['high'] }] } },
      pod('b', {}, { priorityClassName: 'high' }),
      false,
    ],
  ])('with scope %s counts what is in it', (_, scopes, asked, counted) => {
    quota({ pods: '0' }, scopes);
    expect(quotaExceeded(lab, asked) !== undefined).toBe(counted);
  });

  test('shows what is used; a finished pod is only an object', () => {
    const first = lab.store.create(resources.pods, pod('a', ask));
    quota({ pods: '5', 'requests.cpu': '4', 'limits.memory': '8Gi', 'count/pods': '9' });
    expect(used()).toEqual({ pods: '1', 'requests.cpu': '500m', 'limits.memory': '2Gi', 'count/pods': '1' });
    modify<Pod>(lab, resources.pods, first, (draft) => {
      draft.status = { phase: 'Succeeded' };
    });
    expect(used()).toEqual({ pods: '0', 'requests.cpu': '0', 'limits.memory': '0', 'count/pods': '1' });
  });

  test('of storage counts claims, by class too, and refuses through the API', () => {
    quota({
      persistentvolumeclaims: '5',
      'requests.storage': '10Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '4Gi',
    });
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c', namespace: 'free' },
      spec: { storageClassName: 'fast', resources: { requests: { storage: '5Gi' } } },
    };
    const { denied } = testApi(lab).admit('CREATE', resources.claims, claim);
    expect(denied?.message).toContain(
      'exceeded quota: q, requested: fast.storageclass.storage.k8s.io/requests.storage=5Gi, used: fast.storageclass.storage.k8s.io/requests.storage=0, limited: fast.storageclass.storage.k8s.io/requests.storage=4Gi',
    );
    expect(denied?.code).toBe(403);
  });
});
