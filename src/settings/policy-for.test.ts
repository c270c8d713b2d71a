import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject, MigrationPolicy } from '../model/objects.ts';
import { matchPolicy } from '../model/policies.ts';
import { NAMESPACE, nodes, snapshotOf, vm } from '../model/testing/fixtures.ts';
import { vmsOf } from '../model/vm.ts';
import { policyFor } from './policy-for.ts';

const namespace: KubeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: NAMESPACE, labels: { 'kubernetes.io/metadata.name': NAMESPACE, team: 'a' } },
};

function policy(name: string, selectors: object): MigrationPolicy {
  return {
    apiVersion: 'migrations.kubevirt.io/v1alpha1',
    kind: 'MigrationPolicy',
    metadata: { name },
    spec: { selectors },
  };
}

describe('a policy for one VM', () => {
  const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'os', 'kubevirt.io/domain'), fc.constantFrom('x', 'y'), {
    maxKeys: 4,
  });
  const others = fc.array(
    fc.record({
      name: fc.constantFrom('aaa', 'ferry-a', 'zzz', 'mmm'),
      virtualMachineInstanceSelector: labels,
      namespaceSelector: fc.constantFrom({}, { team: 'a' }),
    }),
    { maxLength: 3 },
  );

  test('applies to that VM and to no other, whatever policies there are', () => {
    fc.assert(
      fc.property(fc.array(labels, { minLength: 1, maxLength: 5 }), others, (all, policies) => {
        const present = policies.map(({ name, ...selectors }, index) => policy(`${name}${index}`, selectors));
        const snapshot = snapshotOf([
          ...nodes(2),
          namespace,
          ...present,
          ...all.flatMap((own, index) => vm(`vm${index}`, { on: 'n1', labels: own })),
        ]);
        const [first, ...rest] = vmsOf(snapshot);
        const made = policyFor(first!, { allowAutoConverge: true }, snapshot);
        if (made === undefined) return;
        const own =
          made.needs === undefined
            ? first!.vmi!
            : {
                ...first!.vmi!,
                metadata: {
                  ...first!.vmi!.metadata,
                  labels: { ...first!.vmi!.metadata.labels, 'ferry.run/migration': first!.name },
                },
              };
        expect(matchPolicy([...present, made.manifest], own, namespace)).toBe(made.manifest);
        for (const other of rest)
          expect(matchPolicy([...present, made.manifest], other.vmi!, namespace)).not.toBe(made.manifest);
      }),
    );
  });

  test('is not offered where a policy on a label of KubeVirt’s own would win by its name', () => {
    const own = { app: 'x', 'kubevirt.io/domain': 'x', tier: 'x' };
    const present = policy('aaa', { virtualMachineInstanceSelector: own, namespaceSelector: { team: 'a' } });
    const snapshot = snapshotOf([
      ...nodes(2),
      namespace,
      present,
      ...vm('vm0', { on: 'n1', labels: own }),
      ...vm('vm1'),
    ]);
    expect(policyFor(vmsOf(snapshot)[0]!, { allowAutoConverge: true }, snapshot)).toBeUndefined();
  });

  test('needs a label where none tells the VM from others, and says so', () => {
    const snapshot = snapshotOf([
      ...nodes(2),
      namespace,
      ...vm('a', { on: 'n1', labels: { app: 'x' } }),
      ...vm('b', { on: 'n1', labels: { app: 'x' } }),
    ]);
    const made = policyFor(vmsOf(snapshot)[0]!, { allowAutoConverge: true }, snapshot);
    expect(made?.needs).toContain('kubectl label vmi -n vms a ferry.run/migration=a');
    expect(made?.manifest.spec?.selectors?.virtualMachineInstanceSelector).toEqual({
      app: 'x',
      'ferry.run/migration': 'a',
    });
  });
});
