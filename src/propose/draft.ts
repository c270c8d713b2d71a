import { createHash } from 'node:crypto';
import type { ExitCode } from '../model/errors.ts';
import { FerryError } from '../model/errors.ts';
import type { Finding, Subject } from '../model/finding.ts';

/** A field that a write would change; null: it is not set. */
export interface FieldChange {
  /** JSONPath-like: `.spec.liveMigrationConfig.completionTimeoutPerGiB`. */
  path: string;
  from: unknown;
  to: unknown;
}

/** What a write would do to one object. `call`: a subresource, such as a VM's `restart`. */
export interface ObjectChange {
  verb: 'create' | 'patch' | 'delete' | 'call';
  apiVersion: string;
  object: Subject;
  /** Of a call: the subresource. */
  subresource?: string;
  fields: FieldChange[];
}

/** What a write would do, decided on a cluster as it is; nothing of it is random or a time. */
export interface Draft {
  /** One sentence that says what is about to happen: `Move VM shop/web from worker-0 to worker-2.` */
  summary: string;
  /** Object by object, in the order of the writes; those that KubeVirt makes in turn are not in it. */
  objects: ObjectChange[];
  /** The checks that speak to it: none of them blocks it. */
  findings: Finding[];
  /** What is predicted to come of it, a sentence each. */
  effect: string[];
  /** What it was decided on besides the values in `objects`: if one of these changes, it is another write. */
  premises: Record<string, unknown>;
}

/** A write that was decided and not made yet. */
export interface Prepared {
  draft: Draft;
  /** Asks the API server whether it would take it; changes nothing. Throws what it says against it. */
  rehearse: (signal: AbortSignal) => Promise<void>;
  /** Makes it. The signal stops following; what has begun goes on, unless the operation says otherwise. */
  carryOut: (how: Following) => Promise<Done>;
}

export interface Following {
  signal: AbortSignal;
  /** Something worth telling while it goes on. */
  tell: (line: string) => void;
}

/** How a write ended. */
export interface Done {
  /** As design.md's table of exit codes has it. */
  exit: ExitCode;
  /** One sentence. */
  summary: string;
  /** Of the operation's own shape; plain JSON. */
  details: Record<string, unknown>;
}

/**
 * Of what a draft would do and what it was decided on: SHA-256 in hex. Two drafts with the same hash are the same write.
 * Of the findings only those that warn count, by check and subject: their texts may hold figures that move all the time.
 */
export function contentHash({ summary, objects, findings, premises }: Draft): string {
  const warnings = findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ check, severity, subject }) => JSON.stringify(sorted({ check, severity, subject })))
    .sort();
  return createHash('sha256')
    .update(JSON.stringify(sorted({ summary, objects, warnings, premises })))
    .digest('hex');
}

/** Throws FERRY_E_STALE, with what is different, unless what was confirmed is what would be done now. */
export function requireSame(confirmed: Draft, now: Draft): void {
  if (contentHash(confirmed) === contentHash(now)) return;
  const [first = 'the checks say something else', ...more] = differences(confirmed, now);
  throw new FerryError(
    'FERRY_E_STALE',
    `the cluster has changed since this was proposed: ${first}${more.length === 0 ? '' : ` (and ${more.length} more)`}; nothing was changed`,
    'Look at what would be done now, and decide again.',
  );
}

function differences(before: Draft, now: Draft): string[] {
  const named = (draft: Draft): Map<string, string> =>
    new Map([
      ...Object.entries(draft.premises).map(([name, value]): [string, string] => [name, shown(value)]),
      ...draft.objects.flatMap(({ verb, object, fields }) => [
        [`${verb} ${object.kind} ${object.name}`, 'planned'] as [string, string],
        ...fields.map(({ path, from, to }): [string, string] => [
          `${object.kind} ${object.name} ${path}`,
          `${shown(from)} -> ${shown(to)}`,
        ]),
      ]),
      ...draft.findings
        .filter(({ severity }) => severity !== 'info')
        .map(({ check, subject }): [string, string] => [`${check} on ${subject.name}`, 'found']),
    ]);
  const [old, fresh] = [named(before), named(now)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((key) => old.get(key) !== fresh.get(key))
    .map((key) => `${key} was ${old.get(key) ?? 'absent'}, is ${fresh.get(key) ?? 'absent'}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
