import { domain, refused, running, table } from '../testing/table.ts';
import { virtiofs } from './virtiofs.ts';

const shares = { domain: domain({ devices: { filesystems: [{ name: 'home', virtiofs: {} }] } }) };
const no = refused('VirtIOFSNotLiveMigratable', 'VMI uses virtiofs');

table(virtiofs, [
  [
    '1.4 does not migrate it',
    { vm: running(shares, no), kubevirt: 'v1.4.1' },
    [['blocker', /directory home with virtiofs, which KubeVirt 1\.4 does not migrate/, 'cold']],
  ],
  ['1.5 does', { vm: running(shares), kubevirt: 'v1.5.3' }, []],
  ['disks are none', { vm: running(), kubevirt: 'v1.3.1' }, []],
]);
