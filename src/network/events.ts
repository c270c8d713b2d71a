import { type ExitCode, exit } from '../model/errors.ts';
import { STEPS, type Step } from './journal.ts';

/** What a run tells while it goes. */
export type NetworkEvent =
  | { type: 'step'; step: Step; message: string }
  | { type: 'progress'; message: string }
  | { type: 'waiting'; message: string }
  | { type: 'failed'; step: Step; message: string }
  | { type: 'undo'; message: string };

/** How a run ended. */
export interface NetworkOutcome {
  /**
   * `applied`, `removed`: done. `rolled-back`: it failed, and all is as it was. `attention`: it failed, and something is
   * left that `left` names. `interrupted`: it stands where it stood; it can be taken up again.
   */
  outcome: 'applied' | 'removed' | 'rolled-back' | 'attention' | 'interrupted';
  run: string;
  /** The step that failed, and why. */
  failed?: { step: Step | 'undo'; message: string };
  /** What was taken back, in the order in which it was. */
  undone: string[];
  left: string[];
  /** virt-handlers' addresses on the network. */
  handlers: { node: string; address: string }[];
  migration?: { vm: string; from: string; to: string; targetNodeAddress: string };
}

const exits: Record<NetworkOutcome['outcome'], ExitCode> = {
  applied: exit.ok,
  removed: exit.ok,
  'rolled-back': exit.failedSafe,
  attention: exit.failedAttention,
  interrupted: exit.interrupted,
};

export function exitOf({ outcome }: NetworkOutcome): ExitCode {
  return exits[outcome];
}

/** An event in one line. */
export function eventLine(event: NetworkEvent): string {
  switch (event.type) {
    case 'step':
      return `[${STEPS.indexOf(event.step) + 1}/${STEPS.length}] ${event.message}`;
    case 'failed':
      return `failed: ${event.message}; taking it back`;
    case 'undo':
      return `undone: ${event.message}`;
    default:
      return event.message;
  }
}
