import { randomBytes } from 'node:crypto';

/** A new run's id, eight hex digits: the value of the label ferry.run/run, and what a network's journal is named by. */
export function newRunId(): string {
  return randomBytes(4).toString('hex');
}
