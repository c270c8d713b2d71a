import { groupBy, perSnapshot } from '../model/memo.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsOf } from '../model/vm.ts';

const byNode = perSnapshot((snapshot: Snapshot) => groupBy(vmsOf(snapshot), ({ node }) => node));

/** The running VMs of a node, in order of namespace and name. */
export function byNodeOf(snapshot: Snapshot, node: string): Vm[] {
  return byNode(snapshot).get(node) ?? [];
}
