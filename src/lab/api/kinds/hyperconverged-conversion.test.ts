import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../model/objects.ts';
import { convertHyperConverged } from './hyperconverged-conversion.ts';
import { hyperConvergedRelease } from './hyperconverged-releases.ts';

type Spec = Record<string, unknown>;

const hyperConverged = (spec: Spec): KubeObject =>
  ({ apiVersion: 'hco.kubevirt.io/v1', kind: 'HyperConverged', metadata: { name: 'h' }, spec }) as KubeObject;

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const without = (fields: Spec): Spec =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const v1Spec = fc
  .record({
    live: fc.record({ parallelMigrationsPerCluster: fc.nat(20), network: fc.constantFrom('a', 'b') }),
    eviction: maybe(fc.constantFrom('LiveMigrate', 'None')),
    ratio: fc.integer({ min: 1, max: 50 }),
    model: maybe(fc.constantFrom('Haswell', 'EPYC')),
    storageClass: maybe(fc.constantFrom('fast', 'slow')),
    injector: maybe(fc.boolean()),
    mdev: maybe(fc.boolean()),
    template: maybe(fc.constantFrom('Enabled', 'Disabled')),
    backup: maybe(fc.constantFrom('Enabled', 'Disabled')),
  })
  .map(({ live, eviction, ratio, model, storageClass, injector, mdev, template, backup }) => {
    const gates = [
      ...(template === undefined ? [] : [{ name: 'template', state: template }]),
      ...(backup === undefined ? [] : [{ name: 'incrementalBackup', state: backup }]),
    ];
    return without({
      deployment: without({ uninstallStrategy: 'RemoveWorkloads', deployNetworkResourcesInjector: injector }),
      security: {},
      workloadSources: {},
      virtualization: without({
        liveMigrationConfig: live,
        evictionStrategy: eviction,
        vmiCPUAllocationRatio: ratio,
        virtualMachineOptions: model === undefined ? undefined : { defaultCPUModel: model },
        mediatedDevicesConfiguration: mdev === undefined ? undefined : { enabled: mdev },
      }),
      storage: storageClass === undefined ? undefined : { vmStateStorageClass: storageClass },
      featureGates: gates.length === 0 ? undefined : gates,
    });
  });

describe('HyperConverged 1.19', () => {
  const release = hyperConvergedRelease('1.9');

  test('is the same after a way through v1beta1', () => {
    fc.assert(
      fc.property(v1Spec, (spec) => {
        const there = convertHyperConverged(release, hyperConverged(spec), 'v1beta1');
        const back = convertHyperConverged(release, there, 'v1') as KubeObject & { spec: Spec };
        expect(back.spec).toEqual(spec);
        expect(back.metadata).toEqual({ name: 'h' });
      }),
    );
  });

  test('is not changed by being converted', () => {
    fc.assert(
      fc.property(v1Spec, (spec) => {
        const object = hyperConverged(spec);
        const before = structuredClone(object);
        convertHyperConverged(release, object, 'v1beta1');
        expect(object).toEqual(before);
      }),
    );
  });
});
