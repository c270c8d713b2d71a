import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { createObject, mergeObject, type Place, readObject } from '../cluster/object-writer.ts';
import { isConflict } from '../kube/errors.ts';
import type { KubeClient, StoredObject } from '../kube/types.ts';
import { exit, FerryError } from '../model/errors.ts';
import type { Finding, Subject } from '../model/finding.ts';
import { type Done, type Draft, type FieldChange, type Prepared, requireSame } from './draft.ts';
import { type Given, refused, requireNoCredentials } from './given.ts';
import { applied, differenceOf, fieldsOf, isFields, pruned, type Told } from './object-diff.ts';

type Fields = Record<string, unknown>;

/** Where an object belongs: `name` is missing while the API server is to choose it. */
export type Where = Omit<Place, 'name'>;

export interface DecidedObject {
  given: Given;
  where: Where;
  /** As it was read; undefined: it is to be created. */
  present: StoredObject | undefined;
  patch: Fields | undefined;
  draft: Draft;
}

/** What else there is to say of a write. */
export type Said = Partial<Pick<Draft, 'findings' | 'effect' | 'premises'>>;

/** How often a write that somebody else's overtook is decided anew. */
const TRIES = 5;

/**
 * Decides on creating an object, or on changing the fields of it that are given. Pure. Throws FERRY_E_REFUSED for what is
 * not written or would be lost, FERRY_E_NOT_FOUND for a uid that is gone.
 */
export function decideObject(
  given: Given,
  where: Where,
  present: StoredObject | undefined,
  told: Told,
  { findings = [], effect = [], premises = {} }: Said = {},
): DecidedObject {
  requireFixed(given, present);
  const { fields, patch } = present === undefined ? created(given, told) : changed(given, present, told);
  const { apiVersion, kind } = given;
  const object: Subject = {
    kind,
    ...(where.namespace !== undefined && { namespace: where.namespace }),
    name: given.name ?? `${given.generateName}...`,
  };
  const isNew = present === undefined;
  const name = `${kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}`;
  const draft: Draft = {
    summary: isNew ? `Create ${name}.` : `Change ${name}: ${pathsText(fields)}.`,
    objects: fields.length === 0 ? [] : [{ verb: isNew ? 'create' : 'patch', apiVersion, object, fields }],
    findings: [...findings],
    effect: [...effect],
    premises: { [name]: present?.metadata.uid ?? null, ...premises },
  };
  return { given, where, present, patch, draft };
}

/** Throws FERRY_E_REFUSED for metadata that would have to be written, other than labels and annotations. */
function requireFixed({ fixed, kind }: Given, present: StoredObject | undefined): void {
  const now = (present?.metadata ?? {}) as Fields;
  const key = Object.keys(fixed).find((each) => !isDeepStrictEqual(fixed[each], now[each]));
  if (key === undefined) return;
  throw refused(`.metadata.${key} of ${kind}`, 'Leave it out; of metadata, labels and annotations are written.');
}

function created({ body, kind, uid, resourceVersion }: Given, told: Told): { fields: FieldChange[]; patch: Fields } {
  if (uid !== undefined || resourceVersion !== undefined) {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `the ${kind} that this was made from is gone; nothing was changed`,
      'To make a new one, leave out metadata.uid and metadata.resourceVersion.',
    );
  }
  const object = pruned(body) as Fields;
  const fields = fieldsOf(object);
  requireNoCredentials(paths(fields), told(object));
  return { fields, patch: object };
}

function changed(
  { body, kind, uid }: Given,
  present: StoredObject,
  told: Told,
): { fields: FieldChange[]; patch: Fields | undefined } {
  if (uid !== undefined && uid !== present.metadata.uid) {
    throw new FerryError(
      'FERRY_E_STALE',
      `${kind} ${present.metadata.name} is another object than the one this was made from; nothing was changed`,
      'Read it again with resources_get.',
    );
  }
  const before = present as unknown as Fields;
  const { fields, patch } = differenceOf(body, before, told);
  const after = applied(before, patch);
  requireNoCredentials(paths(fields), told(before));
  requireNoCredentials(paths(fields), told(after));
  return { fields, patch };
}

