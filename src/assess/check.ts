import { at, type Evidence, type Finding, type Subject } from '../model/finding.ts';
import type { NodeView } from '../model/nodes.ts';
import type { Setting } from '../model/settings.ts';
import type { Snapshot, SnapshotList } from '../model/snapshot.ts';
import type { Vm } from '../model/vm.ts';
import type { CheckItem } from './assess.ts';

export { at };

/** What the caller wants to know about the VMs. */
export interface CheckRequest {
  /** The node they are to move to; without it: any other. */
  target?: string;
}

/** What a check says, before the report puts the check's id on it. */
export type Draft = Omit<Finding, 'check'>;

/** One thing to look at. Pure: the same Snapshot and request always give the same findings. */
export interface Check {
  /** Stable, `area/thing`. */
  id: string;
  /** What it looks at, as a heading. */
  title: string;
  /** Where the rule comes from: a section of the mission's text or of the fact sheets. */
  source: string;
  /** Lists without which it can't tell. Where one is unknown, the report says so instead of passing the VM. */
  needs: SnapshotList[];
  /** What it says about a VM. */
  run?(vm: Vm, snapshot: Snapshot, request: CheckRequest): Draft[];
  /** What it says about a node, and about draining it; `items` is what the checks say about the VMs on it. */
  runNode?(node: NodeView, snapshot: Snapshot, items: readonly CheckItem[]): Draft[];
  /** What it says about the cluster as a whole, whatever was asked for: it bears on every VM. */
  runCluster?(snapshot: Snapshot): Draft[];
  /** What could be better in the cluster; told when the cluster itself is checked. */
  advise?(snapshot: Snapshot): Draft[];
}

interface Said {
  message: string;
  summary?: string;
  evidence: Evidence | Evidence[];
  remedy: string;
}

export function blocker(subject: Vm | Subject, said: Said & { allows: 'cold' | 'nothing' }): Draft {
  return { ...draft('blocker', subject, said), allows: said.allows };
}

export function warning(subject: Vm | Subject, said: Said): Draft {
  return draft('warning', subject, said);
}

export function info(subject: Vm | Subject, said: Said): Draft {
  return draft('info', subject, said);
}

function draft(
  severity: Finding['severity'],
  about: Vm | Subject,
  { message, summary, evidence, remedy }: Said,
): Draft {
  const subject = 'kind' in about ? about : subjectOf(about);
  const brief = summary === undefined ? {} : { summary };
  return { severity, subject, message, ...brief, evidence: Array.isArray(evidence) ? evidence : [evidence], remedy };
}

/** The VM as findings name it. */
export function subjectOf({ vm, namespace, name }: Vm): Subject {
  return { kind: vm === undefined ? 'VirtualMachineInstance' : 'VirtualMachine', namespace, name };
}

/** Evidence from a setting of the cluster: where it is written, or that it is KubeVirt's default. */
export function atSetting({ object, field, raw, value }: Setting<unknown>, name: string): Evidence {
  return object === undefined || field === undefined
    ? at({ kind: 'KubeVirt', name: 'built-in default' }, name, value)
    : at(object, field, raw);
}

/** Evidence from the VM's own object: the VMI where there is one. */
export function atVm(vm: Vm, field: string, value: unknown): Evidence {
  return at(vm.vmi ?? vm.vm ?? subjectOf(vm), field, value);
}
