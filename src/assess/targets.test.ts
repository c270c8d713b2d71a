import { describe, expect, test } from 'vitest';
import type { KubeObject, Node } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import {
  claim,
  handlerPod,
  migration,
  NAMESPACE,
  node,
  nodes,
  snapshotOf,
  type VmOptions,
  vm,
} from '../model/testing/fixtures.ts';
import { literal } from '../model/testing/literal.ts';
import { vmsOf } from '../model/vm.ts';
import { type TargetVerdict, targetReport } from './targets.ts';

interface Case {
  /** The VM `web`, on n1. */
  vm?: VmOptions;
  /** The node `t`, which it might go to. */
  node?: (node: Node) => void;
  objects?: KubeObject[];
  change?: (snapshot: Snapshot) => void;
}

/** What is said of node `t` as a target of the VM `web`, which runs on n1. */
function target({ vm: options = {}, node: change, objects = [], change: snapshotChange }: Case) {
  const own = [node('t', change), handlerPod('t')];
  const snapshot = snapshotOf(
    [...nodes(2), ...own, ...vm('web', { on: 'n1', ...options }), ...objects],
    snapshotChange,
  );
  const [item] = targetReport(
    snapshot,
    vmsOf(snapshot).filter(({ name }) => name === 'web'),
  ).items;
  const found = item?.nodes.find((each) => each.node === 't');
  if (item === undefined || found === undefined) throw new Error('t is not among the targets');
  return { snapshot, item, ...found };
}

const domain = (fields: object): VmOptions => ({
  spec: {
    domain: { cpu: { cores: 2, model: 'host-model' }, memory: { guest: '4Gi' }, devices: {}, ...fields },
  },
});

const labels =
  (change: Record<string, string | undefined>) =>
  ({ metadata }: Node): void => {
    for (const [key, value] of Object.entries(change)) {
      if (value === undefined) delete metadata.labels![key];
      else metadata.labels![key] = value;
    }
  };

const has =
  (amounts: Record<string, string>) =>
  ({ status }: Node): void => {
    Object.assign(status!.allocatable!, amounts);
  };

const pressure =
  (type: string, ...keys: string[]) =>
  (object: Node): void => {
    object.status!.conditions!.push({ type, status: 'True' });
    object.spec = { taints: keys.map((key) => ({ key, effect: 'NoSchedule' })) };
  };

const attachment = (config: object): KubeObject =>
  ({
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'vlan10', namespace: NAMESPACE },
    spec: { config: JSON.stringify(config) },
  }) as KubeObject;

const network = (on: string, interfaces: string[], localnets: string[] = []): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkState',
    metadata: { name: on },
    status: {
      currentState: {
        interfaces: interfaces.map((name) => ({ name, state: 'up' })),
        ovn: { 'bridge-mappings': localnets.map((localnet) => ({ localnet, bridge: 'br-ex' })) },
      },
    },
  }) as KubeObject;

const onVlan: VmOptions = { spec: { networks: [{ name: 'second', multus: { networkName: 'vlan10' } }] } };
const bridge = attachment({ type: 'cnv-bridge', bridge: 'br1' });
const localnet = attachment({ type: 'ovn-k8s-cni-overlay', topology: 'localnet', name: 'physnet' });

const volume = (name: string, zone: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
          ],
        },
      },
    },
  }) as KubeObject;

