import type { KubeObject } from '../../../../model/objects.ts';
import { kubeVirt } from '../../../../model/testing/fixtures.ts';
import type { Row } from '../../../testing/subjects.ts';
import { CNV, macvlan, nad } from './objects.ts';

const hco = (values: Record<string, unknown>, annotations?: Record<string, string>): KubeObject =>
  ({
    apiVersion: 'hco.kubevirt.io/v1beta1',
    kind: 'HyperConverged',
    metadata: { name: 'kubevirt-hyperconverged', namespace: CNV, ...(annotations && { annotations }) },
    spec: { liveMigrationConfig: values },
  }) as KubeObject;

/** A setting as HyperConverged writes it. */
const set = (values: Record<string, unknown>): KubeObject[] => [hco(values), kubeVirt(values)];

export const settingsRows: Row[] = [
  [
    'settings/limits',
    'more from a node than in the cluster',
    'warning',
    /parallelOutboundMigrationsPerNode \(6\) is larger/,
    { objects: set({ parallelMigrationsPerCluster: 4, parallelOutboundMigrationsPerNode: 6 }) },
    { objects: set({ parallelMigrationsPerCluster: 4, parallelOutboundMigrationsPerNode: 4 }) },
  ],
  [
    'settings/limits',
    'none may run',
    'warning',
    /a limit of parallel migrations is 0/,
    { objects: set({ parallelMigrationsPerCluster: 0 }) },
    { objects: set({ parallelMigrationsPerCluster: 1 }) },
  ],
  [
    'settings/limits',
    'many at once on the network of applications',
    'info',
    /more migrations than usual run at once \(10/,
    { objects: set({ parallelMigrationsPerCluster: 10 }) },
    { objects: [...set({ parallelMigrationsPerCluster: 10, network: 'mig' }), nad(macvlan)] },
  ],
  [
    'settings/limits',
    'a limit that nodes never reach',
    'info',
    /\(9\) is never reached: 3 nodes may send 2 each/,
    { objects: set({ parallelMigrationsPerCluster: 9 }) },
    { objects: set({ parallelMigrationsPerCluster: 6 }) },
  ],
  [
    'settings/time-outs',
    'the default of 4.17, three releases later',
    'warning',
    /is 800 s, the default of OpenShift Virtualization 4\.17 and before; this release's is 150 s.*4 h instead of 45 min/,
    { objects: set({ completionTimeoutPerGiB: 800 }) },
    { objects: set({ completionTimeoutPerGiB: 800 }), kubevirt: 'v1.3.1' },
  ],
  [
    'settings/time-outs',
    'the default of 4.22 in the next one',
    'warning',
    /is 150 s, the default of 4\.18 to 4\.22; this release's is 20 s/,
    { objects: set({ completionTimeoutPerGiB: 150 }), kubevirt: 'v1.9.0' },
    { objects: set({ completionTimeoutPerGiB: 150 }), kubevirt: 'v1.8.0' },
  ],
  [
    'settings/time-outs',
    'no time-out',
    'warning',
    /completionTimeoutPerGiB is 0/,
    { objects: set({ completionTimeoutPerGiB: 0 }) },
    { objects: set({ completionTimeoutPerGiB: 1 }) },
  ],
  [
    'settings/time-outs',
    'no time-out of progress',
    'warning',
    /progressTimeout is 0/,
    { objects: set({ progressTimeout: 0 }) },
    { objects: set({ progressTimeout: 150 }) },
  ],
  [
    'settings/time-outs',
    'too slow for the time',
    'warning',
    /contradict each other/,
    { objects: set({ bandwidthPerMigration: '32Mi', completionTimeoutPerGiB: 20 }) },
    { objects: set({ bandwidthPerMigration: '64Mi', completionTimeoutPerGiB: 20 }) },
  ],
  [
    'settings/time-outs',
    'a limit of bandwidth',
    'info',
    /limited to 64 MiB\/s: 64 GiB of memory take at least 17 min/,
    { objects: set({ bandwidthPerMigration: '64Mi' }) },
    { objects: set({ bandwidthPerMigration: '0' }) },
  ],
  [
    'settings/workload-disruption',
    'post-copy that never comes',
    'warning',
    /no migration ever switches to post-copy/,
    { objects: set({ allowPostCopy: true, allowWorkloadDisruption: false }), kubevirt: 'v1.9.0' },
    { objects: set({ allowPostCopy: true, allowWorkloadDisruption: true }), kubevirt: 'v1.9.0' },
  ],
  [
    'settings/workload-disruption',
    'post-copy costs the other connections',
    'info',
    /one connection instead of 8/,
    { objects: set({ allowPostCopy: true }) },
    { objects: set({ allowPostCopy: true }), kubevirt: 'v1.9.0' },
  ],
  [
    'settings/workload-disruption',
    'post-copy loses guests',
    'info',
    /is lost if the network/,
    { objects: set({ allowPostCopy: true }) },
    { objects: set({ allowPostCopy: false }) },
  ],
  [
    'settings/workload-disruption',
    'a pause instead of post-copy',
    'info',
    /pause the guest/,
    { objects: set({ allowWorkloadDisruption: true }) },
    { objects: set({ allowWorkloadDisruption: false }) },
  ],
  [
    'settings/overridden',
    'a setting past HyperConverged',
    'warning',
    /progressTimeout is set in KubeVirt's CR/,
    { objects: [hco({ progressTimeout: 150 }), kubeVirt({ progressTimeout: 300 })] },
    { objects: set({ progressTimeout: 300 }) },
  ],
  [
    'settings/overridden',
    'a patch by annotation',
    'info',
    /changes migration settings past its own fields/,
    {
      objects: [
        hco(
          {},
          {
            'kubevirt.kubevirt.io/jsonpatch':
              '[{"op":"add","path":"/spec/configuration/migrations/allowPostCopy","value":true}]',
          },
        ),
      ],
    },
    {
      objects: [
        hco(
          {},
          { 'kubevirt.kubevirt.io/jsonpatch': '[{"op":"add","path":"/spec/configuration/cpuModel","value":"x"}]' },
        ),
      ],
    },
  ],
];
