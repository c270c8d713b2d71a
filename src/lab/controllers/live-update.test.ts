import { beforeEach, describe, expect, test } from 'vitest';
import type {
  KubeVirt,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VmiSpec,
} from '../../model/objects.ts';
import { versionOf } from '../../model/versions/index.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { conditionOf } from './conditions.ts';
import { kubeVirtOf } from './config.ts';

// storefront-web-1 has 4 cores in 1 socket, 8Gi, and can migrate; mail-relay cannot.

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
});

const NAME = 'storefront-web-1';
const vm = (name = NAME): VirtualMachine => lab.store.get<VirtualMachine>(resources.vms, 'shop', name)!;
const vmi = (name = NAME): VirtualMachineInstance => lab.vmi('shop', name);
const condition = (type: string, name = NAME) => conditionOf(vm(name).status?.conditions, type);
const own = (type: string) => vmi().status?.conditions?.find((each) => each.type === type);
const migrations = (): VirtualMachineInstanceMigration[] =>
  lab.store.list<VirtualMachineInstanceMigration>(resources.migrations, 'shop');

function edit(change: (spec: VmiSpec) => void, name = NAME): void {
  modify<VirtualMachine>(lab, resources.vms, vm(name), (draft) => change(draft.spec.template.spec!));
}

const sockets = (count: number) => (spec: VmiSpec) => void (spec.domain.cpu!.sockets = count);
const memory = (guest: string) => (spec: VmiSpec) => void (spec.domain.memory = { guest });

