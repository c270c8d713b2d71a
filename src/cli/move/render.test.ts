import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { MoveEvent, MoveOrder } from '../../execute/events.ts';
import type { Io } from '../context.ts';
import { moveView } from './render.ts';

const order = (name: string): MoveOrder => ({ vm: { namespace: 'vms', name }, vmiUid: name, source: 'a' });

function shown(columns: number | undefined, events: MoveEvent[]): string {
  let text = '';
  const stderr = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      text += chunk;
      done();
    },
  });
  if (columns !== undefined) Object.assign(stderr, { columns, rows: 24 });
  const isTTY = { stdin: false, stdout: false, stderr: columns !== undefined };
  const io: Io = {
    stdout: stderr,
    stderr,
    stdin: process.stdin,
    env: { NO_COLOR: '1' },
    isTTY,
    signal: new AbortController().signal,
    name: 'ferry',
    self: [],
  };
  const view = moveView(io, [order('web'), order('db')]);
  for (const event of events) view.tell(event);
  return text;
}

const reason = 'Live migration is not completed after 750 seconds and has been aborted';
const ends: MoveEvent[] = [
  {
    type: 'done',
    vm: { namespace: 'vms', name: 'web' },
    outcome: { result: 'failed', reason, node: 'a', running: true },
  },
  { type: 'done', vm: { namespace: 'vms', name: 'db' }, outcome: { result: 'unchanged', node: 'b' } },
];

test('a narrow terminal cuts lines, but tells in the end in full what went wrong', () => {
  const text = shown(40, ends);
  // Every line but those that tell it in full fits; what moves the cursor takes no room.
  const long = stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => line.length > 40);
  expect(long).toEqual([`web: failed: ${reason}; the VM runs on a`]);
});

test('a wide terminal tells it once a drawing', () => {
  expect(shown(200, ends)).not.toContain('web: failed');
});

test('a terminal that is none gets no control characters', () => {
  const text = shown(undefined, ends);
  expect(stripVTControlCharacters(text)).toBe(text);
});