const pressed = 'node.kubernetes.io/memory-pressure';
const spreadByZone: VmOptions = {
  labels: { app: 'web' },
  spec: {
    topologySpreadConstraints: [
      {
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  },
};
const before16 = (snapshot: Snapshot): void => {
  snapshot.versions.kubevirt = 'v1.5.3';
};

type Row = [string, Case, TargetVerdict, RegExp[]];

const rows: Row[] = [
  ['a healthy node', {}, 'possible', []],
  [
    'a node that runs short of memory, told once though it is tainted, too',
    { node: pressure('MemoryPressure', pressed) },
    'impossible',
    [/^node t runs short of memory \(MemoryPressure\)$/],
  ],
  [
    'one whose memory pressure the VM tolerates',
    {
      node: pressure('MemoryPressure', pressed),
      vm: { spec: { tolerations: [{ key: pressed, operator: 'Exists' }] } },
    },
    'possible',
    [],
  ],
  [
    'a full disk, which the kubelet refuses whatever is tolerated',
    {
      node: pressure('DiskPressure', 'node.kubernetes.io/disk-pressure'),
      vm: { spec: { tolerations: [{ operator: 'Exists' }] } },
    },
    'impossible',
    [/disk space/],
  ],
  [
    'a node without the CPU of now lets the VM in after a restart',
    {
      node: labels({
        'cpu-model-migration.node.kubevirt.io/Skylake-Server': undefined,
        'cpu-feature.node.kubevirt.io/vmx': undefined,
      }),
    },
    'possible-cold',
    [/^node t lacks the CPU model Skylake-Server, the CPU feature vmx of the VM's current CPU$/],
  ],
  [
    'a node without the CPU model that the VM names does not',
    { vm: domain({ cpu: { cores: 2, model: 'EPYC' } }) },
    'impossible',
    [/^node t lacks the CPU model EPYC$/],
  ],
  [
    'a node with a feature that the VM forbids',
    { vm: domain({ cpu: { cores: 2, model: 'host-passthrough', features: [{ name: 'vmx', policy: 'forbid' }] } }) },
    'impossible',
    [/^node t has the CPU feature vmx, which the VM forbids$/],
  ],
  [
    'a CPU model that counts as obsolete',
    { node: labels({ 'node-labeller.kubevirt.io/obsolete-host-model': 'Skylake-Server' }) },
    'impossible',
    [/obsolete/],
  ],
  [
    'a node of another vendor, which late patches of 1.6 look at',
    {
      change: (snapshot) => {
        for (const each of snapshot.lists.nodes.known ? snapshot.lists.nodes.items : [])
          each.metadata.labels![`cpu-vendor.node.kubevirt.io/${each.metadata.name === 't' ? 'AMD' : 'Intel'}`] = 'true';
      },
    },
    'possible-cold',
    [/^node t lacks the vendor Intel of the VM's current CPU$/],
  ],
  [
    'the same before those patches',
    {
      change: (snapshot) => {
        snapshot.versions.kubevirt = 'v1.6.3';
        for (const each of snapshot.lists.nodes.known ? snapshot.lists.nodes.items : [])
          each.metadata.labels![`cpu-vendor.node.kubevirt.io/${each.metadata.name === 't' ? 'AMD' : 'Intel'}`] = 'true';
      },
    },
    'possible',
    [],
  ],
  [
    'the machine type that the guest runs on is gone there, but a restart takes another',
    {
      vm: {
        ...domain({ machine: { type: 'pc-q35-9.2' } }),
        change: ({ vm: object, vmi }) => {
          object.spec.template.spec = { ...vmi.spec, domain: { ...vmi.spec.domain, machine: { type: 'q35' } } };
          vmi.status!.machine = { type: 'pc-q35-9.2' };
        },
      },
      node: labels({ 'machine-type.node.kubevirt.io/pc-q35-9.2': undefined }),
    },
    'possible-cold',
    [/^node t lacks the machine type pc-q35-9.2 that the VM runs on$/],
  ],
  [
    'before 1.5 nobody asks for machine types',
    {
      vm: domain({ machine: { type: 'pc-q35-9.2' } }),
      node: labels({ 'machine-type.node.kubevirt.io/pc-q35-9.2': undefined }),
      change: (snapshot) => {
        snapshot.versions.kubevirt = 'v1.4.1';
      },
    },
    'possible',
    [],
  ],
  [
    'dedicated CPUs without the static CPU manager',
    { vm: domain({ cpu: { cores: 2, model: 'host-model', dedicatedCpuPlacement: true } }) },
    'impossible',
    [/^node t lacks the static CPU manager/],
  ],
  [
    'dedicated CPUs with it',
    {
      vm: domain({ cpu: { cores: 2, model: 'host-model', dedicatedCpuPlacement: true } }),
      node: labels({ cpumanager: 'true' }),
    },
    'possible',
    [],
  ],
  [
    'a TSC frequency that the node does not offer',
    { vm: { change: ({ vmi }) => Object.assign(vmi.status!, { topologyHints: { tscFrequency: 2_900_000_000 } }) } },
    'impossible',
    [/^node t lacks the TSC frequency 2900000000 Hz$/],
  ],
  [
    'huge pages that are not reserved there',
    { vm: domain({ memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } } }), node: has({ 'hugepages-1Gi': '3Gi' }) },
    'impossible',
    [/the VM needs 4 GiB hugepages-1Gi; free: 3 GiB/],
  ],
  [
    'every resource of which it has too little',
    { node: has({ cpu: '100m', memory: '1Gi' }) },
    'impossible',
    [/200m CPU/, /4.27 GiB memory; free: /],
  ],
  [
    'what was plugged in counts, though the running pod knows nothing of it',
    {
      vm: { change: ({ vmi }) => Object.assign(vmi.spec.domain, { memory: { guest: '8Gi' } }) },
      node: has({ memory: '7Gi' }),
    },
    'impossible',
    [/the VM needs 8.27 GiB memory/],
  ],
  [
    'a bridge that is not there, though the VM has it now',
    { vm: onVlan, objects: [bridge, network('n1', ['br1']), network('t', ['eno1'])] },
    'impossible',
    [/^node t has no bridge br1 that is up, which the VM's network vms\/vlan10 needs$/],
  ],
  [
    'a bridge that is there',
    { vm: onVlan, objects: [bridge, network('n1', ['br1']), network('t', ['br1'])] },
    'possible',
    [],
  ],
  [
    "a bridge that even the VM's own node does not tell of",
    { vm: onVlan, objects: [bridge, network('n1', ['eno1']), network('t', ['eno1'])] },
    'possible',
    [],
  ],
  [
    'a node of whose network nothing is known',
    { vm: onVlan, objects: [bridge, network('n1', ['br1'])] },
    'possible',
    [],
  ],
  [
    'a physical network that OVN-Kubernetes does not map there',
    { vm: onVlan, objects: [localnet, network('n1', [], ['physnet']), network('t', [])] },
    'impossible',
    [/^node t has no bridge for the physical network physnet/],
  ],
  [
    'a volume of another zone',
    {
      vm: { claims: ['c'] },
      objects: [claim('c', { volumeName: 'pv1' }), volume('pv1', 'a')],
      node: labels({ 'topology.kubernetes.io/zone': 'b' }),
    },
    'impossible',
    [/^node t can't reach the VM's volume disk0: PersistentVolume pv1 is for other nodes$/],
  ],
  [
    'a volume of its zone',
    { vm: { claims: ['c'] }, objects: [claim('c', { volumeName: 'pv1' }), volume('pv1', 'a')] },
    'possible',
    [],
  ],
  [
    'a zone that would get too many, where the VM cannot be told its target',
    {
      vm: spreadByZone,
      objects: vm('web2', { on: 't', labels: { app: 'web' } }),
      node: labels({ 'topology.kubernetes.io/zone': 'b' }),
      change: (snapshot) => {
        before16(snapshot);
        if (snapshot.lists.nodes.known) labels({ 'topology.kubernetes.io/zone': 'c' })(snapshot.lists.nodes.items[1]!);
      },
    },
    'impossible',
    [/topology.kubernetes.io\/zone=b has 1, the emptiest 0, and the difference may be 1/],
  ],
  [
    'the same where it is told: the scheduler only counts nodes that the pod may use',
    {
      vm: spreadByZone,
      objects: vm('web2', { on: 't', labels: { app: 'web' } }),
      node: labels({ 'topology.kubernetes.io/zone': 'b' }),
    },
    'possible',
    [],
  ],
];

describe('a node as a target', () => {
  test.each(rows)('%s', (_, given, verdict, expected) => {
    const { snapshot, ...told } = target(given);
    expect([told.verdict, told.reasons.map(({ message }) => message)]).toEqual([
      verdict,
      expected.map((message) => expect.stringMatching(message)),
    ]);
    for (const finding of [...told.reasons, ...told.cautions])
      for (const evidence of finding.evidence) expect(literal(snapshot, evidence)).toEqual(evidence.value);
  });
});

describe('what speaks against a node without ruling it out', () => {
  test.each<[string, Case, RegExp[]]>([
    ['nothing', {}, []],
    [
      'another processor under a host-passthrough guest',
      {
        vm: domain({ cpu: { cores: 2, model: 'host-passthrough' } }),
        node: labels({ 'host-model-cpu.node.kubevirt.io/Skylake-Server': undefined }),
      },
      [/another processor than n1 \(it lacks Skylake-Server\)/],
    ],
    ['the same processor under it', { vm: domain({ cpu: { cores: 2, model: 'host-passthrough' } }) }, []],
    [
      'a taint that only asks',
      { node: ({ spec }) => void Object.assign(spec!, { taints: [{ key: 'last', effect: 'PreferNoSchedule' }] }) },
      [/to be used last/],
    ],
    [
      'two migrations on their way',
      { objects: [...arriving('a'), ...arriving('b')] },
      [/^2 migrations are on their way/],
    ],
    ['one migration on its way', { objects: arriving('a') }, []],
  ])('%s', (_, given, expected) => {
    const { cautions, verdict, snapshot } = target(given);
    expect(verdict).toBe('possible');
    expect(cautions.map(({ message }) => message)).toEqual(expected.map((each) => expect.stringMatching(each)));
    for (const evidence of cautions.flatMap((each) => each.evidence))
      expect(literal(snapshot, evidence)).toEqual(evidence.value);
  });
});

function arriving(name: string): KubeObject[] {
  const moving = vm(name, {
    on: 'n2',
    change: ({ vmi }) =>
      Object.assign(vmi.status!, { migrationState: { migrationUid: `uid-m-${name}`, targetNode: 't' } }),
  });
  return [...moving, migration(`m-${name}`, name, 'Running')];
}

test('the VM itself comes first: where it can only restart, no node is more than that', () => {
  const { item, verdict } = target({
    vm: { claims: ['c'] },
    objects: [claim('c', { accessModes: ['ReadWriteOnce'] })],
  });
  expect([item.verdict, verdict]).toEqual(['cold', 'possible-cold']);
  expect(item.findings.map(({ check }) => check)).toContain('storage/shared-volumes');
});

test('a stopped VM may start on any of the nodes', () => {
  const snapshot = snapshotOf([...nodes(2), ...vm('web', { on: undefined })]);
  const [item] = targetReport(snapshot, vmsOf(snapshot)).items;
  expect(item?.nodes.map(({ node: name, verdict }) => [name, verdict])).toEqual([
    ['n1', 'possible-cold'],
    ['n2', 'possible-cold'],
  ]);
});

test('the best nodes come first, and the report is as documented', async () => {
  const snapshot = snapshotOf([
    ...nodes(5, (each, index) => {
      if (index === 1) has({ memory: '64Gi' })(each);
      if (index === 2) each.spec = { taints: [{ key: 'last', effect: 'PreferNoSchedule' }] };
      if (index === 3) labels({ 'cpu-feature.node.kubevirt.io/vmx': undefined })(each);
      if (index === 4) each.spec = { unschedulable: true };
    }),
    node('n6'),
    handlerPod('n6'),
    node('n7'),
    handlerPod('n7'),
    ...vm('heavy', { on: 'n7', memory: '32Gi' }),
    ...vm('web', { on: 'n1' }),
  ]);
  const report = targetReport(
    snapshot,
    vmsOf(snapshot).filter(({ name }) => name === 'web'),
  );
  expect(report.items[0]?.nodes.map(({ node: name, verdict }) => `${name} ${verdict}`)).toEqual([
    'n6 possible',
    'n2 possible',
    'n7 possible',
    'n3 possible',
    'n4 possible-cold',
    'n5 impossible',
  ]);
  await expect(`${JSON.stringify(report, null, 2)}\n`).toMatchFileSnapshot('../../test/golden/target-report.json');
  const backwards = structuredClone(snapshot);
  for (const listing of Object.values(backwards.lists)) if (listing.known) listing.items.reverse();
  expect(
    targetReport(
      backwards,
      vmsOf(backwards).filter(({ name }) => name === 'web'),
    ),
  ).toEqual(report);
});
