import { FerryError } from '../model/errors.ts';
import { API_VERSION, type Listing, type Snapshot, type SnapshotList } from '../model/snapshot.ts';
import { resources } from './resources.ts';

const listNames = Object.keys(resources) as SnapshotList[];

/**
 * A Snapshot as JSON text: the same for the same content, whatever order the API server gave it in. One line an object,
 * so that two of them can be compared with diff.
 */
export function serializeSnapshot(snapshot: Snapshot): string {
  const { apiVersion, kind, takenAt, namespaces, versions, lists, guests } = snapshot;
  const head = Object.entries({ apiVersion, kind, takenAt, namespaces, versions })
    .map(([name, value]) => `  "${name}": ${JSON.stringify(ordered(value))},\n`)
    .join('');
  const body = listNames.map((name) => `    "${name}": ${serializeListing(lists[name] as Listing<Named>)}`).join(',\n');
  const measured = guests === undefined ? '' : `,\n  "guests": ${JSON.stringify(ordered(guests))}`;
  return `{\n${head}  "lists": {\n${body}\n  }${measured}\n}\n`;
}

interface Named {
  metadata: { name: string; namespace?: string };
}

function serializeListing(listing: Listing<Named>): string {
  if (!listing.known || listing.items.length === 0) return JSON.stringify(ordered(listing));
  const { items, ...rest } = listing;
  const lines = items
    .map((item) => ({
      key: `${item.metadata.namespace ?? ''}/${item.metadata.name}`,
      text: JSON.stringify(ordered(item)),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => `      ${text}`);
  const fields = JSON.stringify(ordered(rest)).slice(1, -1);
  return `{${fields},"items":[\n${lines.join(',\n')}\n    ]}`;
}

/** The same value with the fields of its objects in order. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== 'object') return value;
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(fields)
      .sort()
      .map((name) => [name, ordered(fields[name])]),
  );
}

/**
 * The Snapshot that a file holds, as JSON or YAML; `file` is its name, for messages. A list that the file does not have
 * is unknown. Throws FERRY_E_BAD_SNAPSHOT, naming what is wrong.
 */
export async function parseSnapshot(text: string, file: string): Promise<Snapshot> {
  const document = await parseDocument(text, file);
  if (document === null || typeof document !== 'object' || Array.isArray(document)) {
    throw bad(
      file,
      `it holds ${document === null ? 'nothing' : Array.isArray(document) ? 'a list' : 'plain text'}, not an object`,
    );
  }
  const { apiVersion, kind } = document as { apiVersion?: unknown; kind?: unknown };
  if (kind !== 'Snapshot') throw bad(file, `its kind is ${shown(kind)}, not Snapshot`);
  if (apiVersion !== API_VERSION) throw bad(file, `its apiVersion is ${shown(apiVersion)}, not ${API_VERSION}`);
  const schema = await import('./snapshot-schema.ts');
  const result = schema.snapshotSchema.safeParse(document);
  if (!result.success) throw bad(file, schema.describeIssue(result.error));
  // The schema has looked at what every object is alike in; the objects themselves are as the cluster gave them.
  const snapshot = result.data as unknown as Snapshot;
  const lists = snapshot.lists as Partial<Record<SnapshotList, Listing<never>>>;
  for (const name of listNames) {
    lists[name] ??= { known: false, why: 'failed', message: 'the snapshot file does not have this list' };
  }
  return snapshot;
}

async function parseDocument(text: string, file: string): Promise<unknown> {
  const isJson = /^\s*\{/.test(text);
  try {
    if (isJson) return JSON.parse(text);
    const { parse } = await import('yaml');
    return parse(text);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    throw bad(file, `it is not ${isJson ? 'JSON' : 'JSON or YAML'} (${reason.replace(/:$/, '')})`);
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 80);
}

function bad(file: string, what: string): FerryError {
  return new FerryError(
    'FERRY_E_BAD_SNAPSHOT',
    `${file} is not a snapshot of Ferry: ${what}.`,
    'Make one with: ferry snapshot -o json > snapshot.json',
  );
}
