import type { KubeClient, Resource, StoredObject } from '../kube/types.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';

const events: Resource = { group: '', version: 'v1', plural: 'events', namespaced: true };

interface Event extends StoredObject {
  type?: string;
  reason?: string;
  message?: string;
  lastTimestamp?: string;
}

// What says most comes first (facts/kubevirt.md G4); `source node reported migration failed` says nothing new.
const telling: ((event: Event) => boolean)[] = [
  ({ reason, message = '' }) => reason === 'SuccessfulDelete' && message.includes('timeout period exceeded'),
  ({ reason }) => reason === 'migrationTargetPodUnschedulable',
  ({ reason, message }) => reason === 'FailedMigration' && message !== 'source node reported migration failed',
  ({ type }) => type === 'Warning',
];

/**
 * Why a migration failed before its hand-off: KubeVirt tells it in events only (recordings/README). Undefined where
 * there are none, or they can't be read.
 */
export async function whyFailed(
  client: KubeClient,
  { metadata }: VirtualMachineInstanceMigration,
): Promise<string | undefined> {
  const { namespace, uid } = metadata;
  if (namespace === undefined || uid === undefined) return undefined;
  try {
    const fieldSelector = `involvedObject.uid=${uid}`;
    const { items } = await client.list<Event>(events, { namespace, fieldSelector });
    const found = telling.flatMap((matches) => items.filter(matches)).map(({ message }) => message?.trim());
    const said = [...new Set(found.filter((message) => message !== undefined && message !== ''))];
    return said.length === 0 ? undefined : said.slice(0, 2).join(' ');
  } catch {
    return undefined;
  }
}
