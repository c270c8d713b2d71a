import { describe, expect, test } from 'vitest';
import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { type KubeVirtVersion, versions } from '../../model/versions/index.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';

const NAMESPACE = 'openshift-kube-descheduler-operator';
const IN_PROGRESS = 'descheduler.alpha.kubernetes.io/eviction-in-progress';

/** Eight busy VMs on one node, and three idle nodes. */
const crowded: Scenario = {
  ...small,
  vms: Array.from({ length: 8 }, (_, number) => ({
    name: `vm-${number}`,
    namespace: 'shop',
    cores: 4,
    memory: '2Gi',
    node: 'worker-0',
    disks: [],
    ageDays: 1,
    workload: { cpu: 2 },
  })),
};

test('a scenario may bring one', () => {
  const evicted = (descheduler: Scenario['descheduler']): boolean => {
    const lab = testLab(descheduler === undefined ? crowded : { ...crowded, descheduler }, { seconds: 2 });
    lab.clock.advanceBy(180_000);
    return lab.store
      .list(resources.migrations)
      .some(({ metadata }) => metadata.name.startsWith('kubevirt-evacuation-'));
  };
  expect(evicted(undefined)).toBe(false);
  const spec = { mode: 'Automatic', deschedulingIntervalSeconds: 60, profiles: ['KubeVirtRelieveAndMigrate'] };
  expect(evicted(spec)).toBe(true);
});

const named = (name: string): KubeVirtVersion => versions.find((version) => version.name === name)!;

function labWith(version: string, spec: object | undefined): TestLab {
  const lab = testLab(crowded, { version: named(version), seconds: 2 });
  lab.store.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  if (spec !== undefined) configure(lab, spec);
  return lab;
}

function configure(lab: TestLab, spec: object): void {
  lab.store.create(resources.kubeDeschedulers, {
    apiVersion: 'operator.openshift.io/v1',
    kind: 'KubeDescheduler',
    metadata: { name: 'cluster', namespace: NAMESPACE },
    spec: { deschedulingIntervalSeconds: 60, ...spec },
  } as KubeObject);
}

const marked = (lab: TestLab): number =>
  lab.vmisOn.get('worker-0').filter(({ status }) => status?.evacuationNodeName !== undefined).length;

const NEW = { mode: 'Automatic', profiles: ['KubeVirtRelieveAndMigrate'] };
const OLD = { mode: 'Automatic', profiles: ['DevKubeVirtRelieveAndMigrate'] };

describe('the descheduler', () => {
  test.each<[string, string, object | undefined, number]>([
    ['1.6', 'does nothing without a configuration', undefined, 0],
    ['1.6', 'only says what it would do by default', { profiles: NEW.profiles }, 0],
    ['1.6', 'evicts two VMs of a node at once', NEW, 2],
    ['1.6', 'knows the profile’s old name', OLD, 2],
    ['1.6', 'refuses both names together', { mode: 'Automatic', profiles: [...NEW.profiles, ...OLD.profiles] }, 0],
    ['1.6', 'keeps to a limit of its own', { ...NEW, evictionLimits: { node: 3 } }, 3],
    [
      '1.6',
      'sees no difference that is smaller than the thresholds',
      { ...NEW, profileCustomizations: { devDeviationThresholds: 'High' } },
      0,
    ],
    ['1.6', 'ignores other profiles', { mode: 'Automatic', profiles: ['LifecycleAndUtilization'] }, 0],
    ['1.5', 'of 4.19 knows the old name only', NEW, 0],
    ['1.5', 'of 4.19 evicts two VMs of a node at once', OLD, 2],
    ['1.3', 'of 4.17 has no profile for VMs', OLD, 0],
  ])('with KubeVirt %s %s', (version, _, spec, count) => {
    const lab = labWith(version, spec);
    lab.clock.advanceBy(61_000);
    expect(marked(lab)).toBe(count);
    expect(lab.faults).toEqual([]);
  });

  test('has VMs migrated until the node is as busy as the others, as maintenance and not as a drain', () => {
    const lab = labWith('1.9', NEW);
    lab.clock.advanceBy(61_000);
    const [vmi] = lab.vmisOn.get('worker-0').filter(({ status }) => status?.evacuationNodeName !== undefined);
    expect(vmi?.metadata.annotations?.['kubevirt.io/eviction-source']).toBe('descheduler');
    const [migration] = lab.migrationsOf.get(`shop/${vmi?.metadata.name}`);
    expect(migration?.spec.priority).toBe('system-maintenance');
    lab.clock.advanceBy(20 * 60_000);
    const left = lab.vmisOn.get('worker-0').length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(8);
    lab.clock.advanceBy(20 * 60_000);
    expect(marked(lab)).toBe(0);
    expect(lab.faults).toEqual([]);
  });

  test('taints nodes that have enough, softly, until it is gone', () => {
    const lab = labWith('1.6', NEW);
    const taints = (name: string) => lab.store.get<Node>(resources.nodes, undefined, name)?.spec?.taints;
    lab.clock.advanceBy(61_000);
    expect(taints('worker-0')).toContainEqual({
      key: 'nodeutilization.descheduler.openshift.io/overutilized',
      value: 'true',
      effect: 'PreferNoSchedule',
    });
    lab.store.delete(resources.kubeDeschedulers, NAMESPACE, 'cluster');
    lab.clock.advanceBy(1000);
    expect(taints('worker-0') ?? []).toEqual([]);
  });

  test('leaves pods alone that prefer not to be evicted (4.20 and later)', () => {
    const lab = labWith('1.6', undefined);
    for (const pod of lab.podsOn.get('worker-0')) {
      modify<Pod>(lab, resources.pods, pod, (draft) => {
        draft.metadata.annotations = {
          ...draft.metadata.annotations,
          'descheduler.alpha.kubernetes.io/prefer-no-eviction': 'true',
        };
      });
    }
    configure(lab, NEW);
    lab.clock.advanceBy(61_000);
    expect(marked(lab)).toBe(0);
  });

  test.each(['1.4', '1.6'])('with KubeVirt %s the pod says while its eviction is in progress', (name) => {
    const lab = testLab(small, { version: named(name) });
    const vmi = lab.vmi('shop', 'orders-db');
    const pods = () => lab.podsOf.get(vmi.metadata.uid!).filter(({ metadata }) => metadata.annotations?.[IN_PROGRESS]);
    expect(pods()).toHaveLength(0);
    modify<typeof vmi>(lab, resources.vmis, vmi, (draft) => {
      draft.status = { ...draft.status, evacuationNodeName: vmi.status?.nodeName ?? '' };
    });
    lab.clock.advanceBy(2000);
    expect(pods().map(({ spec }) => spec?.nodeName)).toEqual([vmi.status?.nodeName]);
  });
});
