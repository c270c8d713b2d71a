import { describe, expect, test } from 'vitest';
import { compareText } from '../../model/memo.ts';
import type {
  HyperConverged,
  Node,
  PersistentVolumeClaim,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { conditionOf } from '../controllers/conditions.ts';
import { guestMemory } from '../controllers/guest.ts';
import { allocatableOf, usage } from '../controllers/scheduling.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { type TestLab, testLab } from '../testing.ts';
import { generate } from './generate.ts';
import { hana } from './hana.ts';
import { scenarios } from './index.ts';
import type { Scenario } from './scenario.ts';
import { small } from './small.ts';
import { sno } from './sno.ts';

function settled(scenario: Scenario): TestLab {
  const lab = testLab(scenario);
  lab.clock.runUntilIdle();
  return lab;
}

/** Why a VMI cannot migrate; '' if it can. */
function reasonOf(lab: TestLab, namespace: string, name: string): string {
  const condition = conditionOf(lab.vmi(namespace, name).status?.conditions, 'LiveMigratable');
  return condition?.status === 'True' ? '' : (condition?.reason ?? 'unknown');
}

describe.each(
  [...Object.values(scenarios), generate({ nodes: 30, vms: 400 })].map(
    (scenario) => [scenario.name, scenario] as const,
  ),
)('scenario %s', (_, scenario) => {
  test('starts at rest: nothing is left to do', () => {
    const lab = testLab(scenario);
    const version = lab.store.version;
    lab.clock.runUntilIdle();
    expect(lab.faults).toEqual([]);
    expect(lab.store.version).toBe(version);
  });

  test('has every VM it describes, running where it says, with claims that are bound', () => {
    const lab = settled(scenario);
    for (const vm of scenario.vms) {
      const stored = lab.store.get<VirtualMachine>(resources.vms, vm.namespace, vm.name);
      expect(stored?.status?.printableStatus).toBe(vm.node === undefined ? 'Stopped' : 'Running');
      for (const disk of vm.disks) {
        const claim = lab.store.get<PersistentVolumeClaim>(resources.claims, vm.namespace, `${vm.name}-${disk.name}`);
        expect(claim?.status?.phase).toBe('Bound');
        expect(claim?.spec?.storageClassName).toBe(disk.storage);
      }
      if (vm.node === undefined) continue;
      const vmi = lab.vmi(vm.namespace, vm.name);
      expect(vmi.status).toMatchObject({ phase: 'Running', nodeName: vm.node });
      const [pod, ...others] = lab.podsOf.get(vmi.metadata.uid ?? '');
      expect(others).toEqual([]);
      expect(pod?.spec?.nodeName).toBe(vm.node);
      expect(pod !== undefined && isReadyPod(pod)).toBe(true);
      expect(vmi.status?.activePods).toEqual({ [pod?.metadata.uid ?? '']: vm.node });
      const guest = guestMemory(vmi);
      expect(guest.zero + guest.classes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(guest.size);
    }
  });

  test('puts no more on a node than it has, and gives every pod an address of its own', () => {
    const lab = settled(scenario);
    const used = usage(lab);
    for (const node of lab.store.list<Node>(resources.nodes)) {
      const allocatable = allocatableOf(node);
      for (const [name, amount] of Object.entries(used.of(node.metadata.name))) {
        expect([node.metadata.name, name, amount <= (allocatable[name] ?? 0)]).toEqual([
          node.metadata.name,
          name,
          true,
        ]);
      }
    }
    const addresses = lab.store
      .list<Pod>(resources.pods)
      .filter(({ spec }) => spec?.hostNetwork !== true)
      .map(({ status }) => status?.podIP);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  test('has a ready virt-handler on every node that runs VMs', () => {
    const lab = settled(scenario);
    const nodes = lab.store
      .list<Node>(resources.nodes)
      .filter(({ metadata }) => metadata.labels?.['kubevirt.io/schedulable'] === 'true');
    const handlers = lab.store
      .list<Pod>(resources.pods, CNV_NAMESPACE)
      .filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-handler');
    expect(
      handlers
        .filter(isReadyPod)
        .map(({ spec }) => spec?.nodeName ?? '')
        .toSorted(compareText),
    ).toEqual(nodes.map(({ metadata }) => metadata.name).toSorted(compareText));
  });
});

describe('small', () => {
  test.each([
    ['shop', 'storefront-web-1', ''],
    ['shop', 'orders-db', ''],
    ['shop', 'session-cache', ''],
    ['shop', 'search-index', ''],
    ['shop', 'mail-relay', 'DisksNotLiveMigratable'],
    ['shop', 'image-render', 'HostDeviceNotLiveMigratable'],
    ['finance', 'ledger-app', ''],
    ['finance', 'ledger-db', ''],
    ['finance', 'license-server', ''],
    ['finance', 'report-archive', 'DisksNotLiveMigratable'],
  ])('%s/%s is kept from migrating by: %s', (namespace, name, reason) => {
    expect(reasonOf(settled(small), namespace, name)).toBe(reason);
  });

  test('has each storage kind of the mission’s table', () => {
    const claims = settled(small).store.list<PersistentVolumeClaim>(resources.claims);
    const kinds = new Set(
      claims.map(({ spec }) => `${spec?.storageClassName} ${spec?.accessModes?.join()} ${spec?.volumeMode}`),
    );
    expect([...kinds].sort()).toEqual([
      'gp3-csi ReadWriteOnce Filesystem',
      'lvms-vg1 ReadWriteOnce Block',
      'ontap-nas ReadWriteMany Filesystem',
      'ontap-nas-smb ReadWriteMany Filesystem',
      'ontap-san ReadWriteMany Block',
      'ontap-san-fs ReadWriteMany Filesystem',
    ]);
  });

  test('has a VM that writes memory faster than its 10 Gb/s link copies it', () => {
    const guest = guestMemory(settled(small).vmi('shop', 'session-cache'));
    const written = guest.classes.reduce((sum, { size, writesPerSecond }) => sum + size * writesPerSecond, 0);
    expect(written).toBeGreaterThan(10e9 / 8);
  });
});

describe('the other scenarios', () => {
  test('hana: one 1 TiB VM on huge pages with a dedicated network, and room for it elsewhere', () => {
    const lab = settled(hana);
    expect(guestMemory(lab.vmi('sap', 'hana-prd')).size).toBe(2 ** 40);
    lab.migrate('sap', 'hana-prd');
    lab.clock.runUntilIdle();
    const state = lab.vmi('sap', 'hana-prd').status?.migrationState;
    expect(state?.completed).toBe(true);
    expect(state?.targetNodeAddress).toMatch(/^10\.200\.5\./);
  });

  test('sno: HyperConverged knows that it is not highly available', () => {
    const hco = settled(sno).store.get<HyperConverged>(
      resources.hyperConvergeds,
      CNV_NAMESPACE,
      'kubevirt-hyperconverged',
    );
    expect(hco?.status?.infrastructureHighlyAvailable).toBe(false);
    expect(hco?.spec?.['evictionStrategy']).toBe('None');
  });

  test('generated: of any size, unevenly loaded, with about two claims a VM, the same for the same seed', () => {
    const one = generate({ nodes: 50, vms: 1000, seed: 7 });
    expect(one).toEqual(generate({ nodes: 50, vms: 1000, seed: 7 }));
    expect(one).not.toEqual(generate({ nodes: 50, vms: 1000, seed: 8 }));
    const claims = one.vms.reduce((sum, { disks }) => sum + disks.length, 0);
    expect(claims / one.vms.length).toBeGreaterThan(1.8);
    expect(claims / one.vms.length).toBeLessThan(2.2);
    const counts = new Map<string, number>();
    for (const { node } of one.vms) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBeGreaterThan(3 * Math.min(...counts.values()));
    expect(one.vms.filter(({ node }) => node === undefined).length).toBeLessThan(100);
  });

  test.each([
    [1, 0],
    [1, 1],
    [3, 2],
  ])('generated: %i nodes and %i VMs are enough', (nodes, vms) => {
    const lab: TestLab = settled(generate({ nodes, vms }));
    expect(lab.store.list<VirtualMachineInstance>(resources.vmis).length).toBeLessThanOrEqual(vms);
    expect(lab.faults).toEqual([]);
  });
});
