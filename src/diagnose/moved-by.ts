import type { VmCase } from './case.ts';
import type { Cause } from './cause.ts';
import { type HistoryEntry, historyOf } from './history.ts';

/** How long a move is news, ms. */
const DAY = 86_400_000;

interface MovedBy {
  id: string;
  title: string;
  source: string;
  /** Whether it is about this entry of the history. */
  is: (entry: HistoryEntry) => boolean;
  remedies: (entry: HistoryEntry, each: VmCase) => string[];
}

/** "Why did this VM move?": what moved it last, or is about to, by nobody's hand. It is no fault, so anything else that is found says more. */
export function movedBy({ is, remedies, ...what }: MovedBy): Cause {
  return {
    ...what,
    needs: ['nodes', 'virtualMachineInstances', 'migrations'],
    reads: ['events'],
    explains: true,
    vm(each) {
      const last = historyOf(each).findLast(({ kind }) => kind === 'moved' || kind === 'unfinished');
      if (last === undefined || !is(last) || each.now - Date.parse(last.at) > DAY) return undefined;
      const way =
        last.kind === 'moved'
          ? `it moved${last.from === undefined ? '' : ` from ${last.from}`} to ${last.to} at ${last.at}`
          : `KubeVirt is to move it, since ${last.at},`;
      return {
        confidence: last.trigger === 'update' ? 'likely' : 'certain',
        message: `${way} because ${last.because}`,
        evidence: last.evidence,
        remedies: remedies(last, each),
      };
    },
  };
}
