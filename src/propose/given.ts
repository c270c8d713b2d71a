import { FerryError } from '../model/errors.ts';
import { WITHHELD } from '../model/withheld.ts';
import { parseDocuments } from '../settings/documents.ts';
import { isFields, step } from './object-diff.ts';
import { withQuotesIndented } from './quoted-indent.ts';

type Fields = Record<string, unknown>;

/** An object that somebody wants to be there, or a part of one. */
export interface Given {
  apiVersion: string;
  kind: string;
  namespace?: string;
  /** One of the two. */
  name?: string;
  generateName?: string;
  /** Of the object that it was made from. */
  uid?: string;
  resourceVersion?: string;
  /** Other metadata of a copy (finalizers, owners): not written, so that it has to be as it is. */
  fixed: Fields;
  /** What is to be written: labels, annotations, and all fields but those of the API server. */
  body: Fields;
}

/** What an argument beside the object says of it. */
export interface Beside {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  namespace?: string | undefined;
}

/** Written by the API server: no matter what a copy of the object says there. */
const SERVERS = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'selfLink',
]);
const WRITTEN = new Set(['annotations', 'labels', 'name', 'namespace', 'generateName', 'uid', 'resourceVersion']);
/** kubectl's own copy of an object. */
const COPY = 'kubectl.kubernetes.io/last-applied-configuration';
/** How a value that was too long for an answer ends. */
const CUT = /… \(\d+ characters in all\)$|^… \d+ more of \d+$|^…$/;

/** The objects of a YAML or JSON text, or as they are. Throws FERRY_E_USAGE and FERRY_E_REFUSED. */
export async function readGiven(resource: unknown, beside: Beside): Promise<Given[]> {
  const read = typeof resource === 'string' ? await parsed(resource) : [resource].flat();
  const documents = read.filter((each) => each !== null && each !== undefined).flatMap(itemsIn);
  if (documents.length === 0) throw usage('resource holds no object', 'Give YAML or JSON, or an object.');
  const isOne = documents.length === 1;
  if (!isOne && Object.values(beside).some((each) => each !== undefined))
    throw usage('there are several objects', 'Then each says its own apiVersion, kind, name and namespace.');
  return documents.map((each) => givenIn(each, beside));
}

async function parsed(text: string): Promise<unknown[]> {
  try {
    return await parseDocuments(text, 'resource');
  } catch (error) {
    const again = withQuotesIndented(text);
    if (again === text) throw error;
    return await parseDocuments(again, 'resource');
  }
}

function itemsIn(document: unknown): unknown[] {
  if (!isFields(document)) throw usage('resource is no object', 'Give YAML or JSON of one, or an object.');
  const { kind, items } = document;
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)
    ? items.flatMap(itemsIn)
    : [document];
}

function givenIn(document: unknown, beside: Beside): Given {
  const { apiVersion, kind, metadata: meta, status: _, ...rest } = document as Fields;
  const metadata = isFields(meta) ? meta : {};
  const text = (field: string, inside: unknown, given: string | undefined): string | undefined => {
    if (inside !== undefined && inside !== null && typeof inside !== 'string')
      throw usage(`${field} of the object is no text`, 'Correct it.');
    if (typeof inside === 'string' && given !== undefined && inside !== given)
      throw usage(`the object says ${field} ${inside}, and the argument ${given}`, 'Say it once.');
    return (inside ?? given) || undefined;
  };
  const own = {
    namespace: text('namespace', metadata['namespace'], beside.namespace),
    name: text('name', metadata['name'], beside.name),
    generateName: text('generateName', metadata['generateName'], undefined),
    uid: text('uid', metadata['uid'], undefined),
    resourceVersion: text('resourceVersion', metadata['resourceVersion'], undefined),
  };
  const version = text('apiVersion', apiVersion, beside.apiVersion);
  const named = text('kind', kind, beside.kind);
  if (version === undefined || named === undefined) {
    throw usage(
      'it is not said of which apiVersion and kind the object is',
      'Put them into it, or beside it as the arguments apiVersion, kind, name and namespace.',
    );
  }
  if (own.name === undefined && own.generateName === undefined)
    throw usage(`it is not said which ${named} is meant`, 'Give metadata.name, or the argument name.');
  const fixed = Object.fromEntries(
    Object.entries(metadata).filter(([key, value]) => !WRITTEN.has(key) && !SERVERS.has(key) && value !== null),
  );
  const written = Object.fromEntries(
    ['labels', 'annotations'].flatMap((key): [string, unknown][] => {
      const value = metadata[key];
      if (value === undefined || value === null) return [];
      if (!isFields(value)) throw usage(`metadata.${key} of ${named} is no map`, 'Correct it.');
      const kept = Object.fromEntries(Object.entries(value).filter(([name]) => name !== COPY));
      return Object.keys(kept).length === 0 ? [] : [[key, kept]];
    }),
  );
  const body = { ...(Object.keys(written).length > 0 && { metadata: written }), ...rest };
  requireWhole(body, '');
  return {
    apiVersion: version,
    kind: named,
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    fixed,
    body,
  };
}

/** Throws FERRY_E_REFUSED for what an answer of this server had left out. */
function requireWhole(value: unknown, path: string): void {
  if (typeof value === 'string' && CUT.test(value)) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `${path} was cut when it was read: ${value.slice(-60)}; nothing was changed`,
      'Give only the fields that are to change: what is not named stays as it is.',
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value))
    requireWhole(each, step(path, Array.isArray(value) ? Number(key) : key));
}

/**
 * Throws FERRY_E_REFUSED if one of the paths holds a credential, by what is told of the object: those are neither shown
 * nor written, and what stands in their place is not, either.
 */
export function requireNoCredentials(paths: readonly string[], told: unknown): void {
  const hidden = hiddenIn(told, '');
  const path = paths.find((each) => hidden.some((secret) => secret.startsWith(each)));
  if (path === undefined) return;
  throw refused(
    `${path}, which holds a credential`,
    'Put it into a Secret, which only people write, and refer to that.',
  );
}

function hiddenIn(told: unknown, path: string): string[] {
  if (typeof told === 'string') return told.includes(WITHHELD) ? [path] : [];
  if (typeof told !== 'object' || told === null) return [];
  return Object.entries(told).flatMap(([key, each]) =>
    hiddenIn(each, step(path, Array.isArray(told) ? Number(key) : key)),
  );
}

function usage(message: string, hint: string): FerryError {
  return new FerryError('FERRY_E_USAGE', message, hint);
}

/** `what` is not written. */
export function refused(what: string, hint: string): FerryError {
  return new FerryError('FERRY_E_REFUSED', `this server does not write ${what}; nothing was changed`, hint);
}
