import { readGuestMetrics } from '../cluster/guest-metrics.ts';
import { requireOwnerKnown } from '../cluster/require-lists.ts';
import { readFieldSchemas } from '../cluster/settings-schema.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { refreshed } from './change.ts';
import { type PastChange, readPast } from './past.ts';
import type { SettingSchemas } from './schema.ts';
import { holderOf, holdersOf } from './target.ts';

/** What a change of settings is decided on. */
export interface SettingsReading {
  /** With HyperConverged and KubeVirt's CR as they are now, whole, and what virt-handler measures of the guests. */
  snapshot: Snapshot;
  /** What values the API server takes; undefined where it does not say. */
  schemas: SettingSchemas | undefined;
  /** What Ferry has changed, oldest first. */
  past: PastChange[];
}

/**
 * Reads what a change of settings is decided on; changes nothing. Throws FERRY_E_FORBIDDEN or FERRY_E_API if it is not
 * known who owns the settings, and what the client says.
 */
export async function readForChange(client: KubeClient, read: Snapshot, signal: AbortSignal): Promise<SettingsReading> {
  requireOwnerKnown(read);
  const [now, guests] = await Promise.all([refreshed(client, read, signal), readGuestMetrics(client, read, signal)]);
  const snapshot = { ...now, guests };
  const holder = holderOf(holdersOf(snapshot));
  const [schemas, past] = await Promise.all([
    holder === undefined ? undefined : readFieldSchemas(client, holder.object, holder.path, signal),
    readPast(client, snapshot, signal),
  ]);
  return { snapshot, schemas: schemas as SettingSchemas | undefined, past };
}
