import { MONITOR_POLL } from '../../physics/constants.ts';
import {
  type MonitorAction,
  type MonitorSettings,
  type MonitorState,
  nextActingPoll,
  pollMonitor,
  startMonitor,
} from '../../physics/monitor.ts';

/** KubeVirt's monitor over one migration, polled only when it could act. */
export interface Watch {
  /** Seconds from the start to the next poll that could act; Infinity: none. */
  next(): number;
  /** That poll. */
  poll(remaining: number): MonitorAction;
  /** From now on data flows, or does not. */
  flows(flowing: boolean, elapsed: number, remaining: number): void;
  /** The last action could not be taken; KubeVirt tries again at the next poll. */
  undo(): void;
}

/**
 * While data flows, every poll but those just after a sync finds less remaining than the one before, which is all the
 * progress the monitor asks for; near the cliff, where syncs are more frequent than polls, the model's remaining would
 * be the same at each poll while a guest's fluctuates page by page, which counts as progress too. So only a silent
 * connection is without progress, and the polls in between need not be made one by one.
 */
export function watchMigration(settings: MonitorSettings): Watch {
  let state: MonitorState = startMonitor(settings);
  let before = state;
  let polled = 0;
  let flowing = true;
  const next = (): number => nextActingPoll(state, { after: polled, flowing }, settings);
  return {
    next: () => next() * MONITOR_POLL,
    poll(remaining) {
      polled = next();
      const skipped = flowing
        ? { lastProgress: (polled - 1) * MONITOR_POLL, watermark: Infinity }
        : { watermark: remaining };
      const { state: after, action } = pollMonitor(
        { ...state, ...skipped },
        { elapsed: polled * MONITOR_POLL, remaining },
        settings,
      );
      before = state;
      state = after;
      return action;
    },
    flows(now, elapsed, remaining) {
      if (flowing && !now) {
        // The first poll after the last byte still finds less than the one before.
        const lastPoll = Math.max(1, Math.ceil(elapsed / MONITOR_POLL - 1e-6));
        state = { ...state, lastProgress: lastPoll * MONITOR_POLL, watermark: remaining };
      }
      polled = Math.max(polled, Math.ceil(elapsed / MONITOR_POLL - 1e-6) - 1);
      flowing = now;
    },
    undo() {
      state = before;
    },
  };
}
