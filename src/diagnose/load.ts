import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import { bytesOf, formatBytes } from '../model/quantity.ts';
import { settingsOf } from '../model/settings.ts';
import { itemsOf } from '../model/snapshot.ts';
import { abortOf } from './abort.ts';
import type { MigrationCase } from './case.ts';
import { atLog } from './cause.ts';
import { type Course, courseOf, type Sample, samplesOf } from './course.ts';
import { stateAt } from './said.ts';

/** `1.1 GiB/s`. */
export function rateText(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** A migration that runs and will not end in time, or ran and did not: what its last measurement tells. */
export interface Struggle {
  last?: Sample;
  /** The line of the log it stands in. */
  evidence: Evidence[];
  /** Of one that runs. */
  course?: Course;
  over: boolean;
}

/** Undefined for one that goes well, or has ended otherwise. */
export function struggleOf(each: MigrationCase): Struggle | undefined {
  const uid = each.migration.metadata.uid ?? '';
  if (each.final) {
    const abort = abortOf(each);
    if (abort === undefined || (abort.why !== 'timeout' && abort.why !== 'stall')) return undefined;
    const last = samplesOf(each.logs, uid).at(-1);
    return { ...(last !== undefined && { last }), evidence: sampleLine(each), over: true };
  }
  const course = courseOf(each);
  if (course === undefined) return undefined;
  const { converging, expectedSeconds = 0, elapsedSeconds, deadlineSeconds = 0, last } = course;
  const late = deadlineSeconds > 0 && elapsedSeconds + expectedSeconds > deadlineSeconds;
  if (converging !== false && !late) return undefined;
  return { ...(last !== undefined && { last }), evidence: sampleLine(each), course, over: false };
}

/** The last line of the monitor. */
export function sampleLine({ logs, migration }: MigrationCase): Evidence[] {
  const start = `Migration info for ${migration.metadata.uid ?? ''}:`;
  for (const log of logs) {
    const line = log.component === 'virt-launcher' ? log.lines.findLast((text) => text.includes(start)) : undefined;
    if (line !== undefined) return [atLog(log, line)];
  }
  return [];
}

/** bandwidthPerMigration as this migration was handed it, bytes per second; undefined: none. */
export function bandwidthLimit(each: MigrationCase): { bytes: number; evidence: Evidence } | undefined {
  const own = each.state?.migrationConfiguration?.bandwidthPerMigration as string | number | undefined;
  if (own !== undefined) {
    const bytes = bytesOf(own);
    return bytes > 0 ? { bytes, evidence: stateAt(each, 'migrationConfiguration.bandwidthPerMigration') } : undefined;
  }
  const { value, object, field, raw } = settingsOf(each.snapshot).bandwidthPerMigration;
  if (value === undefined || value <= 0 || object === undefined) return undefined;
  return { bytes: value, evidence: { object, field: field ?? '', value: raw ?? value } };
}

/** Migrations that used a link of this one at the same time: the same source or the same target node. */
export function neighboursOf(each: MigrationCase): { name: string; evidence: Evidence }[] {
  const { migration, snapshot, state, sourceNode, targetNode, now } = each;
  const from = Date.parse(state?.startTimestamp ?? '');
  if (Number.isNaN(from)) return [];
  const to = Date.parse(state?.endTimestamp ?? '') || now;
  const vmis = itemsOf(snapshot.lists.virtualMachineInstances);
  return itemsOf(snapshot.lists.migrations).flatMap((other) => {
    const { uid, namespace } = other.metadata;
    if (uid === migration.metadata.uid) return [];
    const vmi = vmis.find(({ metadata }) => metadata.namespace === namespace && metadata.name === other.spec.vmiName);
    const own = other.status?.migrationState;
    const holder =
      own?.migrationUid === uid ? other : vmi?.status?.migrationState?.migrationUid === uid ? vmi : undefined;
    const its = holder?.status?.migrationState;
    if (holder === undefined || its?.startTimestamp === undefined) return [];
    if (Date.parse(its.startTimestamp) >= to || (Date.parse(its.endTimestamp ?? '') || now) <= from) return [];
    if (its.sourceNode !== sourceNode && its.targetNode !== targetNode) return [];
    const evidence = atField(holder, '.status.migrationState.startTimestamp', its.startTimestamp);
    return [{ name: `${namespace ?? ''}/${other.spec.vmiName ?? ''}`, evidence }];
  });
}
