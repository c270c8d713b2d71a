import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding, Severity, Verdict } from '../model/finding.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import {
  claim,
  daemonSet,
  handlerPod,
  kubeVirt,
  migration,
  NAMESPACE,
  node,
  nodes,
  snapshotOf,
  storageClass,
  vm,
} from '../model/testing/fixtures.ts';
import { vmsOf } from '../model/vm.ts';
import { checkVms } from './assess.ts';
import { checks } from './checks/index.ts';
import { literal } from './testing/literal.ts';

const classes = [
  storageClass('nfs', 'csi.trident.netapp.io', { backendType: 'ontap-nas' }),
  storageClass('smb', 'csi.trident.netapp.io', { backendType: 'ontap-nas' }),
  storageClass('iscsi', 'csi.trident.netapp.io', { backendType: 'ontap-san' }),
  storageClass('gp3', 'ebs.csi.aws.com'),
  storageClass('lvms', 'topolvm.io'),
  storageClass('static', 'kubernetes.io/no-provisioner'),
];

/** What is said about the VM `web` in a healthy three-node cluster with these objects besides. */
function check(objects: KubeObject[], { target, change, count = 3 }: Options = {}) {
  const snapshot = snapshotOf([...nodes(count), ...classes, ...objects], change);
  const report = checkVms(snapshot, vmsOf(snapshot), target === undefined ? {} : { target });
  const item = report.items.find(({ vm: { name } }) => name === 'web');
  if (item === undefined) throw new Error('there is no VM web');
  return { ...item, cluster: report.cluster ?? [], snapshot };
}

interface Options {
  target?: string;
  change?: (snapshot: Snapshot) => void;
  count?: number;
}

type Row = [string, KubeObject[], Verdict, [string, Severity, RegExp][], Options?];

const condition = (type: string, reason: string, message: string) => ({
  change: ({ vmi }: { vmi: { status?: { conditions?: unknown } } }) => {
    vmi.status!.conditions = [
      { type: 'LiveMigratable', status: 'True' },
      { type: 'StorageLiveMigratable', status: 'True' },
    ].map((known) => (known.type === type ? { type, status: 'False', reason, message } : known));
  },
});

const labelled = (labels: Record<string, string>) => (object: KubeObject) =>
  Object.assign(object.metadata.labels!, labels);

const quota = (hard: string, used: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'team', namespace: NAMESPACE },
    spec: { hard: { 'requests.memory': hard } },
    status: { hard: { 'requests.memory': hard }, used: { 'requests.memory': used } },
  }) as KubeObject;

