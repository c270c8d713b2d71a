import { setTimeout as sleep } from 'node:timers/promises';
import {
  patchSettings,
  readSettingsObject,
  type SettingsObject,
  whoAmI,
  writeConfigMap,
} from '../cluster/settings-writer.ts';
import { ApiError, isConflict, KubeError } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { subjectOf } from '../model/finding.ts';
import type { HyperConverged, KubeObject, KubeVirt } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { knownVersion } from '../model/versions/index.ts';
import { type Change, type Decision, patchOf } from './decide.ts';
import { type ChangeRecord, HISTORY_NAME, nextId, type Outcome, recordKey, recordText, surplus } from './history.ts';
import { parameterOf, type Value } from './parameters.ts';
import { same } from './read.ts';
import { at, type Holder, holdersOf, KUBEVIRT_PATH, valuesAt } from './target.ts';

export interface ChangeOptions {
  signal: AbortSignal;
  /** Milliseconds to wait for KubeVirt to take the change. */
  timeout: number;
  /** Decides anew after somebody else has changed the object. */
  decideAgain: (snapshot: Snapshot) => Decision;
  /** The record this change takes back. */
  reverts?: ChangeRecord;
  /** Something worth telling while it goes on. */
  tell: (text: string) => void;
}

/** `taken`: KubeVirt works with it; `put-back`: somebody undid it at once; `waiting`: the time was up. */
export interface Applied {
  record: ChangeRecord;
  result: 'taken' | 'put-back' | 'waiting';
}

/** How often KubeVirt is asked whether it has taken a change, ms. */
const POLL = 500;

/**
 * The Snapshot with HyperConverged and KubeVirt's CR as they are now. HyperConverged in the version it is stored in: a
 * write through the other one is converted there and back, and would bring fields along that nobody asked for.
 */
export async function refreshed(client: KubeClient, snapshot: Snapshot, signal: AbortSignal): Promise<Snapshot> {
  const { hyperConverged, kubeVirt } = holdersOf(snapshot);
  const again = async <T extends KubeObject>(object: T | undefined): Promise<{ known: true; items: T[] }> => ({
    known: true,
    items: object === undefined ? [] : [(await readSettingsObject(client, object, { signal })) as unknown as T],
  });
  const [hyperConvergeds, kubeVirts] = await Promise.all([
    again<HyperConverged>(hyperConverged === undefined ? undefined : asStored(hyperConverged, snapshot)),
    again<KubeVirt>(kubeVirt),
  ]);
  return { ...snapshot, lists: { ...snapshot.lists, hyperConvergeds, kubeVirts } };
}

function asStored(object: HyperConverged, { versions }: Snapshot): HyperConverged {
  const known = knownVersion(versions.kubevirt);
  return known?.fit === 'known'
    ? { ...object, apiVersion: `hco.kubevirt.io/${known.version.hyperConvergedApi.stored}` }
    : object;
}

/** Asks the API server whether it would take the change; changes nothing. Throws the client's KubeError. */
export async function dryRun(client: KubeClient, decision: Decision, signal: AbortSignal): Promise<void> {
  await patchSettings(client, settingsObject(decision.holder), patchOf(decision), { dryRun: true, signal });
}

/**
 * Makes a change: writes it into the history, patches, waits until KubeVirt has taken it, writes down what became of it.
 * Throws FERRY_E_REFUSED if somebody changed the same settings in the meantime, else the client's KubeError.
 */
export async function makeChange(
  client: KubeClient,
  snapshot: Snapshot,
  first: Decision,
  options: ChangeOptions,
): Promise<Applied> {
  const { signal, reverts } = options;
  const namespace = historyNamespace(snapshot);
  const record = await begin(client, namespace, about(first), reverts, signal);
  let decision = first;
  for (let attempt = 1; ; attempt++) {
    try {
      await patchSettings(client, settingsObject(decision.holder), patchOf(decision, goes(decision, reverts)), {
        signal,
      });
      break;
    } catch (error) {
      if (isConflict(error) && attempt < 5) {
        decision = await decideAfterConflict(client, snapshot, first, options, namespace, record);
        continue;
      }
      if (await hasArrived(client, decision, error)) break;
      await finish(client, namespace, record, 'failed', messageOf(error), options);
      throw error;
    }
  }
  const result = await taken(client, snapshot, decision, options);
  const outcome: Outcome = result === 'taken' ? 'applied' : result === 'waiting' ? 'unconfirmed' : 'failed';
  const message = result === 'put-back' ? 'somebody put the old values back' : undefined;
  return { record: await finish(client, namespace, record, outcome, message, options), result };
}

/** KubeVirt's install namespace. */
export function historyNamespace(snapshot: Snapshot): string {
  const { kubeVirt, hyperConverged } = holdersOf(snapshot);
  return (kubeVirt ?? hyperConverged)?.metadata.namespace ?? 'kubevirt';
}

export function settingsObject({ object }: Holder): SettingsObject {
  const { namespace, name } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { name, ...(namespace !== undefined && { namespace }) },
  };
}

/** Writes a change into the history, before it is made. */
export async function begin(
  client: KubeClient,
  namespace: string,
  about: Pick<ChangeRecord, 'apiVersion' | 'object' | 'path' | 'changes' | 'creates' | 'policy'>,
  reverts: ChangeRecord | undefined,
  signal: AbortSignal,
): Promise<ChangeRecord> {
  const by = (await whoAmI(client, signal)) ?? 'unknown';
  return await writeConfigMap(
    client,
    namespace,
    HISTORY_NAME,
    (data) => {
      const record: ChangeRecord = {
        id: nextId(data),
        at: new Date(client.serverNow()).toISOString(),
        by,
        ...about,
        outcome: 'pending',
        ...(reverts !== undefined && { reverts: reverts.id }),
      };
      const gone = Object.fromEntries(surplus(data).map((key) => [key, null]));
      return { entries: { ...gone, [recordKey(record.id)]: recordText(record) }, result: record };
    },
    { signal },
  );
}

