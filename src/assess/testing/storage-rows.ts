/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import { claim, handlerPod, migration, node, vm } from '../../model/testing/fixtures.ts';
import { quota, type Row } from './vm-objects.ts';

export const storageRows: Row[] = [
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
    'a host disk that is not shared does not move',
    vm('web', { on: 'n1', spec: { volumes: [{ name: 'd', hostDisk: { path: '/d.img', type: 'Disk' } }] } }),
    'blocked',
    [['storage/shared-volumes', 'blocker', /volume d is a file on the node's own disk/]],
  ],
  [
    "its finished migrations don't matter",
    [...vm('web', { on: 'n1' }), migration('m1', 'web', 'Succeeded')],
    'live',
    [],
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
    'waiting migrations take no slot',
    [...vm('web', { on: 'n1' }), ...['a', 'b', 'c', 'd', 'e'].map((name) => migration(`m-${name}`, name, 'Pending'))],
    'live',
    [],
  ],
  ['a quota with room is none of our business', [...vm('web', { on: 'n1' }), quota('60Gi', '4372Mi')], 'live', []],
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
];
