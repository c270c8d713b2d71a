import { claim, vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { sharedVolumes } from './shared-volumes.ts';

const web = (...modes: string[]) => ({
  objects: [...vm('web', running({}, { claims: ['c'] })), claim('c', { accessModes: modes })],
});
const ephemeral = (...modes: string[]) => ({
  objects: [
    ...vm('web', running({ volumes: [{ name: 'root', ephemeral: { persistentVolumeClaim: { claimName: 'c' } } }] })),
    claim('c', { accessModes: modes }),
  ],
});
const host = (shared: boolean | undefined) => ({
  vm: running({
    volumes: [
      { name: 'img', hostDisk: { path: '/data/disk.img', type: 'Disk', ...(shared !== undefined && { shared }) } },
    ],
  }),
});

table(sharedVolumes, [
  ['ReadWriteMany is shared', web('ReadWriteMany'), []],
  ['also among others', web('ReadWriteOnce', 'ReadWriteMany'), []],
  [
    'ReadWriteOnce is one node',
    web('ReadWriteOnce'),
    [['blocker', /only one node can mount \(ReadWriteOnce\)/, 'cold']],
  ],
  ['ReadWriteOncePod is one pod', web('ReadWriteOncePod'), [['blocker', /only one pod can mount/, 'cold']]],
  [
    'ReadOnlyMany is not enough for KubeVirt',
    web('ReadOnlyMany'),
    [['blocker', /several nodes can read but only one can write \(ReadOnlyMany\)/, 'cold']],
  ],
  ['what is under an ephemeral volume is only read', ephemeral('ReadOnlyMany'), []],
  ['but has to be mounted on both', ephemeral('ReadWriteOnce'), [['blocker', /only one node can mount/, 'cold']]],
  ['a file on the node stays', host(undefined), [['blocker', /a file on the node's own disk/, 'nothing']]],
  ['unless the node shares it', host(true), []],
]);
