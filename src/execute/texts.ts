import { shortDuration } from '../model/duration.ts';
import { formatBytes } from '../model/quantity.ts';
import type { LinkEvent, MoveEvent, Outcome, Waiting } from './events.ts';

/** What has happened to a move, as a clause. */
export function eventText(event: MoveEvent): string {
  switch (event.type) {
    case 'waiting':
      return waitingText(event.waiting);
    case 'created':
      return `migration ${event.migration} created, from ${event.source}${event.target === undefined ? '' : ` to ${event.target}`}`;
    case 'found':
      return `migration ${event.migration} exists already; following it`;
    case 'phase': {
      const way = event.target === undefined ? '' : ` ${wayText(event)}`;
      return `${event.phase}${way}`;
    }
    case 'progress':
      return `Running ${wayText(event)}: ${progressText(event)}`;
    default:
      return outcomeText(event.outcome);
  }
}

/** Why a move waits, as a clause. */
function waitingText(waiting: Waiting): string {
  switch (waiting.for) {
    case 'cluster':
      return `waiting: ${waiting.running} of ${waiting.limit} migrations that the cluster allows are under way`;
    case 'source':
      return `waiting: ${waiting.running} of ${waiting.limit} migrations out of ${waiting.node} are under way`;
    case 'target':
      return `waiting: ${waiting.running} of ${waiting.limit} migrations into ${waiting.node} are under way`;
    case 'migration':
      return `waiting: another migration of this VM is under way (${waiting.migration})`;
    case 'api':
      return `waiting: the cluster did not take it (${waiting.message})`;
    default:
      return `waiting: no room in the namespace's ResourceQuota (${waiting.message})`;
  }
}

/** `1.2 GiB of 4 GiB left, 640 MiB/s, 4s of at most 5m`. */
function progressText({ progress, elapsed, deadline }: Extract<MoveEvent, { type: 'progress' }>): string {
  const parts: string[] = [];
  if (progress !== undefined) {
    const total = progress.totalBytes ?? progress.processedBytes + progress.remainingBytes;
    parts.push(`${formatBytes(progress.remainingBytes)} of ${formatBytes(total)} left`);
    if (progress.transferRate !== undefined) parts.push(`${formatBytes(progress.transferRate)}/s`);
    if (progress.dirtyRate) parts.push(`guest writes ${formatBytes(progress.dirtyRate)}/s`);
  }
  parts.push(`${shortDuration(elapsed)}${deadline === undefined ? '' : ` of at most ${shortDuration(deadline)}`}`);
  return parts.join(', ');
}

/** `worker-1 -> worker-3`, as far as it is known. */
function wayText({ source, target }: { source?: string; target?: string }): string {
  return source === undefined && target === undefined ? '' : `${source ?? '?'} -> ${target ?? '?'}`;
}

export function linkText(event: LinkEvent): string {
  return event.type === 'reconnected' ? 'connected again' : `connection lost, connecting again: ${event.message}`;
}

/** How a move ended, as a clause. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.result) {
    case 'succeeded': {
      const copying = outcome.copying === undefined ? '' : `, ${shortDuration(outcome.copying)} of it copying`;
      const took = outcome.total === undefined ? '' : ` in ${shortDuration(outcome.total)}${copying}`;
      return `moved ${outcome.from} -> ${outcome.to}${took}`;
    }
    case 'unchanged':
      return `is on ${outcome.node} already`;
    case 'failed':
      return `failed: ${outcome.reason}${whereText(outcome)}`;
    case 'cancelled':
      return `cancelled${whereText(outcome)}`;
    default: {
      const { result, migration } = outcome;
      if (migration === undefined) return 'not started';
      if (result === 'lost') return `out of reach: nobody knows how migration ${migration} goes on`;
      const so = result === 'detached' ? 'no longer followed' : 'still under way when the time was up';
      return `${so}: migration ${migration} goes on`;
    }
  }
}

function whereText({ node, running }: { node?: string; running: boolean }): string {
  if (!running) return '; the VM DOES NOT RUN';
  return node === undefined ? '; the VM runs' : `; the VM runs on ${node}`;
}
