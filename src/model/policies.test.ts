import { describe, expect, test } from 'vitest';
import type { KubeObject, MigrationPolicy, VirtualMachineInstance } from './objects.ts';
import { matchPolicy, settingsFor, withPolicy } from './policies.ts';
import { kubeVirt, NAMESPACE, nodes, snapshotOf, vm } from './testing/fixtures.ts';
import { kubevirt16 } from './versions/index.ts';
import { vmsOf } from './vm.ts';

type Selectors = { vmi?: Record<string, string>; namespace?: Record<string, string> } | undefined;

function policy(name: string, selectors: Selectors, spec: object = {}): MigrationPolicy {
  return {
    apiVersion: 'migrations.kubevirt.io/v1alpha1',
    kind: 'MigrationPolicy',
    metadata: { name },
    spec: {
      ...spec,
      ...(selectors === undefined
        ? {}
        : {
            selectors: {
              ...(selectors.vmi && { virtualMachineInstanceSelector: selectors.vmi }),
              ...(selectors.namespace && { namespaceSelector: selectors.namespace }),
            },
          }),
    },
  } as unknown as MigrationPolicy;
}

const vmi = { metadata: { name: 'vm', labels: { tier: 'prod', app: 'db' } } } as unknown as VirtualMachineInstance;
const namespace = { metadata: { name: 'ns', labels: { team: 'x', env: 'prod' } } } as unknown as KubeObject;

describe('the policy that applies', () => {
  test.each<[string, [string, Selectors][], string | undefined]>([
    ['is none without policies', [], undefined],
    ['is not one without selectors', [['a', undefined]], undefined],
    ['may have empty selectors, which match everything', [['a', {}]], 'a'],
    ['must match every key it lists', [['a', { vmi: { tier: 'prod', app: 'web' } }]], undefined],
    ['must match the VMI and the namespace', [['a', { vmi: { tier: 'prod' }, namespace: { team: 'y' } }]], undefined],
    [
      'is the one with more matched labels',
      [
        ['a', { vmi: { tier: 'prod' } }],
        ['b', { vmi: { tier: 'prod' }, namespace: { team: 'x' } }],
      ],
      'b',
    ],
    [
      'at equal totals is the one with more VMI labels',
      [
        ['a', { namespace: { team: 'x', env: 'prod' } }],
        ['b', { vmi: { tier: 'prod' }, namespace: { team: 'x' } }],
      ],
      'b',
    ],
    [
      'at full equality is the first by name',
      [
        ['z', { vmi: { tier: 'prod' } }],
        ['m', { vmi: { app: 'db' } }],
      ],
      'm',
    ],
    [
      'beats an empty one by any label',
      [
        ['a', {}],
        ['z', { namespace: { team: 'x' } }],
      ],
      'z',
    ],
  ])('%s', (_, policies, expected) => {
    expect(
      matchPolicy(
        policies.map(([name, selectors]) => policy(name, selectors)),
        vmi,
        namespace,
      )?.metadata.name,
    ).toBe(expected);
  });
});

describe('settings under a policy', () => {
  const settings = {
    completionTimeoutPerGiB: 150,
    allowPostCopy: false,
    allowWorkloadDisruption: false,
    progressTimeout: 150,
  };

  test('keep what the policy leaves out, and say whether it changed anything', () => {
    expect(withPolicy(kubevirt16, settings, policy('a', {}, { bandwidthPerMigration: '64Mi' }))).toEqual({
      configuration: { ...settings, bandwidthPerMigration: '64Mi' },
      named: true,
    });
    expect(withPolicy(kubevirt16, settings, policy('a', {})).named).toBe(false);
    expect(withPolicy(kubevirt16, settings, undefined)).toEqual({ configuration: settings, named: false });
  });

  test('allow disruption when the policy allows post-copy and says no more', () => {
    expect(
      withPolicy(kubevirt16, settings, policy('a', {}, { allowPostCopy: true })).configuration.allowWorkloadDisruption,
    ).toBe(true);
    const both = policy('a', {}, { allowPostCopy: true, allowWorkloadDisruption: false });
    expect(withPolicy(kubevirt16, settings, both).configuration.allowWorkloadDisruption).toBe(false);
  });
});

describe("the settings of a VM's migration", () => {
  const inProduction: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { env: 'prod' } },
  };
  const of = (objects: KubeObject[], kubevirt = 'v1.6.6') => {
    const all = nodes(1).filter(({ kind }) => kind !== 'KubeVirt');
    const cluster = kubeVirt({ bandwidthPerMigration: '64Mi', allowPostCopy: false });
    const snapshot = snapshotOf([...all, cluster, ...vm('web', { on: 'n1' }), ...objects], (draft) => {
      draft.versions.kubevirt = kubevirt;
    });
    return settingsFor(vmsOf(snapshot)[0]!, snapshot);
  };
  const byNamespace = (spec: object) => policy('p', { namespace: { env: 'prod' } }, spec);

  test("are the policy's over the cluster's", () => {
    const found = of([inProduction, byNamespace({ bandwidthPerMigration: '1Gi' })]);
    expect(found.bandwidthPerMigration).toEqual({
      value: 2 ** 30,
      origin: 'MigrationPolicy',
      object: { kind: 'MigrationPolicy', name: 'p' },
      field: '.spec.bandwidthPerMigration',
      raw: '1Gi',
    });
    expect(found.allowPostCopy).toMatchObject({ value: false, origin: 'KubeVirt' });
  });

  test("are the cluster's where the namespace is another or not known", () => {
    expect(of([byNamespace({ bandwidthPerMigration: '1Gi' })]).bandwidthPerMigration.value).toBe(64 * 2 ** 20);
  });

  test('allow disruption with post-copy, where there is such a thing', () => {
    const set = [inProduction, byNamespace({ allowPostCopy: true })];
    expect(of(set).allowWorkloadDisruption).toMatchObject({ value: true, field: '.spec.allowPostCopy' });
    expect(of(set, 'v1.4.1').allowWorkloadDisruption.origin).not.toBe('MigrationPolicy');
  });
});