const rows: Row[] = [
  ['a running VM on shared storage can move live', [...vm('web', { on: 'n1', claims: ['c'] }), claim('c')], 'live', []],
  [
    'SMB shares are as good as NFS',
    [...vm('web', { on: 'n1', claims: ['c'] }), claim('c', { storageClassName: 'smb' })],
    'live',
    [],
  ],
  [
    'iSCSI as raw block is shared',
    [...vm('web', { on: 'n1', claims: ['c'] }), claim('c', { storageClassName: 'iscsi', volumeMode: 'Block' })],
    'live',
    [],
  ],
  [
    'a file system on shared iSCSI is not',
    [...vm('web', { on: 'n1', claims: ['c'] }), claim('c', { storageClassName: 'iscsi' })],
    'cold',
    [['storage/raw-block', 'blocker', /claim c.*block storage of class iscsi/]],
  ],
  [
    'an EBS volume moves cold only',
    [
      ...vm('web', { on: 'n1', claims: ['c'] }),
      claim('c', { storageClassName: 'gp3', accessModes: ['ReadWriteOnce'] }),
    ],
    'cold',
    [['storage/shared-volumes', 'blocker', /claim c, which only one node can mount \(ReadWriteOnce\)/]],
  ],
  [
    'one unshared volume among shared ones is enough',
    [...vm('web', { on: 'n1', claims: ['a', 'b'] }), claim('a'), claim('b', { accessModes: ['ReadWriteOnce'] })],
    'cold',
    [['storage/shared-volumes', 'blocker', /volume disk1 uses claim b/]],
  ],
  [
    'a volume on a node of its own does not move at all',
    [
      ...vm('web', { on: 'n1', claims: ['c'] }),
      claim('c', { storageClassName: 'lvms', accessModes: ['ReadWriteOnce'] }),
    ],
    'blocked',
    [
      ['storage/local-volumes', 'blocker', /class lvms, whose volumes stay on one node \(topolvm\.io\)/],
      ['storage/shared-volumes', 'blocker', /ReadWriteOnce/],
    ],
  ],
  [
    'a local class whose claim says ReadWriteMany is doubted',
    [...vm('web', { on: 'n1', claims: ['c'] }), claim('c', { storageClassName: 'static' })],
    'live',
    [['storage/local-volumes', 'warning', /though the claim is ReadWriteMany/]],
  ],
  [
    'a claim that does not exist stops everything',
    vm('web', { on: 'n1', claims: ['gone'] }),
    'blocked',
    [['storage/shared-volumes', 'blocker', /claim gone, which does not exist/]],
  ],
  [
    'what virt-handler saw stands in where the claims are not known',
    vm('web', {
      on: 'n1',
      claims: ['c'],
      change: ({ vmi }) => {
        vmi.status!.volumeStatus = [
          {
            name: 'disk0',
            target: 'vda',
            persistentVolumeClaimInfo: { claimName: 'c', accessModes: ['ReadWriteOnce'] as never },
          },
        ];
      },
    }),
    'cold',
    [
      ['storage/shared-volumes', 'blocker', /claim c/],
      ['snapshot/complete', 'warning', /claims could not be read \(forbidden: no\); not fully checked: all volumes/],
    ],
    {
      change: ({ lists }) => {
        lists.claims = {
          known: false,
          why: 'forbidden',
          message: 'no',
          rule: { apiGroup: '', resource: 'persistentvolumeclaims', verb: 'list' },
        };
      },
    },
  ],
  [
    'a host disk that is not shared does not move',
    vm('web', { on: 'n1', spec: { volumes: [{ name: 'd', hostDisk: { path: '/d.img', type: 'Disk' } }] } }),
    'blocked',
    [['storage/shared-volumes', 'blocker', /volume d is a file on the node's own disk/]],
  ],
  ['a stopped VM moves cold', vm('web'), 'cold', [['vm/running', 'blocker', /the VM is stopped/]]],
  [
    'a VM that is starting can not migrate yet',
    vm('web', { on: 'n1', change: ({ vmi }) => Object.assign(vmi.status!, { phase: 'Scheduling' }) }),
    'cold',
    [['vm/running', 'blocker', /not running yet: its instance is Scheduling/]],
  ],
  [
    'a bare VMI that can not migrate can not be restarted either',
    vm('web', { on: 'n1', ...condition('LiveMigratable', 'SEVNotLiveMigratable', 'VMI uses SEV') }).slice(1),
    'blocked',
    [
      ['vm/live-migratable', 'blocker', /SEVNotLiveMigratable: VMI uses SEV/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
      ['vm/preemption-and-node-loss', 'info', /nothing starts it again/],
    ],
  ],
  [
    "KubeVirt's own verdict is quoted",
    vm('web', { on: 'n1', ...condition('LiveMigratable', 'InterfaceNotLiveMigratable', 'cannot migrate VMI which') }),
    'cold',
    [
      ['vm/live-migratable', 'blocker', /InterfaceNotLiveMigratable: cannot migrate VMI which/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
    ],
  ],
  [
    'where only the disks are in the way, moving them along is offered',
    vm('web', { on: 'n1', ...condition('LiveMigratable', 'DisksNotLiveMigratable', 'PVC c is not shared') }),
    'cold',
    [
      ['vm/live-migratable', 'blocker', /DisksNotLiveMigratable: PVC c is not shared/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
      ['storage/volume-migration', 'info', /only its disks keep it/],
    ],
  ],
  [
    'other causes that KubeVirt names are told',
    vm('web', { on: 'n1', ...condition('StorageLiveMigratable', 'NotMigratable', 'A: b, C: d') }),
    'live',
    [['vm/storage-live-migratable', 'info', /NotMigratable: A: b, C: d/]],
  ],
  [
    'a condition that is not set is not taken for True',
    vm('web', { on: 'n1', change: ({ vmi }) => Object.assign(vmi.status!, { conditions: [] }) }),
    'live',
    [['vm/live-migratable', 'warning', /not said yet/]],
  ],
  [
    'a VM that migrates already is not migrated again',
    [...vm('web', { on: 'n1' }), migration('m1', 'web', 'Running')],
    'blocked',
    [['vm/unfinished-migration', 'blocker', /migration m1 of this VM is Running/]],
  ],
  [
    "its finished migrations don't matter",
    [...vm('web', { on: 'n1' }), migration('m1', 'web', 'Succeeded')],
    'live',
    [],
  ],
  [
    'a failed migration before is a warning, with the reason',
    [
      ...vm('web', { on: 'n1' }),
      migration('m1', 'web', 'Failed', ({ status }) => {
        status!.migrationState = { failureReason: 'Live migration stuck for 150 seconds and has been aborted' };
      }),
    ],
    'live',
    [['workload/intensity', 'warning', /\(m1\) failed: Live migration stuck for 150 seconds.*1 of the last 1 did/]],
  ],
  [
    'a host device that another node offers: cold',
    [
      node('gpu', (object) => Object.assign(object.status!.allocatable!, { 'nvidia.com/T4': '1' })),
      handlerPod('gpu'),
      ...vm('web', {
        on: 'n1',
        spec: {
          domain: { devices: { hostDevices: [{ name: 'g', deviceName: 'nvidia.com/T4' }] }, memory: { guest: '4Gi' } },
        },
        ...condition('LiveMigratable', 'HostDeviceNotLiveMigratable', 'VMI uses a PCI host devices'),
      }),
    ],
    'cold',
    [
      ['vm/host-devices', 'blocker', /nvidia\.com\/T4 \(g\); 1 other node offers one/],
      ['vm/live-migratable', 'blocker', /HostDevice/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
    ],
  ],
  [
    'a host device that no other node offers: blocked',
    vm('web', {
      on: 'n1',
      spec: { domain: { devices: { gpus: [{ name: 'g', deviceName: 'nvidia.com/T4' }] }, memory: { guest: '4Gi' } } },
      ...condition('LiveMigratable', 'HostDeviceNotLiveMigratable', 'VMI uses a PCI host devices'),
    }),
    'blocked',
    [
      [
        'target/possible',
        'blocker',
        /2 without room; for example, n2 has no room: the VM needs 1 nvidia.com\/T4; free: 0/,
      ],
      ['vm/host-devices', 'blocker', /which no other node offers/],
      ['vm/live-migratable', 'blocker', /HostDevice/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
    ],
  ],
  [
    'a VM pinned to its node stays there',
    vm('web', { on: 'n1', spec: { nodeSelector: { 'kubernetes.io/hostname': 'n1' } } }),
    'blocked',
    [
      ['placement/pinned', 'blocker', /tied to its node n1 by name/],
      [
        'target/possible',
        'blocker',
        /none of the 2 other nodes can take it: 2 not matching its node selector; for example, n2 does not match the node selector kubernetes.io\/hostname=n1/,
      ],
    ],
  ],
  [
    'the pin of an earlier migration is not carried over',
    vm('web', {
      on: 'n1',
      change: ({ pod }) => Object.assign(pod.spec!.nodeSelector!, { 'kubernetes.io/hostname': 'n1' }),
    }),
    'live',
    [],
  ],
  [
    'required node affinity is heeded',
    vm('web', {
      on: 'n1',
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] },
              ],
            },
          },
        },
      },
    }),
    'blocked',
    [['target/possible', 'blocker', /2 not matching its node affinity/]],
  ],
  [
    'a host-model VM needs the same CPU, and can be restarted on another',
    [
      node('other', ({ metadata }) => {
        delete metadata.labels!['cpu-model-migration.node.kubevirt.io/Skylake-Server'];
      }),
      handlerPod('other'),
      ...vm('web', { on: 'n1', spec: { nodeSelector: { disk: 'x' } } }),
    ],
    'cold',
    [
      [
        'target/possible',
        'blocker',
        /2 not matching.*, 1 with another CPU; for example, other lacks the CPU model Skylake-Server/,
      ],
    ],
    {
      change: ({ lists }) => {
        if (!lists.nodes.known) return;
        for (const object of lists.nodes.items) {
          if (['n1', 'other'].includes(object.metadata.name)) labelled({ disk: 'x' })(object);
        }
      },
    },
  ],
  [
    'VMs that must not share a zone stay apart',
    [
      ...vm('web', { on: 'n1', labels: { app: 'web' } }),
      ...vm('web2', {
        on: 'n2',
        labels: { app: 'web' },
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: { app: 'web' } } },
              ],
            },
          },
        },
      }),
    ],
    'blocked',
    [
      [
        'target/possible',
        'blocker',
        /2 ruled out by pod \(anti-\)affinity.*pod vms\/virt-launcher-web2's required anti-affinity/,
      ],
    ],
  ],
  [
    'no room anywhere is told in numbers',
    vm('web', { on: 'n1', memory: '250Gi' }),
    'blocked',
    [
      [
        'target/possible',
        'blocker',
        /2 without room; for example, n2 has no room: the VM needs 250 GiB memory; free: 25.7 GiB memory/,
      ],
      ['workload/intensity', 'info', /250 GiB of memory/],
    ],
    {
      change: ({ lists }) => {
        if (lists.nodes.known)
          for (const object of lists.nodes.items.slice(1)) object.status!.allocatable!['memory'] = '26Gi';
      },
    },
  ],
  [
    'a single node has no other',
    vm('web', { on: 'n1' }),
    'blocked',
    [
      ['target/possible', 'blocker', /there is no other node that runs VMs/],
      ['vm/eviction-strategy', 'warning', /VMCannotBeEvicted/],
    ],
    { count: 1 },
  ],
  [
    'a source that is NotReady can send nothing',
    vm('web', { on: 'n1' }),
    'blocked',
    [['nodes/source-ready', 'blocker', /its node n1 is NotReady: kubelet stopped/]],
    {
      change: ({ lists }) => {
        if (lists.nodes.known)
          lists.nodes.items[0]!.status!.conditions = [{ type: 'Ready', status: 'Unknown', message: 'kubelet stopped' }];
      },
    },
  ],
  [
    'a source that is not CoreOS is told on OpenShift',
    vm('web', { on: 'n1' }),
    'cold',
    [['nodes/coreos', 'blocker', /runs Red Hat Enterprise Linux 8.6/]],
    {
      change: ({ lists }) => {
        if (lists.nodes.known)
          lists.nodes.items[0]!.status!.nodeInfo = { osImage: 'Red Hat Enterprise Linux 8.6 (Ootpa)' } as never;
      },
    },
  ],
  [
    'any Linux will do elsewhere',
    vm('web', { on: 'n1' }),
    'live',
    [],
    {
      change: ({ lists, versions }) => {
        versions.openshift = false;
        if (lists.nodes.known) lists.nodes.items[0]!.status!.nodeInfo = { osImage: 'Debian GNU/Linux 13' } as never;
      },
    },
  ],
  [
    'virt-handler that is not ready on the source stops a migration',
    [node('n9'), handlerPod('n9', false), ...vm('web', { on: 'n9' })],
    'cold',
    [['health/virt-handler', 'blocker', /virt-handler on its node n9 \(pod virt-handler-n9\) is not ready/]],
  ],
  [
    'a full cluster makes it wait, and is no blocker',
    [...vm('web', { on: 'n1' }), ...['a', 'b', 'c', 'd', 'e'].map((name) => migration(`m-${name}`, name, 'Running'))],
    'live',
    [
      [
        'limits/parallel-migrations',
        'warning',
        /5 of 5 migrations of the cluster are under way: this one would wait in Pending/,
      ],
    ],
  ],
  [
    'waiting migrations take no slot',
    [...vm('web', { on: 'n1' }), ...['a', 'b', 'c', 'd', 'e'].map((name) => migration(`m-${name}`, name, 'Pending'))],
    'live',
    [],
  ],
  [
    'a full source node makes it wait',
    [
      ...vm('web', { on: 'n1' }),
      ...vm('a', { on: 'n1' }),
      ...vm('b', { on: 'n1' }),
      migration('m-a', 'a', 'Running'),
      migration('m-b', 'b', 'Scheduling'),
    ],
    'live',
    [['limits/parallel-migrations', 'warning', /2 of 2 outbound migrations of node n1/]],
  ],
  [
    'a quota without room for a second pod is told in numbers',
    [...vm('web', { on: 'n1' }), quota('6Gi', '4372Mi')],
    'cold',
    [
      [
        'quota/second-pod',
        'blocker',
        /quota team.*requests.memory is 6 GiB memory, 4.27 GiB memory is used, and 4.27 GiB memory more/,
      ],
    ],
  ],
  ['a quota with room is none of our business', [...vm('web', { on: 'n1' }), quota('60Gi', '4372Mi')], 'live', []],
  [
    'a bandwidth limit that no migration can finish under is told',
    [...vm('web', { on: 'n1' })],
    'live',
    [
      [
        'workload/intensity',
        'warning',
        /at 4 MiB\/s one pass over its 4 GiB of memory takes 1024 s, more than the 750 s/,
      ],
    ],
    {
      change: ({ lists }) => {
        lists.kubeVirts = { known: true, items: [kubeVirt({ bandwidthPerMigration: '4Mi' })] };
      },
    },
  ],
  [
    'a very large VM is better off with a network of its own',
    vm('web', { on: 'n1', memory: '120Gi' }),
    'live',
    [['workload/intensity', 'info', /120 GiB of memory, and migrations share the network/]],
  ],
  [
    'a node selector for a key that is a label of no node leaves no target',
    vm('web', { on: 'n1', spec: { nodeSelector: { rack: '7' } } }),
    'blocked',
    [['target/possible', 'blocker', /it has no such label/]],
  ],
  // --to NODE
  ['the node that was asked for can take it', vm('web', { on: 'n1' }), 'live', [], { target: 'n2' }],
  [
    'there is no such node',
    vm('web', { on: 'n1' }),
    'blocked',
    [['target/possible', 'blocker', /there is no node nowhere/]],
    { target: 'nowhere' },
  ],
  [
    'it is already there',
    vm('web', { on: 'n1' }),
    'blocked',
    [['target/possible', 'blocker', /it is already on n1/]],
    { target: 'n1' },
  ],
  [
    'the target is cordoned',
    [
      node('t', (object) =>
        Object.assign(object, {
          spec: { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] },
        }),
      ),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t is cordoned$/]],
    { target: 't' },
  ],
  [
    'the target is NotReady',
    [
      node('t', (object) => {
        object.status!.conditions = [{ type: 'Ready', status: 'False', message: 'PLEG is not healthy' }];
      }),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t is NotReady: PLEG is not healthy$/]],
    { target: 't' },
  ],
  [
    'the target has a taint',
    [
      node('t', (object) =>
        Object.assign(object, { spec: { taints: [{ key: 'gpu', value: 'only', effect: 'NoSchedule' }] } }),
      ),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t has the taint gpu=only:NoSchedule, which the VM does not tolerate$/]],
    { target: 't' },
  ],
  [
    'a taint that is tolerated is none',
    [
      node('t', (object) =>
        Object.assign(object, { spec: { taints: [{ key: 'gpu', value: 'only', effect: 'NoSchedule' }] } }),
      ),
      handlerPod('t'),
      ...vm('web', { on: 'n1', spec: { tolerations: [{ key: 'gpu', operator: 'Exists' }] } }),
    ],
    'live',
    [],
    { target: 't' },
  ],
  [
    'the target has no room left',
    [
      node('t', (object) => Object.assign(object.status!.allocatable!, { cpu: '100m' })),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t has no room: the VM needs 200m CPU; free: 90m CPU$/]],
    { target: 't' },
  ],
  [
    'the target has no place for another pod',
    [
      node('t', (object) => Object.assign(object.status!.allocatable!, { pods: '1' })),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t has no room: the VM needs 1 pod; free: 0 pods$/]],
    { target: 't' },
  ],
  [
    'virt-handler on the target is not ready',
    [node('t'), handlerPod('t', false), ...vm('web', { on: 'n1' })],
    'blocked',
    [['target/possible', 'blocker', /^node t has a virt-handler pod \(virt-handler-t\) that is not ready$/]],
    { target: 't' },
  ],
  [
    'the target runs no VMs at all',
    [
      node('t', ({ metadata }) => {
        delete metadata.labels!['kubevirt.io/schedulable'];
      }),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t runs no VMs/]],
    { target: 't' },
  ],
  [
    'a KubeVirt that can not be told a target says so',
    vm('web', { on: 'n1' }),
    'cold',
    [['target/possible', 'blocker', /addedNodeSelector came with v1.6/]],
    {
      target: 'n2',
      change: ({ versions }) => {
        versions.kubevirt = 'v1.5.3';
      },
    },
  ],
];

