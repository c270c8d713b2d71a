import { keyOf, perSnapshot } from '../model/memo.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { vmsOf } from '../model/vm.ts';

/** The running VM with the most memory. */
export const largestVm = perSnapshot((snapshot: Snapshot): { name: string; bytes: number } | undefined => {
  let largest: { name: string; bytes: number } | undefined;
  for (const { running, memoryBytes, namespace, name } of vmsOf(snapshot)) {
    if (!running || memoryBytes === undefined || memoryBytes <= (largest?.bytes ?? 0)) continue;
    largest = { name: keyOf(namespace, name), bytes: memoryBytes };
  }
  return largest;
});
