import { type Finding, type Verdict, verdictOf } from '../model/finding.ts';
import { compareText } from '../model/memo.ts';
import { type NodeView, nodesOf } from '../model/nodes.ts';
import type { Objection } from '../model/objections.ts';
import { objectionsTo, podsAreKnown } from '../model/placement.ts';
import { API_VERSION, type Snapshot } from '../model/snapshot.ts';
import { targetPodOf } from '../model/target-pod.ts';
import type { Vm } from '../model/vm.ts';
import { checkVms } from './assess.ts';
import { at, blocker } from './check.ts';
import { checks } from './checks/index.ts';
import { remedyFor, target } from './checks/target.ts';
import { cautionsAbout, inboundTo } from './target-cautions.ts';

/** Of a node as a target of a VM: by live migration, only by a restart, or not at all. */
export type TargetVerdict = 'possible' | 'possible-cold' | 'impossible';

/** What would be free on the node after the move, by requests; negative where it would not fit. */
export interface FreeAfter {
  /** Millicores. */
  cpuMillicores: number;
  memoryBytes: number;
}

export interface TargetNode {
  node: string;
  verdict: TargetVerdict;
  /** Only where all pods of the cluster are known. */
  freeAfter?: FreeAfter;
  /** Migrations that are on their way there. */
  inbound: number;
  /** All that keeps the VM from it. */
  reasons: Finding[];
  /** What speaks against it without ruling it out. */
  cautions: Finding[];
}

export interface TargetItem {
  vm: { namespace: string; name: string };
  /** The node it is on, which is not among the targets. */
  node?: string;
  /** Whether the VM itself can move, wherever to. */
  verdict: Verdict;
  /** What keeps the VM itself from moving, and what else is to be known of it. */
  findings: Finding[];
  /** All other nodes, the best first. */
  nodes: TargetNode[];
}

/** What `ferry check VM --targets` tells. */
export interface TargetReport {
  apiVersion: typeof API_VERSION;
  kind: 'TargetReport';
  takenAt: string;
  /** In order of namespace and name. */
  items: TargetItem[];
}

/** Each VM with every other node as its target. A pure function; the same cluster always gives the same report. */
export function targetReport(snapshot: Snapshot, vms: readonly Vm[]): TargetReport {
  const others = checks.filter(({ id }) => id !== target.id);
  const byName = new Map(vms.map((vm) => [JSON.stringify([vm.namespace, vm.name]), vm]));
  const items = checkVms(snapshot, vms, {}, others).items.flatMap((item): TargetItem[] => {
    const vm = byName.get(JSON.stringify([item.vm.namespace, item.vm.name]));
    if (vm === undefined) return [];
    const told = (target.runVm?.(vm, snapshot) ?? []).map((draft): Finding => ({ check: target.id, ...draft }));
    const findings = [...item.findings, ...told];
    const verdict = verdictOf(findings);
    return [{ ...item, verdict, findings, nodes: nodesFor(vm, verdict, snapshot) }];
  });
  return { apiVersion: API_VERSION, kind: 'TargetReport', takenAt: snapshot.takenAt, items };
}

function nodesFor(vm: Vm, verdict: Verdict, snapshot: Snapshot): TargetNode[] {
  return [...nodesOf(snapshot).values()]
    .filter(({ name }) => name !== vm.node)
    .map((node) => ({ node, told: judge(vm, node, verdict, snapshot) }))
    .sort(
      (a, b) =>
        order[a.told.verdict] - order[b.told.verdict] ||
        a.told.reasons.length - b.told.reasons.length ||
        weightOf(a.told.cautions) - weightOf(b.told.cautions) ||
        headroom(b.node, b.told.freeAfter) - headroom(a.node, a.told.freeAfter) ||
        compareText(a.told.node, b.told.node),
    )
    .map(({ told }) => told);
}

const order: Record<TargetVerdict, number> = { possible: 0, 'possible-cold': 1, impossible: 2 };

function judge(vm: Vm, node: NodeView, verdict: Verdict, snapshot: Snapshot): TargetNode {
  const objections = objectionsTo(node, vm, snapshot);
  const reasons = objections.map((objection) => reasonOf(vm, node, objection));
  const { requests } = targetPodOf(vm, snapshot);
  const left = (name: string): number => (node.free[name] ?? 0) - (requests[name] ?? 0);
  return {
    node: node.name,
    verdict: verdictFor(objections, verdict),
    ...(podsAreKnown(snapshot) && { freeAfter: { cpuMillicores: left('cpu'), memoryBytes: left('memory') } }),
    inbound: inboundTo(node, snapshot).length,
    reasons,
    cautions: cautionsAbout(vm, node, snapshot).map((draft) => ({ check: target.id, ...draft })),
  };
}

function verdictFor(objections: readonly Objection[], verdict: Verdict): TargetVerdict {
  if (verdict === 'blocked' || objections.some(({ liveOnly }) => !liveOnly)) return 'impossible';
  return verdict === 'cold' || objections.length > 0 ? 'possible-cold' : 'possible';
}

function reasonOf(vm: Vm, node: NodeView, { kind, message, field, value, liveOnly }: Objection): Finding {
  const draft = blocker(vm, {
    message: `node ${node.name} ${message}`,
    summary: message,
    evidence: at(node.object, field, value),
    remedy: remedyFor(kind),
    allows: liveOnly ? 'cold' : 'nothing',
  });
  return { check: target.id, ...draft };
}

function weightOf(cautions: readonly Finding[]): number {
  return cautions.reduce((sum, { severity }) => sum + (severity === 'warning' ? 10 : 1), 0);
}

/** The share of the node that would stay free of what gets scarce first, CPU or memory, in whole percent. */
function headroom({ allocatable }: NodeView, free: FreeAfter | undefined): number {
  if (free === undefined) return 0;
  const share = (left: number, name: string): number => {
    const all = allocatable[name] ?? 0;
    return all <= 0 ? 0 : Math.floor((left / all) * 100);
  };
  return Math.min(share(free.cpuMillicores, 'cpu'), share(free.memoryBytes, 'memory'));
}
