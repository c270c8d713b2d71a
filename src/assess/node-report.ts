import type { Finding } from '../model/finding.ts';
import type { NodeView } from '../model/nodes.ts';
import { API_VERSION, type Snapshot } from '../model/snapshot.ts';
import { vmsOf } from '../model/vm.ts';
import { checkNode, checkVms } from './assess.ts';
import type { Check } from './check.ts';
import { checks as allChecks } from './checks/index.ts';
import { type Drain, drainOf } from './drain.ts';

/** What `ferry check node/NODE` tells. */
export interface NodeCheckReport {
  apiVersion: typeof API_VERSION;
  kind: 'NodeCheckReport';
  takenAt: string;
  node: { name: string; ready: boolean; cordoned: boolean; schedulable?: boolean };
  drain: Drain;
  /** About the node and about draining it. */
  findings: Finding[];
}

/** What every check says about a node, and what a drain of it would do to each of its VMs. */
export function nodeReport(snapshot: Snapshot, node: NodeView, checks: readonly Check[] = allChecks): NodeCheckReport {
  const vms = vmsOf(snapshot).filter((vm) => vm.node === node.name);
  const { items } = checkVms(snapshot, vms, {}, checks);
  const { name, ready, cordoned, schedulable } = node;
  return {
    apiVersion: API_VERSION,
    kind: 'NodeCheckReport',
    takenAt: snapshot.takenAt,
    node: { name, ready, cordoned, ...(schedulable !== undefined && { schedulable }) },
    drain: drainOf(node, snapshot, items),
    findings: checkNode(snapshot, node, items, checks),
  };
}