const brief = ({ check, severity, message }: Finding): [string, Severity, string] => [check, severity, message];

test.each(rows)('%s', (_, objects, verdict, expected, options = {}) => {
  const item = check(objects, options);
  expect(item.findings.map(brief)).toEqual(
    expected.map(([id, severity, message]) => [id, severity, expect.stringMatching(message)]),
  );
  expect(item.verdict).toBe(verdict);
  for (const finding of item.findings) {
    expect(finding.evidence.length).toBeGreaterThan(0);
    for (const evidence of finding.evidence) {
      const there = literal(item.snapshot, evidence);
      if (there !== undefined) expect([evidence.field, evidence.value]).toEqual([evidence.field, there]);
    }
    expect(finding.remedy).toMatch(/\.$|ferry /);
    expect(finding.allows === undefined).toBe(finding.severity !== 'blocker');
  }
});

describe('what is not known is never passed', () => {
  const lists = [
    'nodes',
    'pods',
    'claims',
    'storageClasses',
    'migrations',
    'daemonSets',
    'kubeVirts',
    'resourceQuotas',
  ] as const;
  test.each(lists)('%s forbidden: a warning names the list and the rule', (name) => {
    const item = check([...vm('web', { on: 'n1', claims: ['c'] }), claim('c')], {
      change: (snapshot) => {
        snapshot.lists[name] = {
          known: false,
          why: 'forbidden',
          message: 'no',
          rule: { apiGroup: 'g', resource: name, verb: 'list' },
        };
      },
    });
    const found = item.findings.filter(({ check }) => check === 'snapshot/complete');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining(`${name} could not be read (forbidden`),
    });
    expect(found[0]!.remedy).toContain(`apiGroups: ["g"], resources: ["${name}"], verbs: ["list"]`);
    expect(item.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
  });

  test('pods of some namespaces only: room is judged by what nodes have at all, and a warning says so', () => {
    const change = ({ lists: { pods } }: Snapshot) => {
      if (pods.known) pods.onlyNamespaces = [NAMESPACE];
    };
    expect(check(vm('web', { on: 'n1', memory: '200Gi' }), { change }).findings.map(brief)).toEqual([
      ['snapshot/complete', 'warning', expect.stringContaining('pods could be read in the namespace vms only')],
      ['workload/intensity', 'info', expect.any(String)],
    ]);
    expect(check(vm('web', { on: 'n1', memory: '300Gi' }), { change }).verdict).toBe('blocked');
  });
});

