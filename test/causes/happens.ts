import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import { at, type Hand } from './harness.ts';

export type Happens = (hand: Hand) => Promise<void>;

/** A cause, what leads to it, and what nearly does. */
export interface LabRow {
  cause: string;
  title?: string;
  /** Releases in which it exists; default all. */
  releases?: string[];
  happens: Happens;
  near: Happens;
  /** Where it happens; default the scenario of harness.ts, which is that of the near miss always. */
  cluster?: Scenario;
  /** Default vm/web. */
  of?: string;
  /** Default certain; by release where it differs. */
  confidence?: 'certain' | 'likely' | 'possible' | Record<string, 'certain' | 'likely' | 'possible'>;
  /** It makes another cause worse, which is named first. */
  beside?: string;
}

export const ALL = ['4.17', '4.18', '4.19', '4.20', '4.21', '4.22', 'next'];

export const since = (release: string): string[] => ALL.slice(ALL.indexOf(release));

export const stuck = (name: string) => ({ vm: `vms/${name}` });

/** The definition of the migration network lm, with these addresses. */
export const networkLm =
  (namespace: string, addresses: { range: string; exclude?: string[] }): Happens =>
  (hand) =>
    hand.create(`/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions`, {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'lm' },
      spec: {
        config: JSON.stringify({
          cniVersion: '0.3.1',
          name: 'lm',
          type: 'macvlan',
          master: 'enp4s0',
          mode: 'bridge',
          ipam: { type: 'whereabouts', ...addresses },
        }),
      },
    });

/** While the target of web's migration starts, virt-handler ends on every node it can be on. */
export const handlersCrash: Happens = async (hand) => {
  await hand.migrate('web');
  hand.until('web', 'Scheduling');
  hand.pass(0.2);
  for (const node of ['worker-1', 'worker-2']) hand.fault('virt-handler-crash', { node });
  hand.pass(90);
};

export const running: Happens = async (hand) => {
  hand.fault('migration-stuck', stuck('web'));
  await hand.migrate('web');
  hand.until('web', 'Running');
};

export const pending: Happens = async (hand) => {
  hand.fault('target-pending', {});
  await hand.migrate('web');
  hand.until('web', 'Scheduling');
  hand.pass(20);
};

export const well: Happens = async (hand) => {
  await hand.migrate('web');
  hand.until('web', 'Succeeded');
  hand.pass(5);
};

/** Points the disk of `pinned` to a new claim of this size on shared storage, to which it is copied. */
export const volumesMove =
  (size: string): Happens =>
  async (hand) => {
    await hand.create('/apis/cdi.kubevirt.io/v1beta1/namespaces/vms/datavolumes', {
      apiVersion: 'cdi.kubevirt.io/v1beta1',
      kind: 'DataVolume',
      metadata: { name: 'shared', namespace: 'vms' },
      spec: {
        source: { blank: {} },
        storage: { storageClassName: 'ontap-nas', resources: { requests: { storage: size } } },
      },
    });
    hand.pass(60);
    await hand.merge(at.vm('pinned'), {
      spec: {
        updateVolumesStrategy: 'Migration',
        template: { spec: { volumes: [{ name: 'root', dataVolume: { name: 'shared' } }] } },
      },
    });
  };

/** web's migration runs into its deadline while these settings of disruption hold. */
export const disruptive =
  (values: object): Happens =>
  async (hand) => {
    await hand.policy({ completionTimeoutPerGiB: 2, ...values });
    await running(hand);
    hand.pass(9);
  };

/** web is in post-copy, and its target pod goes; nobody starts it again. */
export const brokenInPostCopy: Happens = async (hand) => {
  await hand.merge(at.vm('web'), { spec: { runStrategy: 'Manual' } });
  await disruptive({ allowPostCopy: true, allowAutoConverge: false })(hand);
  await hand.remove(at.pod(hand.target('web').metadata.name));
  hand.pass(60);
};

/** web has a volume more, since a moment: on shared storage, plugged in while it runs. */
export const plugged: Happens = async (hand) => {
  await hand.create('/api/v1/namespaces/vms/persistentvolumeclaims', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'more', namespace: 'vms' },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '5Gi' } } },
  });
  await hand.put('/apis/subresources.kubevirt.io/v1/namespaces/vms/virtualmachines/web/addvolume', {
    name: 'more',
    disk: { disk: { bus: 'scsi' } },
    volumeSource: { persistentVolumeClaim: { claimName: 'more' } },
  });
  hand.pass(30);
};
