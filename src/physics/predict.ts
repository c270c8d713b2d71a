import { PAGE } from './constants.ts';
import { advance, type Bandwidth, type PrecopyOrder, pageOnWire, remainingBytes, startPrecopy } from './precopy.ts';
import { switchoverOverhead } from './switchover.ts';

/** A pre-copy left to itself at a constant bandwidth. Seconds and bytes. */
export type PrecopyPrediction =
  | {
      converges: true;
      /** From the start to the guest running on the target. */
      seconds: number;
      bytes: number;
      downtime: number;
      /** Passes over the dirty bitmap: QEMU's dirty-sync-count. */
      syncs: number;
    }
  | {
      converges: false;
      /** What a sync finds still to be sent, over and over; it would have to be at most `threshold`. */
      remaining: number;
      threshold: number;
      /** Bytes newly dirtied per second, against the bytes per second that can be sent. */
      dirtyRate: number;
      rate: number;
    };

/**
 * Runs the recurrence to its end.
 * The last copy goes out at the line's rate: the migration's own limit does not hold for it.
 */
export function predictPrecopy(order: PrecopyOrder, bandwidth: Bandwidth): PrecopyPrediction {
  const state = startPrecopy(order);
  const seconds = advance(state, Infinity, bandwidth);
  if (seconds === Infinity) {
    const rate = Math.min(bandwidth.line, bandwidth.limit);
    return {
      converges: false,
      remaining: remainingBytes(state),
      threshold: rate * order.downtimeLimit,
      dirtyRate: state.throttle.dirtyRate,
      rate,
    };
  }
  const last = (remainingBytes(state) / PAGE) * pageOnWire(order.connections);
  const downtime = switchoverOverhead(order.memory.size) + last / bandwidth.line;
  return { converges: true, seconds: seconds + downtime, bytes: state.sentBytes + last, downtime, syncs: state.syncs };
}

