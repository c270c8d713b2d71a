import type { Scenario, VmDescription } from '../../src/lab/scenarios/scenario.ts';
import { ebs, local, nfs } from '../../src/lab/scenarios/storage.ts';
import type { KubeVirt } from '../../src/model/objects.ts';
import { type Hand, HCO } from './hand.ts';

// Small clusters, and what is done to them.

export const disk = (storage: string) => [{ name: 'rootdisk', storage, size: '20Gi' }];
export const vmOf = (name: string, more: Partial<VmDescription> = {}): VmDescription => ({
  name,
  namespace: 'shop',
  cores: 2,
  memory: '8Gi',
  node: 'worker-0',
  ageDays: 3,
  disks: disk('ontap-nas'),
  ...more,
});
export const three: Scenario = {
  name: 'three',
  description: 'three workers',
  nodes: [
    { prefix: 'control-plane', count: 1, role: 'control-plane', cores: 8, memory: '32Gi', sockets: 1, nicGbps: 10 },
    {
      prefix: 'worker',
      count: 3,
      role: 'worker',
      cores: 32,
      memory: '128Gi',
      sockets: 2,
      nicGbps: 10,
      nics: [{ name: 'enp4s0', gbps: 25 }],
    },
  ],
  namespaces: [{ name: 'shop' }],
  storage: [nfs, local, ebs],
  vms: [vmOf('web', { labels: { app: 'web' } }), vmOf('db'), vmOf('mail', { node: 'worker-1' })],
};
export const withVms = (...vms: VmDescription[]): Scenario => ({ ...three, vms: [...three.vms, ...vms] });
export const dedicated: Scenario = {
  ...three,
  migrationNetwork: { name: 'mig', interface: 'enp5s0', gbps: 25, mtu: 9000, subnet: '10.200.5' },
};
const rare: Scenario = {
  ...three,
  nodes: [
    ...three.nodes,
    {
      prefix: 'rare',
      count: 1,
      role: 'worker',
      cores: 32,
      memory: '256Gi',
      sockets: 2,
      nicGbps: 10,
      cpuManager: true,
      hugepages: { '1Gi': '64Gi' },
    },
  ],
};
export const two = (group: Partial<Scenario['nodes'][number]>, vm: VmDescription): Scenario => ({
  ...rare,
  nodes: rare.nodes.map((each) => (each.prefix === 'rare' ? { ...each, ...group } : each)),
  vms: [vm],
});

export const ALL = ['4.17', '4.18', '4.19', '4.20', '4.21', '4.22', 'next'];
export const NODE = '/api/v1/nodes/worker-0';
export const NAD = '/apis/k8s.cni.cncf.io/v1/namespaces/openshift-cnv/network-attachment-definitions';
export const VM = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachines';
export const KUBEVIRT = '/apis/kubevirt.io/v1/namespaces/openshift-cnv/kubevirts/kubevirt-kubevirt-hyperconverged';
export const annotated = (annotations: object) => ({ metadata: { annotations } });
export const mco = (hand: Hand, state: string) =>
  hand.merge(NODE, annotated({ 'machineconfiguration.openshift.io/state': state }));
export const cordon = async (hand: Hand, ...names: string[]) => {
  for (const name of names) await hand.merge(`/api/v1/nodes/${name}`, { spec: { unschedulable: true } });
};
export const config = async (hand: Hand, change: (config: Record<string, unknown>) => void) => {
  const { spec } = await hand.get<{ spec: { config: string } }>(`${NAD}/mig`);
  const parsed = JSON.parse(spec.config) as Record<string, unknown>;
  change(parsed);
  await hand.merge(`${NAD}/mig`, { spec: { config: JSON.stringify(parsed) } });
};
export const ipam = (change: Record<string, unknown>) => (parsed: Record<string, unknown>) => {
  parsed['ipam'] = { ...(parsed['ipam'] as object), ...change };
};
export const budget = (minAvailable: number) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { minAvailable, selector: { matchLabels: { app: 'web' } } },
});
export const descheduler = (spec: object) => ({
  apiVersion: 'operator.openshift.io/v1',
  kind: 'KubeDescheduler',
  metadata: { name: 'cluster', namespace: 'openshift-kube-descheduler-operator' },
  spec,
});
export const DESCHEDULERS =
  '/apis/operator.openshift.io/v1/namespaces/openshift-kube-descheduler-operator/kubedeschedulers';
export const NEXT: Record<string, string> = { '4.17': '4.18', '4.20': '4.21', '4.21': '4.22' };
/** Until KubeVirt says that VMs are outdated. */
export const upgraded = async (hand: Hand, release: string) => {
  await hand.create('/lab/v1/upgrade', { cnv: NEXT[release] });
  for (let step = 0; step < 300; step++) {
    hand.pass(2);
    const { status } = await hand.get<KubeVirt>(KUBEVIRT);
    if ((status?.outdatedVirtualMachineInstanceWorkloads ?? 0) > 0) return;
  }
};
export const unmanaged = async (hand: Hand) => {
  await hand.merge(HCO, { spec: { workloadUpdateStrategy: { workloadUpdateMethods: [] } } });
  hand.pass(5);
};
/** Migrations that find no node fail after five minutes. */
export const failing = async (hand: Hand, count: number) => {
  await cordon(hand, 'worker-1', 'worker-2');
  for (let index = 0; index < count; index++) {
    await hand.migrate(`try-${index}`, 'web');
    hand.pass(360);
  }
};