describe('a running VM', () => {
  test('knows how far it may grow', () => {
    expect(vmi().spec.domain).toMatchObject({ cpu: { maxSockets: 4 }, memory: { maxGuest: '32Gi' } });
  });

  test('gets CPUs by a migration', () => {
    edit(sockets(3));
    lab.clock.advanceBy(1000);
    expect(own('HotVCPUChange')).toMatchObject({ status: 'True' });
    expect(vmi().status?.currentCPUTopology).toMatchObject({ sockets: 1 });
    lab.run();
    expect(own('HotVCPUChange')).toBeUndefined();
    expect(vmi().status?.currentCPUTopology).toMatchObject({ sockets: 3, cores: 4 });
    expect(migrations()).toMatchObject([{ status: { phase: 'Succeeded' } }]);
    expect(condition('RestartRequired')).toBeUndefined();
  });

  test('gets memory by a migration', () => {
    edit(memory('16Gi'));
    lab.clock.advanceBy(1000);
    expect(own('HotMemoryChange')).toMatchObject({ status: 'True' });
    expect(vmi().status?.memory).toEqual({ guestAtBoot: '8Gi', guestCurrent: '8Gi', guestRequested: '8Gi' });
    lab.run();
    expect(own('HotMemoryChange')).toBeUndefined();
    expect(vmi().status?.memory).toEqual({ guestAtBoot: '8Gi', guestCurrent: '16Gi', guestRequested: '16Gi' });
    expect(migrations()).toHaveLength(1);
    expect(lab.asked[0]?.order.guest.size).toBe(8 * 2 ** 30);
    const pod = lab.podsOf.get(vmi().metadata.uid!).find(({ spec }) => spec?.nodeName === vmi().status?.nodeName);
    expect(Number.parseInt(pod?.spec?.containers[0]?.resources?.requests?.['memory'] ?? '', 10)).toBeGreaterThan(16);
  });

  test.each<[string, (spec: VmiSpec) => void, string]>([
    [
      'more sockets than it may have',
      sockets(9),
      "CPU sockets updated in template spec to a value higher than what's available",
    ],
    [
      'more memory than it may have',
      memory('64Gi'),
      'memory hotplug not supported, Guest memory is greater than the configured maxGuest memory',
    ],
    [
      'less memory than it started with',
      memory('4Gi'),
      'memory updated in template spec to a value lower than what the VM started with',
    ],
    ['memory in odd pieces', memory('8193Mi'), 'memory hotplug not supported, Guest memory must be 2Mi aligned'],
    [
      'cores',
      (spec) => void (spec.domain.cpu!.cores = 8),
      'a non-live-updatable field was changed in the template spec',
    ],
    [
      'another eviction strategy',
      (spec) => void (spec.evictionStrategy = 'None'),
      'a non-live-updatable field was changed in the template spec',
    ],
  ])('needs a restart for %s', (_, change, message) => {
    edit(change);
    lab.run();
    expect(condition('RestartRequired')).toMatchObject({ status: 'True', message });
    expect(migrations()).toEqual([]);
  });

  test('needs a restart for fewer sockets, until it has its old ones', () => {
    edit(sockets(2));
    lab.run();
    edit(sockets(1));
    lab.run();
    expect(condition('RestartRequired')).toMatchObject({ message: 'Reduction of CPU socket count requires a restart' });
    edit(sockets(2));
    lab.run();
    expect(condition('RestartRequired')).toBeUndefined();
  });

  test('that cannot migrate gets no memory', () => {
    edit(memory('8Gi'), 'mail-relay');
    lab.run();
    expect(condition('RestartRequired', 'mail-relay')).toMatchObject({
      message: 'memory updated in template spec. Memory-hotplug is only available for migratable VMs',
    });
  });

  test.each<[string, (spec: VmiSpec) => void, string, string]>([
    [
      'CPUs',
      sockets(2),
      'HotPlugCPUError',
      'Error encountered while handling CPU change request: CPU hotplug is not allowed while VMI is migrating',
    ],
    [
      'memory',
      memory('16Gi'),
      'HotPlugMemoryError',
      'error encountered while handling memory hotplug requests: memory hotplug is not allowed while VMI is migrating',
    ],
    [
      'a node selector',
      (spec) => void (spec.nodeSelector = { disk: 'fast' }),
      'AffinityChangeError',
      'Error encountered while handling node affinity change request: Node affinity should not be changed during VMI migration',
    ],
    [
      'tolerations',
      (spec) => void (spec.tolerations = [{ key: 'a', operator: 'Exists' }]),
      'TolerationsChangeError',
      'Error encountered while handling tolerations change request: tolerations should not be changed during VMI migration',
    ],
  ])('that migrates waits with %s until it has arrived', (_, change, reason, message) => {
    lab.until(lab.migrate('shop', NAME), 'Running');
    edit(change);
    lab.clock.advanceBy(1000);
    expect(condition('Failure')).toMatchObject({ status: 'True', reason, message });
    lab.run();
    expect(condition('Failure')).toBeUndefined();
    const spec = vm().spec.template.spec!;
    expect(vmi().spec).toMatchObject({
      ...(spec.nodeSelector === undefined ? {} : { nodeSelector: spec.nodeSelector }),
      ...(spec.tolerations === undefined ? {} : { tolerations: spec.tolerations }),
      domain: { cpu: { sockets: spec.domain.cpu!.sockets }, memory: { guest: spec.domain.memory!.guest } },
    });
  });

  test('needs a restart for everything where changes are staged', () => {
    modify<KubeVirt>(lab, resources.kubeVirts, kubeVirtOf(lab)!, (draft) => {
      draft.spec!.configuration!.vmRolloutStrategy = 'Stage' as never;
    });
    edit((spec) => void (spec.nodeSelector = { disk: 'fast' }));
    lab.clock.advanceBy(1000);
    expect(condition('RestartRequired')).toMatchObject({ status: 'True' });
    expect(vmi().spec.nodeSelector).toBeUndefined();
  });

  test.each([
    ['4.17', true],
    ['4.18', false],
  ])('of OpenShift Virtualization %s needs a restart for tolerations: %s', (cnv, restart) => {
    lab = testLab(small, { version: versionOf(cnv)! });
    edit((spec) => void (spec.tolerations = [{ key: 'a', operator: 'Exists' }]));
    lab.run();
    expect(condition('RestartRequired') !== undefined).toBe(restart);
    // Until 4.19 only a restart takes it away.
    edit((spec) => void delete spec.tolerations);
    lab.run();
    expect(condition('RestartRequired') !== undefined).toBe(restart);
  });
});