function about({
  holder,
  changes,
  creates,
}: Decision): Pick<ChangeRecord, 'apiVersion' | 'object' | 'path' | 'changes' | 'creates'> {
  const { apiVersion } = holder.object;
  return {
    apiVersion,
    object: subjectOf(holder.object),
    path: holder.path,
    changes,
    ...(creates !== undefined && { creates }),
  };
}

/** Writes down what became of a change; that this fails does not undo the change, so it is only told. */
export async function finish(
  client: KubeClient,
  namespace: string,
  record: ChangeRecord,
  outcome: Outcome,
  message: string | undefined,
  { tell }: Pick<ChangeOptions, 'tell'>,
): Promise<ChangeRecord> {
  const done: ChangeRecord = { ...record, outcome, ...(message !== undefined && { message }) };
  try {
    await writeConfigMap(client, namespace, HISTORY_NAME, (data) => {
      const key = recordKey(record.id);
      return { entries: data?.[key] === undefined ? {} : { [key]: recordText(done) }, result: undefined };
    });
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    tell(`the history could not be brought up to date: ${error.message}; change ${record.id} stands there as pending`);
  }
  return done;
}

/** The same change, decided on the object as it is now; refused if that would be another change. */
async function decideAfterConflict(
  client: KubeClient,
  snapshot: Snapshot,
  first: Decision,
  options: ChangeOptions,
  namespace: string,
  record: ChangeRecord,
): Promise<Decision> {
  const again = options.decideAgain(await refreshed(client, snapshot, options.signal));
  if (JSON.stringify(again.changes) === JSON.stringify(first.changes)) return again;
  const message = 'somebody changed the same settings in the meantime';
  await finish(client, namespace, record, 'failed', message, options);
  throw new FerryError(
    'FERRY_E_REFUSED',
    `${message}; nothing was changed`,
    'Look at them with `settings get`, and decide again.',
  );
}

/** Whether the patch was carried out although no good answer came. */
async function hasArrived(client: KubeClient, { holder, changes }: Decision, error: unknown): Promise<boolean> {
  const mayHave =
    error instanceof KubeError && (!(error instanceof ApiError) || error.status >= 500) && error.kind !== 'config';
  if (!mayHave) return false;
  try {
    const object = await readSettingsObject(client, settingsObject(holder));
    if (object.metadata.resourceVersion === holder.object.metadata.resourceVersion) return false;
    return stands(changes, { object, path: holder.path });
  } catch {
    return false;
  }
}

function stands(changes: readonly Change[], holder: Holder): boolean {
  const values = valuesAt(holder);
  return changes.every(
    ({ name, to }) => to === undefined || same(parameterOf(name) ?? { name, type: 'text' }, values[name], to),
  );
}

/** The outermost field that came with the change and now goes with it: only if nothing else has been put there. */
function goes({ holder, changes }: Decision, reverts: ChangeRecord | undefined): string[] | undefined {
  const created = reverts?.creates;
  if (created === undefined || changes.some(({ to }) => to !== undefined)) return undefined;
  const own = Object.fromEntries(changes.map(({ name, from }) => [name, from]));
  const nested = holder.path.slice(created.length).reduceRight<unknown>((inner, step) => ({ [step]: inner }), own);
  return JSON.stringify(sorted(at(holder.object, created))) === JSON.stringify(sorted(nested)) ? created : undefined;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

async function taken(
  client: KubeClient,
  snapshot: Snapshot,
  { holder, changes }: Decision,
  { signal, timeout }: ChangeOptions,
): Promise<Applied['result']> {
  const { kubeVirt } = holdersOf(snapshot);
  const end = Date.now() + timeout;
  let seen = 0;
  for (;;) {
    try {
      const object = await readSettingsObject(client, settingsObject(holder), { signal });
      if (!stands(changes, { object, path: holder.path })) return 'put-back';
      const inForce =
        holder.object.kind === 'KubeVirt' || kubeVirt === undefined
          ? isObserved(object)
          : isObserved(object) &&
            agrees(
              changes,
              valuesAt({ object, path: holder.path }),
              await readSettingsObject(client, kubeVirt, { signal }),
            );
      // Twice in a row: whoever puts values back is not always quick.
      seen = inForce ? seen + 1 : 0;
      if (seen === 2) return 'taken';
    } catch (error) {
      if (!(error instanceof ApiError) || error.status < 500) throw error;
    }
    if (Date.now() >= end) return 'waiting';
    await sleep(Math.min(POLL, Math.max(1, end - Date.now())), undefined, { signal });
  }
}

function isObserved({ metadata, status }: { metadata: object; status?: { observedGeneration?: number } }): boolean {
  const { generation } = metadata as { generation?: number };
  return (
    status?.observedGeneration === undefined || generation === undefined || status.observedGeneration >= generation
  );
}

/** Whether KubeVirt's CR says what HyperConverged says. */
function agrees(changes: readonly Change[], wanted: Record<string, Value | undefined>, kubeVirt: KubeObject): boolean {
  const inForce = valuesAt({ object: kubeVirt, path: KUBEVIRT_PATH });
  return changes.every(({ name }) => same(parameterOf(name) ?? { name, type: 'text' }, wanted[name], inForce[name]));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
