import type { Scenario } from './scenario.ts';
import { local, nfs } from './storage.ts';

/** Single-node OpenShift: nothing can move anywhere, and HyperConverged leaves the eviction strategy at None. */
export const sno: Scenario = {
  name: 'sno',
  description: 'a single node: nothing has anywhere to go',
  nodes: [
    {
      prefix: 'sno',
      count: 1,
      role: 'control-plane',
      runsVms: true,
      cores: 32,
      memory: '128Gi',
      sockets: 1,
      nicGbps: 10,
    },
  ],
  namespaces: [{ name: 'plant', labels: { site: 'edge-17' } }],
  storage: [local, nfs],
  vms: [
    {
      name: 'scada-gateway',
      namespace: 'plant',
      cores: 4,
      memory: '8Gi',
      node: 'sno-0',
      ageDays: 210,
      evictionStrategy: 'LiveMigrate',
      disks: [{ name: 'rootdisk', storage: 'ontap-nas', size: '40Gi' }],
      workload: { cpu: 0.7 },
    },
    {
      name: 'historian',
      namespace: 'plant',
      cores: 4,
      memory: '16Gi',
      node: 'sno-0',
      ageDays: 210,
      disks: [
        { name: 'rootdisk', storage: 'lvms-vg1', size: '60Gi' },
        { name: 'data', storage: 'lvms-vg1', size: '400Gi' },
      ],
      workload: { cpu: 1.2 },
    },
    {
      name: 'hmi-panel',
      namespace: 'plant',
      cores: 2,
      memory: '4Gi',
      node: 'sno-0',
      ageDays: 33,
      disks: [{ name: 'rootdisk', storage: 'ontap-nas', size: '40Gi' }],
      workload: { cpu: 0.2 },
    },
  ],
};
