import type { KubeObject } from '../../src/model/objects.ts';
import type { Seen } from './steps.ts';

// Streams as a whole, in a form that says what was done and not to whom: for every migration its course, for every
// event what it says, for every node the writes to it.

interface Migration extends KubeObject {
  status?: {
    phase?: string;
    conditions?: { type: string; status: string }[];
    migrationState?: object;
    phaseTransitionTimestamps?: { phase: string }[];
  };
}

/** A state of a migration, as far as a follower can see it change. */
function stateOf({ metadata, status = {} }: Migration): string {
  const { phase = '-', conditions = [], migrationState = {}, phaseTransitionTimestamps = [] } = status;
  return [
    phase,
    // Before virt-controller has seen it, after, and when it is done with it.
    metadata.annotations?.['kubevirt.io/latest-observed-api-version'] === undefined ? 'new' : 'observed',
    ...conditions.map(({ type, status: is }) => `${type}=${is}`),
    `state: ${Object.keys(migrationState).length === 0 ? 'none' : 'endTimestamp' in migrationState ? 'full' : Object.keys(migrationState).join()}`,
    `phases ${phaseTransitionTimestamps.map((each) => each.phase).join('>')}`,
    `${metadata.finalizers?.length ?? 0} finalizers`,
    metadata.deletionTimestamp === undefined ? '' : 'deleting',
    `generation ${metadata.generation}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** The course of every migration: what a watch of it shows, each change once. */
export function courses(all: readonly Seen[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { resource, type, object } of all) {
    if (resource !== 'vmim') continue;
    const course = (found[object.metadata.name] ??= []);
    const line = `${type} ${stateOf(object)}`;
    if (line !== course.at(-1)) course.push(line);
  }
  return found;
}

interface EventObject extends KubeObject {
  involvedObject: { kind: string };
  source?: { component?: string };
  reportingComponent?: string;
  type: string;
  reason: string;
  message: string;
}

/** Every kind of event: about what, by whom, how, with the particular names taken out. */
export function eventKinds(all: readonly Seen[]): string[] {
  const kinds = new Set<string>();
  for (const { resource, object } of all) {
    if (resource !== 'event') continue;
    const { involvedObject, source, reportingComponent, type, reason, message } = object as EventObject;
    const said = message
      .replaceAll(/virt-launcher-[\w-]+/g, '<pod>')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<uid>')
      .replaceAll(/\b(\d{1,3}\.){3}\d{1,3}\b/g, '<ip>')
      .replaceAll(/on ports: [\d,]+/g, 'on ports: <ports>')
      .replaceAll(/\bnode\d+\b|\bnode-\d+\b/g, '<node>')
      .replaceAll(/\b(web\d+|prod1|vm0|pinned|nm2)\b/g, '<vmi>')
      .replaceAll(/kubevirt-evacuation-\w+/g, '<vmim>')
      .replaceAll(/used: pods=\d+, limited: pods=\d+/g, 'used: <used>, limited: <limit>');
    kinds.add([type, reason, involvedObject.kind, source?.component ?? reportingComponent, said].join(' | '));
  }
  return [...kinds].sort();
}
