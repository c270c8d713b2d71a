import type { EventRecord, LogTail } from '../model/dossier.ts';
import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import type { MigrationCase } from './case.ts';
import { atEvent, atLog } from './cause.ts';

/** Something that was said: in an event, a log, or a field. */
export interface Said {
  match: RegExpExecArray;
  evidence: Evidence;
}

/** The newest event that says it, about an object of this kind where one is named. `events` in the order in which they were last seen. */
export function eventSaying(events: readonly EventRecord[], pattern: RegExp, kind?: string): Said | undefined {
  for (const event of [...events].reverse()) {
    if (kind !== undefined && event.about.kind !== kind) continue;
    const match = pattern.exec(event.message);
    if (match !== null) return { match, evidence: atEvent(event) };
  }
  return undefined;
}

/** The last line that says it, of this component where one is named. */
export function lineSaying(
  logs: readonly LogTail[],
  pattern: RegExp,
  component?: LogTail['component'],
): Said | undefined {
  for (const log of logs) {
    if (component !== undefined && log.component !== component) continue;
    for (const line of [...log.lines].reverse()) {
      const match = pattern.exec(line);
      if (match !== null) return { match, evidence: atLog(log, line) };
    }
  }
  return undefined;
}

/** What fails is tried again after at most 1000 s (client-go's back-off), ms; what nobody has said for longer is over. */
const RETRIED_WITHIN = 1000_000;

/** Whether an event can still be going on. */
export function isRecent({ last }: EventRecord, now: number): boolean {
  return now - Date.parse(last) <= RETRIED_WITHIN;
}

/** The same of a line of KubeVirt's components, by the time stamp in it; a line without one counts. */
export function isRecentLine(line: string, now: number): boolean {
  const time = Date.parse(/"timestamp":"([^"]+)"/.exec(line)?.[1] ?? '');
  return Number.isNaN(time) || now - time <= RETRIED_WITHIN;
}

/** What v1.9 says of every abort (facts/kubevirt.md D2). */
export const ANY_ABORT = /^Live migration has been aborted$/;

/**
 * Whether a failed migration failed for this: by KubeVirt's failureReason; where there is none, or it says nothing, by
 * the event that repeats it, or by what the launcher logged (from v1.9 on the reason of an abort stands only there).
 */
export function failureSaying(each: MigrationCase, pattern: RegExp): Said | undefined {
  if (each.phase !== 'Failed') return undefined;
  const reason = each.state?.failureReason ?? '';
  const match = pattern.exec(reason);
  if (match !== null) return { match, evidence: stateAt(each, 'failureReason') };
  if (reason !== '' && !ANY_ABORT.test(reason)) return undefined;
  return eventSaying(each.events, pattern) ?? lineSaying(each.logs, pattern, 'virt-launcher');
}

/** Evidence from the migration's state, from the object that holds it. */
export function stateAt({ migration, vmi, state, stateOnVmi }: MigrationCase, field: string): Evidence {
  const holder = stateOnVmi && vmi !== undefined ? vmi : migration;
  const value = field
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], state);
  return atField(holder, `.status.migrationState.${field}`, value);
}

/** A condition of the VMIM that is True. */
export function migrationCondition({ migration }: MigrationCase, type: string): Evidence | undefined {
  const found = (migration.status?.conditions ?? []).find((condition) => condition.type === type);
  return found?.status === 'True'
    ? atField(migration, `.status.conditions[type=${type}].status`, found.status)
    : undefined;
}

/** It has no target pod yet, and can still get one. */
export function isWaiting({ phase, view, targetPod }: MigrationCase): boolean {
  return view !== undefined && targetPod === undefined && (phase === '' || phase === 'Pending');
}

/**
 * Why virt-controller does not make the target pod. Of what it finds before it asks for the pod it records no event: all
 * there is is a line of its log, `reenqueuing Migration NAMESPACE/NAME`, with the reason (KubeVirt v1.3 to v1.9,
 * pkg/virt-controller/watch/migration, Execute and createTargetPod).
 */
export function noTargetBecause(each: MigrationCase, pattern: RegExp): Said | undefined {
  const { metadata } = each.migration;
  const about = `Migration ${metadata.namespace ?? ''}/${metadata.name}"`;
  const logs = each.logs.map((log) => ({ ...log, lines: log.lines.filter((line) => line.includes(about)) }));
  return eventSaying(each.events, pattern) ?? lineSaying(logs, pattern, 'virt-controller');
}

/** Seconds for a sentence: `45 s`, `5 min`, `2 h 5 min`. */
export function inWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`;
}
