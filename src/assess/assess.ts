import { type Finding, type Severity, type Verdict, verdictOf } from '../model/finding.ts';
import { compareText } from '../model/memo.ts';
import type { NodeView } from '../model/nodes.ts';
import { API_VERSION, type Snapshot } from '../model/snapshot.ts';
import type { Vm } from '../model/vm.ts';
import { type Check, type CheckRequest, type Draft, subjectOf } from './check.ts';
import { checks as allChecks } from './checks/index.ts';
import { unknownLists } from './unknown.ts';

export interface CheckItem {
  vm: { namespace: string; name: string };
  /** The node it is on. */
  node?: string;
  verdict: Verdict;
  findings: Finding[];
}

/** What `ferry check` tells. */
export interface CheckReport {
  apiVersion: typeof API_VERSION;
  kind: 'CheckReport';
  takenAt: string;
  /** The node that was asked for. */
  target?: string;
  /** In order of namespace and name. */
  items: CheckItem[];
  /** Findings about the cluster as a whole. */
  cluster?: Finding[];
}

/**
 * What every check says about the VMs. A pure function; findings come blockers first, then by check, field and message,
 * so that the same cluster always gives the same report.
 */
export function checkVms(
  snapshot: Snapshot,
  vms: readonly Vm[],
  request: CheckRequest = {},
  checks: readonly Check[] = allChecks,
): CheckReport {
  const unknown = unknownLists(
    snapshot,
    checks.filter((check) => check.run !== undefined),
  );
  const items = vms
    .toSorted((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name))
    .map((vm) => checkVm(vm, snapshot, request, checks, unknown(subjectOf(vm))));
  const cluster = findingsOf(checks, (check) => check.runCluster?.(snapshot));
  return {
    apiVersion: API_VERSION,
    kind: 'CheckReport',
    takenAt: snapshot.takenAt,
    ...(request.target !== undefined && { target: request.target }),
    items,
    ...(cluster.length > 0 && { cluster }),
  };
}

/** What every check says about a node; `items` is what they say about the VMs on it. */
export function checkNode(
  snapshot: Snapshot,
  node: NodeView,
  items: readonly CheckItem[],
  checks: readonly Check[] = allChecks,
): Finding[] {
  const asked = checks.filter((check) => check.runNode !== undefined);
  const unknown = unknownLists(snapshot, asked, { optional: true })({ kind: 'Node', name: node.name });
  return [...unknown, ...findingsOf(asked, (check) => check.runNode?.(node, snapshot, items))].sort(compareFindings);
}

/** What every check says about the cluster, with what could be better in it. */
export function checkCluster(snapshot: Snapshot, checks: readonly Check[] = allChecks): Finding[] {
  const asked = checks.filter((check) => check.runCluster !== undefined || check.advise !== undefined);
  const unknown = unknownLists(snapshot, asked, { optional: true })({ kind: 'Snapshot', name: snapshot.takenAt });
  const found = findingsOf(asked, (check) => [
    ...(check.runCluster?.(snapshot) ?? []),
    ...(check.advise?.(snapshot) ?? []),
  ]);
  return [...unknown, ...found].sort(compareFindings);
}

function findingsOf(checks: readonly Check[], ask: (check: Check) => Draft[] | undefined): Finding[] {
  return checks.flatMap((check) => stamped(check.id, ask(check) ?? [])).sort(compareFindings);
}

function checkVm(
  vm: Vm,
  snapshot: Snapshot,
  request: CheckRequest,
  checks: readonly Check[],
  unknown: Finding[],
): CheckItem {
  const findings = [...unknown];
  for (const check of checks) {
    const drafts = check.run?.(vm, snapshot, request) ?? [];
    if (drafts.length > 0) findings.push(...stamped(check.id, drafts));
  }
  // A bare VMI can't be restarted: nothing would start it again.
  if (vm.vm === undefined && snapshot.lists.virtualMachines.known) {
    for (const finding of findings) if (finding.allows === 'cold') finding.allows = 'nothing';
  }
  if (findings.length > 1) findings.sort(compareFindings);
  return {
    vm: { namespace: vm.namespace, name: vm.name },
    ...(vm.node !== undefined && { node: vm.node }),
    verdict: verdictOf(findings),
    findings,
  };
}

function stamped(check: string, drafts: Draft[]): Finding[] {
  return drafts.map((draft) => ({ check, ...draft }));
}

const order: Record<Severity, number> = { blocker: 0, warning: 1, info: 2 };

function compareFindings(a: Finding, b: Finding): number {
  return (
    order[a.severity] - order[b.severity] ||
    compareText(a.check, b.check) ||
    compareText(a.evidence[0]?.field ?? '', b.evidence[0]?.field ?? '') ||
    compareText(a.message, b.message)
  );
}
