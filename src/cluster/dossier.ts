import { ApiError } from '../kube/errors.ts';
import type { KubeClient, StoredObject } from '../kube/types.ts';
import type { Dossier, Enactment, EventRecord, LogTail } from '../model/dossier.ts';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import type { Listing, Snapshot } from '../model/snapshot.ts';
import { resources } from './resources.ts';

/** A container whose log is wanted. */
export interface LogSource {
  namespace: string;
  pod: string;
  container: string;
  component: string;
  node?: string;
}

/** What to read besides the Snapshot. */
export interface DossierRequest {
  /** Namespaces whose events are wanted; none: of the whole cluster. */
  namespaces: string[];
  logs: LogSource[];
  /** Only lines with one of these words are kept; none: all. */
  words: string[];
  /** Whether what NMState did on the nodes is wanted, too. */
  enactments?: boolean;
  /** A network attachment that the Snapshot does not hold and that is wanted. */
  attachment?: { namespace: string; name: string };
  signal?: AbortSignal;
}

/** How far back a log is read: lines, and bytes. */
const TAIL = { lines: '2000', bytes: String(2 ** 20) };
/** Lines kept of one log. */
const KEPT = 200;

const events = { group: '', version: 'v1', plural: 'events', namespaced: true };

/** What NMState did with its policies on each node. Served where NMState is installed. */
const enactments = {
  group: 'nmstate.io',
  version: 'v1beta1',
  plural: 'nodenetworkconfigurationenactments',
  namespaced: false,
};

interface RawEvent extends StoredObject {
  involvedObject?: { kind?: string; namespace?: string; name?: string; uid?: string };
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string };
  source?: { component?: string };
  reportingComponent?: string;
  metadata: StoredObject['metadata'] & { creationTimestamp?: string };
}

/** Reads events (a LIST for each namespace, or one) and the ends of logs, all at the same time. What can't be read is unknown, with the reason. */
export async function readDossier(client: KubeClient, snapshot: Snapshot, request: DossierRequest): Promise<Dossier> {
  const [said, logs, enacted, network] = await Promise.all([
    readEvents(client, request),
    readLogs(client, request),
    request.enactments === true ? readEnactments(client, request) : undefined,
    readAttachment(client, request),
  ]);
  return {
    snapshot,
    events: said,
    logs,
    ...(enacted !== undefined && { enactments: enacted }),
    ...(network !== undefined && { migrationNetwork: network }),
  };
}

async function readEnactments(client: KubeClient, { signal }: DossierRequest): Promise<Listing<Enactment>> {
  try {
    const { items } = await client.list<Enactment, Enactment>(enactments, { ...(signal && { signal }), map: slimOf });
    return { known: true, items };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ApiError && error.status === 404) return { known: true, items: [] };
    return unknown(error);
  }
}

async function readAttachment(
  client: KubeClient,
  { attachment, signal }: DossierRequest,
): Promise<Listing<NetworkAttachmentDefinition> | undefined> {
  if (attachment === undefined) return undefined;
  const { namespace, name } = attachment;
  try {
    const found = await client.get<NetworkAttachmentDefinition & StoredObject>(resources.networkAttachments, name, {
      namespace,
      ...(signal && { signal }),
    });
    const { apiVersion, kind, spec } = found;
    return { known: true, items: [{ apiVersion, kind, metadata: { name, namespace }, ...(spec && { spec }) }] };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ApiError && error.status === 404) return { known: true, items: [] };
    return unknown(error);
  }
}

/** The state it wants is long, and says nothing about whether it was reached. */
function slimOf({ metadata, status }: Enactment): Enactment {
  const { name, labels } = metadata;
  return {
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkConfigurationEnactment',
    metadata: { name, ...(labels !== undefined && { labels }) },
    ...(status?.conditions !== undefined && { status: { conditions: status.conditions } }),
  };
}

async function readEvents(client: KubeClient, { namespaces, signal }: DossierRequest): Promise<Listing<EventRecord>> {
  const scopes = namespaces.length === 0 ? [undefined] : [...new Set(namespaces)];
  const pages = await Promise.all(
    scopes.map(async (namespace): Promise<Listing<EventRecord>> => {
      try {
        const { items } = await client.list<RawEvent, EventRecord>(events, {
          ...(namespace !== undefined && { namespace }),
          ...(signal && { signal }),
          map: recordOf,
        });
        return { known: true, items };
      } catch (error) {
        signal?.throwIfAborted();
        return unknown(error);
      }
    }),
  );
  // Who may read the VM's namespace only still gets what was said there; the events of nodes are in another one.
  const known = pages.flatMap((page) => (page.known ? page.items : []));
  const failed = pages.find((page) => !page.known);
  return pages[0]?.known === false && failed !== undefined ? failed : { known: true, items: known };
}

function recordOf(event: RawEvent): EventRecord {
  const { involvedObject: about = {}, metadata, series } = event;
  const created = metadata.creationTimestamp ?? '';
  const first = event.firstTimestamp ?? event.eventTime ?? created;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    about: {
      kind: about.kind ?? '',
      ...(about.namespace !== undefined && { namespace: about.namespace }),
      name: about.name ?? '',
      ...(about.uid !== undefined && { uid: about.uid }),
    },
    type: event.type ?? 'Normal',
    reason: event.reason ?? '',
    message: event.message ?? '',
    count: series?.count ?? event.count ?? 1,
    first,
    last: series?.lastObservedTime ?? event.lastTimestamp ?? first,
    component: event.source?.component ?? event.reportingComponent ?? '',
  };
}

async function readLogs(client: KubeClient, { logs, words, signal }: DossierRequest): Promise<Listing<LogTail>> {
  const items: LogTail[] = [];
  let refused: unknown;
  await Promise.all(
    logs.map(async (source) => {
      const { namespace, pod, container } = source;
      try {
        const { text } = await client.raw('GET', `/api/v1/namespaces/${namespace}/pods/${pod}/log`, {
          query: { container, tailLines: TAIL.lines, limitBytes: TAIL.bytes },
          headers: { accept: '*/*' },
          ...(signal && { signal }),
        });
        const lines = text.split('\n').filter((line) => line !== '' && isAbout(line, words));
        items.push({ ...source, lines: lines.slice(-KEPT) });
      } catch (error) {
        signal?.throwIfAborted();
        // A pod that has gone meanwhile has no log; that is no reason to know nothing.
        if (!(error instanceof ApiError && error.status === 404)) refused = error;
      }
    }),
  );
  if (items.length === 0 && refused !== undefined) return unknown(refused);
  return { known: true, items: items.sort((a, b) => (a.pod < b.pod ? -1 : a.pod > b.pod ? 1 : 0)) };
}

function isAbout(line: string, words: string[]): boolean {
  return words.length === 0 || words.some((word) => line.includes(word));
}

function unknown(error: unknown): { known: false; why: 'forbidden' | 'failed'; message: string } {
  const why = error instanceof ApiError && error.status === 403 ? 'forbidden' : 'failed';
  return { known: false, why, message: error instanceof Error ? error.message : String(error) };
}
