import type { KubeObject } from '../../src/model/objects.ts';

// A migration as watches see it, in a form in which a recording and a lab can be compared field by field: each write as
// the fields it set and the fields it took away, with names, addresses and times replaced by what they stand for.

/** One line of a watch. */
export interface Seen {
  at: number;
  resource: 'vmim' | 'vmi' | 'pod' | 'event';
  type: string;
  object: KubeObject;
}

/** One write to one object. */
export interface Step {
  type: string;
  set: Record<string, unknown>;
  unset: string[];
}

/** What happened to each object that took part, and the events about each, in order. */
export type Story = Record<string, (Step | string)[]>;

interface EventObject extends KubeObject {
  involvedObject: Record<string, string>;
  source?: Record<string, string>;
  [field: string]: unknown;
}

/** Every leaf of an object by its path; list items by type or name, where they have one. */
function leaves(value: unknown, path = '', found: Record<string, unknown> = {}): Record<string, unknown> {
  if (value === null || typeof value !== 'object') {
    if (value !== undefined) found[path] = value;
    return found;
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value).filter(
    ([key]) => path !== '.metadata' || !['resourceVersion', 'managedFields'].includes(key),
  );
  if (entries.length === 0) found[path] = isList ? '[]' : '{}';
  for (const [key, item] of entries) {
    const named = item as { type?: string; name?: string } | null;
    const at = isList ? `[${named?.type ?? named?.name ?? key}]` : `.${key}`;
    leaves(item, `${path}${at}`, found);
  }
  return found;
}

/** Replaces what is particular to one run. */
function words(text: string, names: [string, string][]): string {
  let result = text;
  for (const [name, stands] of names) if (name !== '') result = result.replaceAll(name, stands);
  return result
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC/g, '<Go time>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/g, '<micro time>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
    .replaceAll(/\b(\d{1,3}\.){3}\d{1,3}\b/g, '<ip>')
    .replaceAll(/(NodePorts\.)\d+/g, '$1<port>')
    .replaceAll(/(on ports: )[\d,]+/g, '$1<ports>')
    .replaceAll(/(default-scheduler)-[\w.-]+/g, '$1-<host>')
    .replaceAll(/\[[0-9a-f]{8}-[0-9a-f-]{27}\]/g, '[<uid>]')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, '<uid>');
}

/** What the particular names of a run stand for, the longest first. */
function namesOf(seen: readonly Seen[], migration: string): [string, string][] {
  const names: [string, string][] = [];
  const vmim = seen.find(({ resource }) => resource === 'vmim')?.object as KubeObject & { spec: { vmiName: string } };
  names.push([vmim.metadata.uid ?? '', '<vmim uid>'], [migration, '<vmim>']);
  const vmi = seen.find(({ resource }) => resource === 'vmi')?.object;
  names.push([vmi?.metadata.uid ?? '', '<vmi uid>']);
  for (const owner of vmi?.metadata.ownerReferences ?? []) names.push([owner.uid, '<vm uid>']);
  for (const { resource, object } of seen) {
    if (resource !== 'pod') continue;
    const pod = object as KubeObject & { spec?: { nodeName?: string } };
    const mine = pod.metadata.labels?.['kubevirt.io/migrationJobUID'] === vmim.metadata.uid;
    const role = mine ? 'target' : 'source';
    names.push([pod.metadata.name, `<${role} pod>`], [pod.metadata.uid ?? '', `<${role} pod uid>`]);
    if (pod.spec?.nodeName !== undefined) names.push([pod.spec.nodeName, `<${role} node>`]);
  }
  names.push([vmim.spec.vmiName, '<vmi>']);
  return names.toSorted(([a], [b]) => b.length - a.length);
}

/** The story of a migration: what was seen from its creation until 3 s after its last change. */
export function storyOf(all: readonly Seen[], migration: string): Story {
  const own = all.filter(({ resource, object }) => resource === 'vmim' && object.metadata.name === migration);
  const first = own[0];
  const last = own.at(-1);
  if (first === undefined || last === undefined) throw new Error(`nothing was seen of ${migration}`);
  const vmi = (first.object as KubeObject & { spec: { vmiName: string } }).spec.vmiName;
  const about = ({ resource, object }: Seen): boolean => {
    if (resource === 'vmim') return object.metadata.name === migration;
    if (resource === 'vmi') return object.metadata.name === vmi;
    if (resource === 'pod') return object.metadata.name.startsWith(`virt-launcher-${vmi}-`);
    const { name = '' } = (object as EventObject).involvedObject;
    return name === migration || name === vmi || name.startsWith(`virt-launcher-${vmi}-`);
  };
  const from = first.at;
  const until = last.at + 3000;
  const mine = all.filter(about);
  // Launchers of earlier migrations take no part: the source is the newest one that was there.
  const launchers = mine.filter(({ resource, type }) => resource === 'pod' && type === 'ADDED');
  const before = launchers.filter(({ at }) => at < from).at(-1)?.object.metadata.name;
  const taking = mine.filter(
    ({ resource, object, at }) =>
      resource !== 'pod' ||
      object.metadata.name === before ||
      (at >= from && object.metadata.labels?.['kubevirt.io/migrationJobUID'] === first.object.metadata.uid),
  );
  const inTime = taking.filter(({ at }) => at <= until);
  const names = namesOf(inTime, migration);
  const state = new Map<string, Record<string, unknown>>();
  const story: Story = {};
  for (const { resource, type, object, at } of inTime) {
    const now = leaves(object);
    const key = `${resource}/${object.metadata.name}`;
    const was = state.get(key);
    state.set(key, now);
    if (at < from) continue;
    if (resource === 'event') {
      if (type !== 'ADDED') continue;
      const event = object as EventObject;
      const title = words(`events of ${event.involvedObject['kind']} ${event.involvedObject['name']}`, names);
      (story[title] ??= []).push(eventLine(event, names));
      continue;
    }
    const step: Step = { type, set: {}, unset: [] };
    for (const [path, value] of Object.entries(now)) {
      if (was !== undefined && JSON.stringify(was[path]) === JSON.stringify(value)) continue;
      step.set[words(path, names)] = typeof value === 'string' ? words(value, names) : value;
    }
    for (const path of Object.keys(was ?? {})) if (!(path in now)) step.unset.push(words(path, names));
    step.unset = [...new Set(step.unset)].sort();
    if (type !== 'MODIFIED' || Object.keys(step.set).length + step.unset.length > 0) {
      (story[words(key, names)] ??= []).push(step);
    }
  }
  return story;
}

/** An event in one line: what it says, about what, and which fields it has. */
function eventLine(event: EventObject, names: [string, string][]): string {
  const { metadata: _metadata, involvedObject, source, ...rest } = event;
  const about = Object.keys(involvedObject).sort().join(',');
  const from = Object.entries(source ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const fields = Object.entries(rest)
    .filter(([key]) => !['apiVersion', 'kind'].includes(key))
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort();
  return words([`source ${from}`, `about ${about}`, ...fields].join(' | '), names);
}
