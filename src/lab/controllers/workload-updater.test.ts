import { beforeEach, describe, expect, test } from 'vitest';
import type {
  HyperConverged,
  KubeVirt,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { versionOf } from '../../model/versions/index.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { kubeVirtOf } from './config.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
});

const OUTDATED = 'kubevirt.io/outdatedLauncherImage';
const vmis = (): VirtualMachineInstance[] => [...lab.store.values<VirtualMachineInstance>(resources.vmis)];
const outdated = (): number | undefined => kubeVirtOf(lab)?.status?.outdatedVirtualMachineInstanceWorkloads;
const migrations = (): VirtualMachineInstanceMigration[] => [
  ...lab.store.values<VirtualMachineInstanceMigration>(resources.migrations),
];
const labelled = (): string[] =>
  vmis()
    .filter(({ metadata }) => metadata.labels?.[OUTDATED] !== undefined)
    .map(({ metadata }) => metadata.name);

/** As virt-operator leaves the CR when a new KubeVirt is installed: its launchers come from elsewhere. */
function upgrade(change: (draft: KubeVirt) => void = () => undefined): void {
  modify<KubeVirt>(lab, resources.kubeVirts, kubeVirtOf(lab)!, (draft) => {
    draft.status = { ...draft.status, observedKubeVirtRegistry: 'registry.example/new' };
    change(draft);
  });
  for (const vmi of vmis()) {
    modify(
      lab,
      resources.vmis,
      vmi,
      (draft) => void (draft.metadata.annotations = { ...draft.metadata.annotations, touched: '' }),
    );
  }
}

/** HyperConverged says it: virt-operator's own CR is written by its operator. */
function methods(...workloadUpdateMethods: string[]): void {
  const [hyperConverged] = lab.store.list<HyperConverged>(resources.hyperConvergeds);
  modify<HyperConverged>(lab, resources.hyperConvergeds, hyperConverged!, (draft) => {
    draft.spec = {
      ...draft.spec,
      workloadUpdateStrategy: { workloadUpdateMethods, batchEvictionSize: 2, batchEvictionInterval: '1m0s' },
    };
  });
  lab.run();
}

describe('after an upgrade', () => {
  test('VMs that can migrate get the new launcher, the others are counted', () => {
    const stuck = vmis().filter(({ status }) =>
      status?.conditions?.some(({ type, status: value }) => type === 'LiveMigratable' && value === 'False'),
    );
    upgrade();
    lab.clock.advanceBy(4000);
    expect(labelled()).toHaveLength(vmis().length);
    lab.clock.advanceBy(10_000);
    expect(outdated()).toBe(vmis().length);
    lab.clock.advanceBy(1_800_000);
    // license-server is pinned to its node.
    const left = [...stuck.map(({ metadata }) => metadata.name), 'license-server'].toSorted();
    expect(labelled().toSorted()).toEqual(left);
    expect(outdated()).toBe(left.length);
    expect(migrations().every(({ metadata }) => metadata.name.startsWith('kubevirt-workload-update-'))).toBe(true);
  });

  test('no more migrate at once than may', () => {
    upgrade();
    let most = 0;
    for (let step = 0; step < 400; step++) {
      lab.clock.advanceBy(100);
      most = Math.max(
        most,
        migrations().filter(({ status }) => !['Succeeded', 'Failed'].includes(status?.phase ?? '')).length,
      );
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(5);
  });

  test('nothing happens before virt-operator is done, or without a method', () => {
    upgrade((draft) => void (draft.status = { ...draft.status, phase: 'Deploying' }));
    lab.clock.advanceBy(6000);
    expect(migrations()).toEqual([]);
    lab = testLab(small);
    methods();
    upgrade();
    lab.clock.advanceBy(6000);
    expect(migrations()).toEqual([]);
    expect(outdated()).toBe(vmis().length);
  });

  test('VMs that cannot migrate are evicted in batches, where that is allowed and they let it happen', () => {
    for (const vmi of vmis()) {
      modify<VirtualMachineInstance>(lab, resources.vmis, vmi, (draft) => void (draft.spec.evictionStrategy = 'None'));
    }
    methods('Evict');
    upgrade();
    lab.clock.advanceBy(8000);
    const evicted = (): number =>
      vmis().filter(({ metadata }) =>
        lab
          .eventsOf('VirtualMachineInstance', metadata.name)
          .some((text) =>
            text.startsWith('Normal SuccessfulEvict Initiated eviction of VMI as part of automated workload update'),
          ),
      ).length;
    expect(evicted()).toBe(2);
    lab.clock.advanceBy(60_000);
    expect(evicted()).toBe(4);
    expect(migrations()).toEqual([]);
  });

  test('an eviction that is refused is told', () => {
    methods('Evict');
    upgrade();
    lab.clock.advanceBy(20_000);
    const texts = vmis().flatMap(({ metadata }) => lab.eventsOf('VirtualMachineInstance', metadata.name));
    expect(
      texts.some((text) =>
        text.startsWith('Warning FailedEvict Error deleting VMI during automated workload update: admission webhook'),
      ),
    ).toBe(true);
  });

  test('a migration that failed is repeated later and later', () => {
    lab = testLab(small, { seconds: 0 });
    upgrade();
    lab.run();
    const first = lab.asked[0]!;
    const of = migrations().find(({ metadata }) => metadata.uid === first.order.id)!;
    first.done({ result: 'failed', reason: 'link down' });
    lab.clock.advanceBy(15_000);
    const again = (): number => migrations().filter(({ spec }) => spec.vmiName === of.spec.vmiName).length;
    expect(again()).toBeLessThanOrEqual(2);
    expect(
      lab.asked.filter(({ order }) => order.id !== first.order.id && order.source === first.order.source).length,
    ).toBeLessThanOrEqual(5);
  });
});

test.each([
  ['4.20', undefined],
  ['next', 'system-critical'],
])('migrations of %s have the priority %s', (cnv, priority) => {
  lab = testLab(small, { version: versionOf(cnv)! });
  upgrade();
  lab.clock.advanceBy(12_000);
  expect(migrations().length).toBeGreaterThan(0);
  for (const { spec } of migrations()) expect((spec as { priority?: string }).priority).toBe(priority);
});
