import type { MoveOrder } from '../execute/events.ts';
import { shortDuration } from '../model/duration.ts';
import { keyOf } from '../model/memo.ts';
import { formatBytes } from '../model/quantity.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Load, loadsOf } from '../settings/loads.ts';
import { numbersOf } from '../settings/numbers.ts';
import { type Ending, endingOf, shareOn } from '../settings/simulate.ts';

/** What is predicted to come of moves, a sentence a VM; VMs of which too little is known are left out. */
export function moveEffect(snapshot: Snapshot, orders: readonly MoveOrder[]): string[] {
  const numbers = numbersOf(snapshot);
  const loads = new Map(loadsOf(snapshot).all.map((load) => [load.key, load]));
  const moved = orders.flatMap(({ vm }) => loads.get(keyOf(vm.namespace, vm.name)) ?? []);
  return moved.map((load) => {
    // Those of one node share its link.
    const share = shareOn(
      moved.filter(({ node }) => node === load.node),
      numbers,
    );
    return sentence(load, endingOf(load, numbers, share));
  });
}

function sentence({ key, guest, setup }: Load, { how, seconds, deadline, rate }: Ending): string {
  const size = `${key} copies up to ${formatBytes(guest.size - guest.zero)} at up to ${formatBytes(Math.round(rate))}/s`;
  const limit = Number.isFinite(deadline) ? shortDuration(Math.round(deadline)) : '';
  switch (how) {
    case 'converges': {
      const until = limit === '' ? '' : `; KubeVirt would give up after ${limit} of copying`;
      return `${size}: predicted to take about ${shortDuration(Math.round(setup + seconds))}${until}.`;
    }
    case 'post-copy':
      return `${size}: it writes faster than that and is switched to post-copy after ${limit}; a failure from then on costs the VM a restart.`;
    case 'paused':
      return `${size}: it writes faster than that and is paused after ${limit} until the rest is copied, at most about ${shortDuration(Math.round(seconds - deadline))}.`;
    default:
      return Number.isFinite(seconds)
        ? `${size}: it writes faster than that, so the migration is predicted to be given up after ${limit}; the VM stays where it is.`
        : `${size}: it writes faster than that, and without a time-out the migration is predicted never to end; cancel it then.`;
  }
}
