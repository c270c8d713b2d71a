import type { Pod } from '../model/objects.ts';
import type { Cluster } from './cluster.ts';

/** What faults (src/lab/faults/) have broken, for the controllers that play the broken part. */
export interface Broken {
  /** Pods that no kubelet can start. */
  unstartable: Set<(pod: Pod) => boolean>;
  /** Pods whose node does not have their images; ms until it has pulled one, without it: the registry does not answer. */
  images: Set<{ concerns: (pod: Pod) => boolean; takes?: number }>;
  /** Pods whose volumes the storage attaches to no further node. */
  unattachable: Set<(pod: Pod) => boolean>;
  /** Namespaces in which an admission webhook denies new pods. */
  podsDenied: Set<string>;
  /** Pods of virt-api, by UID, that serve a certificate that has ended; when it has, ms. */
  oldCertificates: Map<string, number>;
  /** Nodes without /dev/kvm. */
  withoutKvm: Set<string>;
  /** How far the clocks of nodes are ahead, ms. */
  nodeClocks: Map<string, number>;
  /** What firewalls do to new connections of migrations. */
  firewalls: Set<(way: Way) => 'drop' | 'reject' | undefined>;
  /** What libvirt says when a VM is to migrate, by `namespace/name`. */
  libvirtErrors: Map<string, LibvirtError>;
  /** VMs whose migrations libvirt does not abort, by `namespace/name`. */
  unabortable: Set<string>;
  /** Nodes whose virt-handler does not see the guests that arrive. */
  blindHandlers: Set<string>;
  /** VMs whose launcher at the target does not answer when a migration is finished, by `namespace/name`. */
  deafLaunchers: Set<string>;
  /** VMs that have no address after they have moved, by `namespace/name`. */
  losesAddress: Set<string>;
}

export interface Way {
  source: string;
  target: string;
}

export interface LibvirtError {
  /** As MigrateToURI3 returns it. */
  error: string;
  /** What libvirt logs in the target's launcher, if the error comes from there. */
  atTarget?: string;
}

export function nothingBroken(): Broken {
  return {
    unstartable: new Set(),
    images: new Set(),
    unattachable: new Set(),
    podsDenied: new Set(),
    oldCertificates: new Map(),
    withoutKvm: new Set(),
    nodeClocks: new Map(),
    firewalls: new Set(),
    libvirtErrors: new Map(),
    unabortable: new Set(),
    blindHandlers: new Set(),
    deafLaunchers: new Set(),
    losesAddress: new Set(),
  };
}

/** What a node's clock shows, ms since the epoch. */
export function nodeNow({ clock, broken }: Pick<Cluster, 'clock' | 'broken'>, node: string): number {
  return clock.now() + (broken.nodeClocks.get(node) ?? 0);
}