/** Throws FERRY_E_STALE if the object that is there is not the version this was made from. */
export function requireFresh({ kind, resourceVersion }: Given, present: StoredObject | undefined): void {
  const now = present?.metadata.resourceVersion;
  if (resourceVersion === undefined || now === undefined || resourceVersion === now) return;
  throw new FerryError(
    'FERRY_E_STALE',
    `${kind} ${present?.metadata.name} has changed since it was read: its resourceVersion was ${resourceVersion}, and is ${now}; nothing was changed`,
    'Read it again with resources_get, or give only the fields that are to change.',
  );
}

/** The same as a write that can be confirmed. */
export function preparedObject(client: KubeClient, decided: DecidedObject, told: Told): Prepared {
  const { given, draft } = decided;
  // Chosen here, so that asking again can't make a second one. As Kubernetes does: five characters.
  const name = given.name ?? `${given.generateName}${randomBytes(5).toString('hex').slice(0, 5)}`;
  return {
    draft,
    rehearse: async (signal) => {
      requireTaken(draft.objects[0]?.fields ?? [], await write(client, decided, name, { dryRun: true, signal }));
    },
    carryOut: async ({ signal }) => done(draft, name, await writeAgain(client, decided, name, told, signal)),
  };
}

async function write(
  client: KubeClient,
  { given, where, present, patch }: DecidedObject,
  name: string,
  mode: { dryRun?: boolean; signal: AbortSignal },
): Promise<StoredObject> {
  if (present !== undefined)
    return await mergeObject(client, { ...where, name }, patch ?? {}, present.metadata.resourceVersion ?? '', mode);
  const { apiVersion, kind } = given;
  const { metadata, ...rest } = patch ?? {};
  const inside = where.namespace === undefined ? {} : { namespace: where.namespace };
  const object = { apiVersion, kind, metadata: { ...(metadata as object | undefined), name, ...inside }, ...rest };
  return await createObject(client, where, object, mode);
}

/** A conflict means: read again, decide again, and go on only if that is the same write. */
async function writeAgain(
  client: KubeClient,
  first: DecidedObject,
  name: string,
  told: Told,
  signal: AbortSignal,
): Promise<StoredObject> {
  let decided = first;
  for (let attempt = 1; ; attempt++) {
    try {
      return await write(client, decided, name, { signal });
    } catch (error) {
      if (!isConflict(error) || first.present === undefined || attempt === TRIES) throw error;
      const present = await readObject(client, { ...first.where, name }, { signal });
      const { findings, effect, premises } = first.draft;
      decided = decideObject(first.given, first.where, present, told, { findings, effect, premises });
      requireSame(first.draft, decided.draft);
    }
  }
}

/** Throws FERRY_E_REFUSED for a field that the API server would drop without a word: its schema does not know it. */
function requireTaken(fields: readonly FieldChange[], result: StoredObject): void {
  const all = new Map(fieldsOf(result).map(({ path }) => [path, true]));
  const known = (path: string): boolean =>
    all.has(path) || [...all.keys()].some((each) => each.startsWith(`${path}.`) || each.startsWith(`${path}['`));
  const dropped = fields.filter(({ path, to }) => to !== null && !path.includes('[') && !known(path));
  const [first] = dropped;
  if (first === undefined || isFields(first.to)) return;
  throw refused(`${first.path}, which there is not: the API server would drop it without a word`, 'Correct the name.');
}

function done({ summary, objects }: Draft, name: string, { metadata }: StoredObject): Done {
  const { verb, object, fields = [] } = objects[0] ?? {};
  return {
    exit: exit.ok,
    summary: `Done: ${summary.slice(0, 1).toLowerCase()}${summary.slice(1)}`,
    details: { verb, object: { ...object, name }, resourceVersion: metadata.resourceVersion, fields },
  };
}

function paths(fields: readonly FieldChange[]): string[] {
  return fields.map(({ path }) => path);
}

function pathsText(fields: readonly FieldChange[]): string {
  const shown = paths(fields).slice(0, 3).join(', ');
  return fields.length > 3 ? `${shown} and ${fields.length - 3} more fields` : shown;
}

/** Throws FERRY_E_REFUSED for the first finding that blocks. */
export function requireUnblocked(findings: readonly Finding[]): void {
  const blocker = findings.find(({ severity }) => severity === 'blocker');
  if (blocker !== undefined)
    throw new FerryError('FERRY_E_REFUSED', `${blocker.message}; nothing was changed`, blocker.remedy);
}
