import { expect } from 'vitest';
import { ALL, brokenInPostCopy, disruptive, type Happens, type LabRow, since, volumesMove, well } from './happens.ts';
import { at, type Hand, HCO } from './harness.ts';

const CNV = '/api/v1/namespaces/openshift-cnv';
const DESCHEDULERS = '/apis/operator.openshift.io/v1/namespaces/openshift-kube-descheduler-operator/kubedeschedulers';

const evict = (hand: Hand, vm: string): Promise<void> => {
  const name = hand.launcher(vm);
  return hand
    .create(`${at.pod(name)}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } })
    .catch(() => undefined);
};

/** Evicts web, until it has moved, so many times. */
const evicted =
  (times: number): Happens =>
  async (hand) => {
    for (let time = 0; time < times; time++) {
      await evict(hand, 'web');
      hand.pass(300);
    }
  };

const descheduler =
  (mode: string): Happens =>
  async (hand) => {
    await hand.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'openshift-kube-descheduler-operator' },
    });
    await hand.create(DESCHEDULERS, {
      apiVersion: 'operator.openshift.io/v1',
      kind: 'KubeDescheduler',
      metadata: { name: 'cluster', namespace: 'openshift-kube-descheduler-operator' },
      spec: { mode, deschedulingIntervalSeconds: 3600, profiles: ['KubeVirtRelieveAndMigrate'] },
    });
  };

/** web has moved, and its guest agent has looked. */
const settled: Happens = async (hand) => {
  await well(hand);
  hand.pass(200);
};

/** An event of KubeVirt's own namespace. */
const drainTaint = { spec: { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] } };

/** What migrations leave behind, and what is wrong with KubeVirt itself. */
export const aftermathRows: LabRow[] = [
  {
    cause: 'vm/lost-in-post-copy',
    beside: 'migration/post-copy-failed',
    happens: brokenInPostCopy,
    near: async (hand) => {
      await disruptive({ allowPostCopy: true, allowAutoConverge: false })(hand);
    },
  },
  {
    cause: 'network/address-lost',
    confidence: 'likely',
    happens: async (hand) => {
      hand.fault('address-lost', { vm: 'vms/web' });
      await settled(hand);
    },
    near: settled,
  },
  {
    cause: 'moves/volume-migration',
    releases: since('4.18'),
    of: 'vm/pinned',
    happens: async (hand) => {
      await volumesMove('10Gi')(hand);
      hand.pass(900);
    },
    near: async () => undefined,
  },
  {
    cause: 'storage/manual-recovery',
    releases: since('4.18'),
    of: 'vm/pinned',
    happens: async (hand) => {
      await volumesMove('10Gi')(hand);
      hand.pass(8);
      await hand.merge(at.vm('pinned'), { spec: { runStrategy: 'Halted' } });
      hand.pass(60);
    },
    near: async (hand) => {
      await volumesMove('10Gi')(hand);
      hand.pass(8);
    },
  },
  {
    cause: 'moves/descheduler-storm',
    confidence: 'likely',
    of: 'cluster',
    happens: async (hand) => {
      await descheduler('Automatic')(hand);
      await evicted(2)(hand);
    },
    near: async (hand) => {
      await descheduler('Predictive')(hand);
      await evicted(2)(hand);
    },
  },
  {
    cause: 'handler/not-on-network',
    title: 'the setting is there, its roll-out not yet',
    of: 'node/worker-1',
    happens: async (hand) => {
      await hand.merge(HCO, { spec: { liveMigrationConfig: { network: 'mignet' } } });
      hand.pass(5);
    },
    near: async (hand) => {
      await hand.settings({ parallelMigrationsPerCluster: 4 });
    },
  },
  {
    cause: 'kubevirt/certificates',
    releases: ALL,
    of: 'cluster',
    happens: async (hand) => {
      hand.fault('certificate-expired');
      await hand.merge(at.node('worker-0'), drainTaint);
      hand.pass(60);
    },
    near: async (hand) => {
      hand.fault('certificate-expired');
      await hand.merge(at.node('worker-0'), drainTaint);
      hand.pass(60);
      // Its new pods have the new certificate.
      await hand.remove(`${CNV}/pods?labelSelector=${encodeURIComponent('kubevirt.io=virt-api')}`);
      hand.pass(1200);
    },
  },
  {
    cause: 'kubevirt/certificates',
    title: 'seen by virt-api',
    of: 'cluster',
    confidence: 'likely',
    happens: async (hand) => {
      hand.fault('certificate-expired');
      await expect(hand.migrate('web')).rejects.toThrow(/x509: certificate has expired/);
    },
    near: async (hand) => {
      hand.fault('virt-api-crash');
      await expect(hand.migrate('web')).rejects.toThrow(/no endpoints available/);
    },
  },
];