test('a rollout of virt-handler is told about the cluster', () => {
  const { cluster } = check([...vm('web', { on: 'n1' }), node('n9'), handlerPod('n9', false)], {
    change: ({ lists }) => {
      lists.daemonSets = { known: true, items: [daemonSet(4, 3)] };
    },
  });
  expect(cluster.map(brief)).toEqual([
    ['health/virt-handler', 'warning', 'virt-handler is ready on 3 of 4 nodes; not ready on n9'],
  ]);
});

test('every check has an id of its own, a title and a source', () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  for (const { id, title, source } of checks) {
    expect(id).toMatch(/^[a-z]+\/[a-z-]+$/);
    expect(title).not.toBe('');
    expect(source).toMatch(/mission|facts/);
  }
});

test('the report does not depend on the order of anything', () => {
  const objects = [
    ...nodes(3),
    ...classes,
    ...rows.filter(([, , , , options]) => options === undefined).flatMap(([, own], index) => renamed(own, index)),
  ];
  const report = (all: KubeObject[]) => {
    const snapshot = snapshotOf(all);
    return JSON.stringify(checkVms(snapshot, vmsOf(snapshot).toReversed()));
  };
  const expected = report(objects);
  expect(JSON.parse(expected).items.length).toBeGreaterThan(30);
  fc.assert(
    fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
      expect(report(shuffled)).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

/** The objects of a row, in a namespace of their own, so that all rows fit into one cluster. */
function renamed(objects: KubeObject[], index: number): KubeObject[] {
  return objects.map((object) => {
    const copy = structuredClone(object);
    if (copy.metadata.namespace === NAMESPACE) copy.metadata.namespace = `ns${index}`;
    const { labels } = copy.metadata;
    if (copy.metadata.uid !== undefined) copy.metadata.uid += `-${index}`;
    if (labels?.['kubevirt.io/created-by'] !== undefined) labels['kubevirt.io/created-by'] += `-${index}`;
    return copy;
  });
}

test('the shape of a report', async () => {
  const snapshot = snapshotOf([
    ...nodes(2),
    ...classes,
    ...vm('db', { on: 'n1', claims: ['data'] }),
    claim('data', { storageClassName: 'gp3', accessModes: ['ReadWriteOnce'] }),
    ...vm('off'),
    ...vm('web', { on: 'n2' }),
  ]);
  const report = checkVms(snapshot, vmsOf(snapshot));
  await expect(`${JSON.stringify(report, null, 2)}\n`).toMatchFileSnapshot('../../test/golden/check-report.json');
});
