import { runStrategyOf, type Strategy, strategyOf } from '../model/eviction.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { conditionOf, type Vm } from '../model/vm.ts';

/**
 * What becomes of a running VM. `restarts`: elsewhere; `down meanwhile`: it starts again only where it was; `stays off`:
 * somebody has to start it; `gone`: a VMI without a VM, which nothing starts again.
 */
export type Fate = 'moves' | 'restarts' | 'down meanwhile' | 'stays off' | 'gone' | 'blocks' | 'waits for others';

/** What an eviction, a preemption and the loss of its node would do to a VM. */
export interface EvictionAudit {
  vm: { namespace: string; name: string };
  node: string;
  strategy: string;
  from: Strategy['from'];
  /** A drain evicts its pod, and KubeVirt's webhook answers (facts/kubevirt.md B4). */
  drain: Fate | 'unknown';
  /** The scheduler deletes its pod for one with a higher priority; no webhook is asked, no budget counts. */
  preemption: Fate;
  /** Its node dies, and is known to be gone: fenced, or removed (facts/kubevirt.md C4). */
  nodeLoss: Fate;
}

/** What the eviction of its pod does, by strategy and KubeVirt's own word on whether it can migrate (facts/kubevirt.md B4). */
export function evictionFate(vm: Vm, snapshot: Snapshot): Fate | 'unknown' {
  const migratable = conditionOf(vm, 'LiveMigratable')?.status === 'True';
  switch (strategyOf(vm, snapshot).value) {
    case undefined:
      return 'unknown';
    case 'LiveMigrate':
      return migratable ? 'moves' : 'blocks';
    case 'LiveMigrateIfPossible':
      return migratable ? 'moves' : fateOf(vm, 'shut down');
    case 'External':
      return 'waits for others';
    default:
      return fateOf(vm, 'shut down');
  }
}

/**
 * What happens to a VM whose guest ends: RerunOnFailure starts again only what failed, and a guest that was shut down
 * has not (facts/kubevirt.md A2; kubevirt#9823: after an eviction such a VM stays off).
 */
export function fateOf(vm: Vm, ended: 'shut down' | 'lost'): Fate {
  const strategy = runStrategyOf(vm);
  if (strategy === undefined) return 'gone';
  if (strategy === 'Always' || (strategy === 'RerunOnFailure' && ended === 'lost')) return 'restarts';
  return 'stays off';
}

/** The audit of a running VM; undefined for one that has no node. */
export function auditOf(vm: Vm, snapshot: Snapshot): EvictionAudit | undefined {
  if (!vm.running || vm.node === undefined) return undefined;
  const { value, from } = strategyOf(vm, snapshot);
  return {
    vm: { namespace: vm.namespace, name: vm.name },
    node: vm.node,
    strategy: value ?? 'unknown',
    from,
    drain: evictionFate(vm, snapshot),
    preemption: fateOf(vm, 'shut down'),
    nodeLoss: fateOf(vm, 'lost'),
  };
}
