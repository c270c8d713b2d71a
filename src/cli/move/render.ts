import { styleText } from 'node:util';
import type { LinkEvent, MoveEvent, MoveOrder, VmRef } from '../../execute/events.ts';
import { eventText, linkText } from '../../execute/texts.ts';
import { plain } from '../../model/plain.ts';
import { type Io, note, terminalSize, wantsColor } from '../context.ts';

/** Shows how moves get on, on stderr. */
export interface MoveView {
  tell: (event: MoveEvent | LinkEvent) => void;
}

/** One line a VM that is written over on a terminal; elsewhere a line for each news, and now and then one of progress. */
export function moveView(io: Io, orders: readonly MoveOrder[]): MoveView {
  // More lines than the terminal has can't be written over.
  const { rows } = terminalSize(io, 'stderr') ?? { rows: 24 };
  return io.isTTY.stderr && orders.length < rows ? liveView(io, orders) : lineView(io, orders);
}

/** VMs are named with their namespace only if there are several. */
function namer(orders: readonly MoveOrder[]): (vm: VmRef) => string {
  const several = new Set(orders.map(({ vm }) => vm.namespace)).size > 1;
  return (vm) => plain(several ? `${vm.namespace}/${vm.name}` : vm.name);
}

/** Of progress lines, ms: the longer it takes, the rarer they get, so that an hour of copying is some 60 lines. */
const shortest = 5000;
const share = 0.1;

function lineView(io: Io, orders: readonly MoveOrder[]): MoveView {
  const nameOf = namer(orders);
  const told = new Map<string, { first: number; last: number }>();
  return {
    tell(event) {
      if (!('vm' in event)) return note(io, plain(linkText(event)));
      const name = nameOf(event.vm);
      if (event.type === 'progress') {
        const now = performance.now();
        const { first = now, last = Number.NEGATIVE_INFINITY } = told.get(name) ?? {};
        if (now - last < Math.max(shortest, share * (now - first))) return;
        told.set(name, { first, last: now });
      }
      note(io, `${name}: ${plain(eventText(event))}`);
    },
  };
}

function liveView(io: Io, orders: readonly MoveOrder[]): MoveView {
  const nameOf = namer(orders);
  const names = orders.map(({ vm }) => nameOf(vm));
  const width = Math.max(...names.map((name) => name.length));
  const lines = new Map(names.map((name) => [name, 'queued']));
  const color = wantsColor(io, 'stderr');
  const ended = new Set<string>();
  const unhappy: string[] = [];
  let drawn = false;
  let connected = true;
  const draw = (): void => {
    const columns = columnsOf(io);
    const text = names.map((name) => {
      const text = connected || ended.has(name) ? lines.get(name) : 'connection lost, connecting again';
      const line = `${name.padEnd(width)}   ${text}`;
      return line.length >= columns ? `${line.slice(0, columns - 2)}…` : line;
    });
    // Up to the first line, then each line anew.
    io.stderr.write(
      `${drawn ? `\u001b[${names.length}A` : ''}${text.map((line) => `\u001b[2K${paint(line, color)}\n`).join('')}`,
    );
    drawn = true;
  };
  draw();
  return {
    tell(event) {
      if ('vm' in event) {
        const name = nameOf(event.vm);
        lines.set(name, plain(eventText(event)));
        if (event.type === 'done') ended.add(name);
        if (event.type === 'done' && !/^(succeeded|unchanged)$/.test(event.outcome.result)) unhappy.push(name);
      } else {
        connected = event.type === 'reconnected';
      }
      draw();
      // The reason may have been cut off at the edge of the terminal: what went wrong is told in full.
      if (ended.size === names.length) {
        for (const name of unhappy) {
          const line = `${name}: ${lines.get(name)}`;
          if (line.length >= columnsOf(io)) note(io, line);
        }
      }
    },
  };
}

function columnsOf(io: Io): number {
  return terminalSize(io, 'stderr')?.columns ?? 120;
}

function paint(line: string, color: boolean): string {
  if (!color) return line;
  if (/ {3}(failed|cancelled)/.test(line)) return styleText('red', line, { validateStream: false });
  return / {3}(moved|is on)/.test(line) ? styleText('green', line, { validateStream: false }) : line;
}
