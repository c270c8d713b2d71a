import { domain, running, table } from '../testing/table.ts';
import { nodeLocalData } from './node-local-data.ts';

const disk = (name: string, more: object) => domain({ devices: { disks: [{ name, ...more }] } });

table(nodeLocalData, [
  [
    'container disks and scratch disks travel with the memory',
    {
      vm: running({
        volumes: [
          { name: 'root', containerDisk: { image: 'fedora' } },
          { name: 'scratch', emptyDisk: { capacity: '1Gi' } },
        ],
      }),
    },
    [['info', /written to root \(containerDisk\), scratch \(emptyDisk\) lies in its pod/]],
  ],
  [
    'a read-only CD-ROM is written nothing to',
    {
      vm: running({
        domain: disk('tools', { cdrom: { bus: 'sata' } }),
        volumes: [{ name: 'tools', containerDisk: { image: 'virtio-win' } }],
      }),
    },
    [],
  ],
  [
    'a writable one is',
    {
      vm: running({
        domain: disk('tools', { cdrom: { bus: 'sata', readonly: false } }),
        volumes: [{ name: 'tools', containerDisk: { image: 'x' } }],
      }),
    },
    [['info', /tools/]],
  ],
  [
    'cloud-init and claims are not worth a word',
    { vm: running({ volumes: [{ name: 'init', cloudInitNoCloud: {} }] }) },
    [],
  ],
]);
