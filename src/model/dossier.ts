import type { Subject } from './finding.ts';
import type { KubeObject, NetworkAttachmentDefinition } from './objects.ts';
import type { Listing, Snapshot } from './snapshot.ts';

/** A Kubernetes event, as far as a diagnosis needs it. */
export interface EventRecord {
  name: string;
  namespace: string;
  /** What it is about; `uid` where the reporter gave one. */
  about: Subject & { uid?: string };
  type: string;
  reason: string;
  message: string;
  count: number;
  /** RFC 3339. */
  first: string;
  last: string;
  /** Who reported it, e.g. `virtualmachine-controller`. */
  component: string;
}

/** The last lines of a container's log. */
export interface LogTail {
  namespace: string;
  pod: string;
  container: string;
  /** `virt-handler`, `virt-controller`, `virt-launcher`. */
  component: string;
  /** Where the pod runs. */
  node?: string;
  lines: string[];
}

/** What NMState did with one NodeNetworkConfigurationPolicy on one node; its name is NODE.POLICY. */
export interface Enactment extends KubeObject {
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

/** What a diagnosis looks at: a Snapshot, and what was said around its subject. Plain JSON, as a Snapshot is. */
export interface Dossier {
  snapshot: Snapshot;
  events: Listing<EventRecord>;
  logs: Listing<LogTail>;
  /** Read for nodes and the cluster. */
  enactments?: Listing<Enactment>;
  /** The network attachment of the migration network, where the Snapshot is of other namespaces; none: it is not there. */
  migrationNetwork?: Listing<NetworkAttachmentDefinition>;
}
