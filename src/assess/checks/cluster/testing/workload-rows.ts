/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import { claim, node, storageClass, vm } from '../../../../model/testing/fixtures.ts';
import type { Row } from '../../../testing/subjects.ts';
import { on } from './objects.ts';

const guest = (domain: object) =>
  vm('web', { on: 'n1', spec: { domain: { devices: {}, memory: { guest: '4Gi' }, ...domain } } });

const manager = (...names: string[]) =>
  names.map((name) => node(name, ({ metadata }) => Object.assign(metadata.labels!, { cpumanager: 'true' })));

const huge = (...names: string[]) =>
  names.map((name) => node(name, ({ status }) => Object.assign(status!.allocatable!, { 'hugepages-1Gi': '64Gi' })));

const pages = guest({ memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } } });

export const workloadRows: Row[] = [
  [
    'cluster/spare-node',
    'no node has room for two',
    'warning',
    /if n1 failed, not all/,
    {
      count: 2,
      objects: [vm('web', { on: 'n1', memory: '100Gi' }), vm('db', { on: 'n2', memory: '200Gi' })].flat(),
      change: ({ lists }) => {
        if (lists.pods.known)
          lists.pods.items.find(({ metadata }) => metadata.name === 'virt-launcher-db')!.metadata.labels![
            'kubevirt.io/created-by'
          ] = 'none';
        if (lists.virtualMachineInstances.known) lists.virtualMachineInstances.items.pop();
        if (lists.virtualMachines.known) lists.virtualMachines.items.pop();
      },
    },
    { count: 2, objects: vm('web', { on: 'n1', memory: '100Gi' }) },
  ],
  [
    'cluster/spare-node',
    'any node may fail',
    'info',
    /whichever of the 3 nodes fails/,
    { objects: on() },
    { count: 1, objects: on() },
  ],
  [
    'eviction/audit',
    'VMs that block',
    'warning',
    /1 VM would keep a drain .*vms\/web/,
    {
      objects: vm('web', {
        on: 'n1',
        change: ({ vmi }) => {
          vmi.status!.conditions = [];
        },
      }),
    },
    { objects: on('LiveMigrate') },
  ],
  [
    'eviction/audit',
    'VMs that stay off',
    'warning',
    /1 VM would be shut down by a drain, and not started again/,
    { objects: on('None').slice(1) },
    { objects: on('None') },
  ],
  [
    'eviction/audit',
    'VMs that restart',
    'info',
    /1 VM would be restarted by a drain, not moved/,
    { objects: on('None') },
    { objects: on('LiveMigrate') },
  ],
  [
    'eviction/audit',
    'VMs that others must move',
    'info',
    /eviction strategy External/,
    { objects: on('External') },
    { objects: on('LiveMigrate') },
  ],
  [
    'workload/dedicated-cpu',
    'what they cost',
    'info',
    /1 VM has dedicated CPUs .* one connection instead of 8/,
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1', 'n2')], kubevirt: 'v1.9.0' },
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1', 'n2')] },
  ],
  [
    'workload/dedicated-cpu',
    'one node has the CPU manager',
    'warning',
    /nowhere to go: only n1 has/,
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1')] },
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1', 'n2')] },
  ],
  [
    'workload/hugepages',
    'a large VM without',
    'info',
    /1 VM of more than 100 GiB runs without huge pages: vms\/web \(128 GiB\)/,
    { objects: vm('web', { on: 'n1', memory: '128Gi' }) },
    { objects: vm('web', { on: 'n1', memory: '100Gi' }) },
  ],
  [
    'workload/hugepages',
    'one node has them',
    'warning',
    /nowhere to go: only n1 has any/,
    { objects: [...pages, ...huge('n1')] },
    { objects: [...pages, ...huge('n1', 'n2')] },
  ],
  [
    'storage/unshared',
    'disks of one node',
    'info',
    /1 of 1 running VM has a disk that only one node can use \(storage class gp3\)/,
    {
      objects: [
        ...vm('web', { on: 'n1', claims: ['c'] }),
        claim('c', { storageClassName: 'gp3', accessModes: ['ReadWriteOnce'] }),
        storageClass('gp3', 'ebs.csi.aws.com'),
      ],
    },
    { objects: [...vm('web', { on: 'n1', claims: ['c'] }), claim('c')] },
  ],
];
