import { readConfigMap, readSettingsObject, writeConfigMap } from '../cluster/settings-writer.ts';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Wanted } from './assignment.ts';
import { historyNamespace, settingsObject } from './change.ts';
import {
  type ChangeRecord,
  HISTORY_NAME,
  nextId,
  type Present,
  presentOf,
  recordKey,
  recordsIn,
  recordText,
  settle,
  standingOf,
} from './history.ts';
import { holderOf, holdersOf, valuesAt } from './target.ts';

/** A change of the past, and how the settings stand to it now. */
export interface PastChange extends ChangeRecord {
  /** Its values are in force; or the old ones are again; or others. */
  now: 'in-force' | 'taken-back' | 'changed-since';
}

/** How old a pending record has to be before its Ferry is taken for dead, ms: longer than one that lives takes to patch. */
const PENDING = 30_000;

/** All changes that are remembered, oldest first. */
export async function readPast(client: KubeClient, snapshot: Snapshot, signal: AbortSignal): Promise<PastChange[]> {
  const found = await readConfigMap(client, historyNamespace(snapshot), HISTORY_NAME, { signal });
  const records = recordsIn(found?.data);
  if (records.length === 0) return [];
  const values = await presentOnes(client, snapshot, signal);
  return records.map((record) => {
    const standing = standingOf(record, values);
    const shown = record.outcome === 'pending' ? { ...record, ...settle(record, values) } : record;
    return { ...shown, now: standing === 'stands' ? 'in-force' : standing };
  });
}

/** Writes down what became of changes whose Ferry ended before it could; a sentence for each. */
export async function settlePending(client: KubeClient, snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
  const namespace = historyNamespace(snapshot);
  const found = await readConfigMap(client, namespace, HISTORY_NAME, { signal });
  const isOld = ({ outcome, at }: ChangeRecord): boolean =>
    outcome === 'pending' && client.serverNow() - Date.parse(at) > PENDING;
  if (!recordsIn(found?.data).some(isOld)) return [];
  const values = await presentOnes(client, snapshot, signal);
  return await writeConfigMap(
    client,
    namespace,
    HISTORY_NAME,
    (data) => {
      const settled = recordsIn(data)
        .filter(isOld)
        .map((record) => ({ ...record, ...settle(record, values) }));
      const entries = Object.fromEntries(settled.map((record) => [recordKey(record.id), recordText(record)]));
      return { entries, result: settled.map(({ id, message }) => `change ${id} was left unfinished: ${message}.`) };
    },
    { signal },
  );
}

/** Asks the API server whether a change could be written into the history; writes nothing. Throws the client's KubeError. */
export async function rehearseRecord(client: KubeClient, snapshot: Snapshot, signal: AbortSignal): Promise<void> {
  const probe = (data: Record<string, string> | undefined) => ({
    entries: { [recordKey(nextId(data))]: '' },
    result: undefined,
  });
  await writeConfigMap(client, historyNamespace(snapshot), HISTORY_NAME, probe, { dryRun: true, signal });
}

async function presentOnes(client: KubeClient, snapshot: Snapshot, signal: AbortSignal): Promise<Present> {
  const holder = holderOf(holdersOf(snapshot));
  if (holder === undefined) return presentOf({}, snapshot);
  const object = await readSettingsObject(client, settingsObject(holder), { signal });
  return presentOf(valuesAt({ object, path: holder.path }), snapshot);
}

/**
 * The change to take back: the one with the id, else the newest that stands and is no revert itself. Throws
 * FERRY_E_NOT_FOUND, and FERRY_E_REFUSED if its values are not in force any more.
 */
export function changeToRevert(
  past: readonly PastChange[],
  id: number | undefined,
): { record: PastChange; wanted: Wanted } {
  const reverted = new Set(
    past.flatMap(({ reverts, outcome }) => (reverts !== undefined && outcome !== 'failed' ? [reverts] : [])),
  );
  const record =
    id === undefined
      ? past.findLast(
          ({ now, reverts, id: each }) => now === 'in-force' && reverts === undefined && !reverted.has(each),
        )
      : past.find((each) => each.id === id);
  if (record === undefined) {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      id === undefined ? 'there is no change of settings that could be taken back' : `there is no change ${id}`,
      '`settings history` shows the changes there are.',
    );
  }
  if (record.now === 'taken-back') {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `change ${record.id} is taken back already: the old values are in force`,
      'There is nothing to do.',
    );
  }
  if (record.now === 'changed-since') {
    const names = record.policy?.metadata.name ?? record.changes.map(({ name }) => name).join(', ');
    throw new FerryError(
      'FERRY_E_REFUSED',
      `${names} changed again after change ${record.id}, so that taking it back would undo what somebody else decided`,
      '`settings history` shows the old values; set the one you want with `settings set`.',
    );
  }
  return { record, wanted: new Map(record.changes.map(({ name, from }) => [name, from])) };
}
