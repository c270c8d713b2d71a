import { shortDuration } from '../model/duration.ts';
import { evidenceText } from '../model/finding-text.ts';
import { plain } from '../model/plain.ts';
import { formatBytes } from '../model/quantity.ts';
import type { Course } from './course.ts';
import type { Diagnosis, Found } from './diagnose.ts';
import type { HistoryEntry } from './history.ts';
import type { Queue } from './queue.ts';
import type { Meaning } from './text.ts';

/** A diagnosis for people: the cause, what shows it, what to do; then what else may play a part, and what was not seen. */
export function renderDiagnosis({
  subject,
  cause,
  also,
  unseen,
  provenance,
  queue,
  course,
  history,
}: Diagnosis): string {
  const name = subject.namespace === undefined ? subject.name : `${subject.namespace}/${subject.name}`;
  const lines = [cause === undefined ? `${name}: nothing found` : `${name}: ${cause.title} (${cause.confidence})`];
  if (cause !== undefined) lines.push(...found(cause));
  if (queue !== undefined) lines.push(queueText(queue));
  if (course !== undefined) lines.push(courseText(course));
  if (provenance !== undefined)
    lines.push(`asked for by: ${provenance.message}`, `    evidence: ${evidenceText(provenance.evidence)}`);
  for (const other of also) lines.push('', `also ${other.confidence}: ${other.title}`, ...found(other));
  if (history !== undefined && history.length > 0) lines.push('', 'history:', ...history.map(historyText));
  for (const { what, why } of unseen) lines.push(`not seen: ${what} (${why})`);
  return lines.map((line) => `${plain(line)}\n`).join('');
}

function queueText({ position, waiting, holders, ordered, expectedSeconds }: Queue): string {
  const place = `in the queue: ${position} of ${waiting}${ordered ? '' : ' by age; KubeVirt promises no order'}`;
  const held =
    holders.length === 0
      ? '; a slot is free, it waits for something else'
      : `; the slots are held by ${holders.map(({ namespace, vmi }) => `${namespace}/${vmi}`).join(', ')}`;
  const start =
    expectedSeconds === undefined
      ? ''
      : `; by how long migrations took here it can start in about ${shortDuration(expectedSeconds)}`;
  return `${place}${held}${start}`;
}

/** `2026-03-01T08:00:00Z moved from worker-0 to worker-1 because ...`. */
function historyText({ at, kind, migration, from, to, because }: HistoryEntry): string {
  const way = [...(from === undefined ? [] : [`from ${from}`]), ...(to === undefined ? [] : [`to ${to}`])].join(' ');
  const where = way === '' ? '' : ` ${way}`;
  const what = {
    moved: `moved${where}`,
    failed: `stayed: a migration${where} failed`,
    unfinished: `a migration${where} was created, and has not ended`,
    started: `started${where}`,
  }[kind];
  const name = migration === undefined ? '' : ` [${migration}]`;
  return `  ${at} ${what}: ${because}${name}`;
}

function courseText({
  elapsedSeconds,
  deadlineSeconds,
  afterwards,
  mode,
  converging,
  expectedSeconds,
  last,
}: Course): string {
  const parts = [`runs for ${shortDuration(elapsedSeconds)}`];
  if (mode !== undefined && mode !== 'PreCopy') parts.push(mode === 'Paused' ? 'the guest is paused' : 'in post-copy');
  if (last !== undefined) {
    const { remaining, total, bandwidth, dirtyRate, iteration } = last;
    parts.push(
      `round ${iteration}, ${formatBytes(remaining)} of ${formatBytes(total)} left, ${formatBytes(Math.round(bandwidth))}/s sent, ${formatBytes(Math.round(dirtyRate))}/s written anew`,
    );
  }
  parts.push(
    converging === undefined
      ? 'too early to say whether it converges'
      : converging
        ? 'it converges'
        : 'it does not converge',
  );
  if (expectedSeconds !== undefined) parts.push(`about ${shortDuration(expectedSeconds)} more`);
  parts.push(
    deadlineSeconds === undefined
      ? 'its deadline is not known'
      : deadlineSeconds === 0
        ? 'it has no deadline'
        : `${atDeadline[afterwards]} ${shortDuration(deadlineSeconds)} after its start, in ${shortDuration(deadlineSeconds - elapsedSeconds)}`,
  );
  return parts.join('; ');
}

const atDeadline: Record<Course['afterwards'], string> = {
  abort: 'KubeVirt gives it up',
  'post-copy': 'KubeVirt switches it to post-copy',
  pause: 'KubeVirt pauses the guest',
};

function found({ cause, message, evidence, remedies }: Found): string[] {
  return [
    `  ${message} [${cause}]`,
    ...evidence.map((each) => `    evidence: ${evidenceText(each)}`),
    ...remedies.map((remedy, at) => `    ${at + 1}. ${remedy}`),
  ];
}

export function renderMeaning({ cause, title, message, remedies }: Meaning): string {
  const lines = [`${title} [${cause}]`, `  ${message}`, ...remedies.map((remedy, at) => `    ${at + 1}. ${remedy}`)];
  return lines.map((line) => `${line}\n`).join('');
}
