import { strategyOf } from '../../../model/eviction.ts';
import { type Vm, vmsOf } from '../../../model/vm.ts';
import { type Check, type Draft, info, warning } from '../../check.ts';
import { auditOf, type EvictionAudit } from '../../eviction.ts';
import { counted, some } from '../../text.ts';

const SUBJECT = { kind: 'KubeVirt', name: 'workloads' };

/** What a drain would do to each VM surprises people; here it is counted, and -o wide lists it. */
export const evictionAudit: Check = {
  id: 'eviction/audit',
  title: 'What evictions would do to the VMs',
  source: 'facts/kubevirt.md A3, B4, C4; facts/anchors.md 2 (pain 28)',
  needs: ['virtualMachines', 'virtualMachineInstances', 'kubeVirts'],
  advise(snapshot): Draft[] {
    const all = vmsOf(snapshot).flatMap((vm) => {
      const audit = auditOf(vm, snapshot);
      return audit === undefined ? [] : [{ vm, audit }];
    });
    const that = (is: (audit: EvictionAudit) => boolean) => all.filter(({ audit }) => is(audit)).map(({ vm }) => vm);
    const evidence = (vms: readonly Vm[]) => vms.slice(0, 3).flatMap((vm) => strategyOf(vm, snapshot).evidence);
    const blocking = that(({ drain }) => drain === 'blocks');
    const ending = that(({ drain }) => drain === 'stays off' || drain === 'gone');
    const restarting = that(({ drain }) => drain === 'restarts');
    const external = that(({ drain }) => drain === 'waits for others');
    const drafts: Draft[] = [];
    if (blocking.length > 0) {
      drafts.push(
        warning(SUBJECT, {
          message: `${counted(blocking.length, 'VM')} would keep a drain of their node waiting for ever: they must be migrated (eviction strategy LiveMigrate), and KubeVirt says that they cannot be: ${names(blocking)}`,
          evidence: evidence(blocking),
          remedy:
            'Make them live-migratable (ferry check tells for each what keeps it), or give them the eviction strategy LiveMigrateIfPossible, with which a drain restarts them instead.',
        }),
      );
    }
    if (ending.length > 0) {
      drafts.push(
        warning(SUBJECT, {
          message: `${counted(ending.length, 'VM')} would be shut down by a drain, and not started again: ${names(ending)}`,
          evidence: evidence(ending),
          remedy: 'Give them the eviction strategy LiveMigrate, or the run strategy Always; or remember to start them.',
        }),
      );
    }
    if (external.length > 0) {
      drafts.push(
        info(SUBJECT, {
          message: `${counted(external.length, 'VM')} would keep a drain waiting until something outside of KubeVirt moves them (eviction strategy External): ${names(external)}`,
          evidence: evidence(external),
          remedy: 'Make sure that their controller answers evictions before you drain.',
        }),
      );
    }
    if (restarting.length > 0) {
      drafts.push(
        info(SUBJECT, {
          message: `${counted(restarting.length, 'VM')} would be restarted by a drain, not moved: ${names(restarting)}`,
          evidence: evidence(restarting),
          remedy:
            'If they must not go down, give them the eviction strategy LiveMigrate. A preemption by the scheduler shuts a VM down whatever its strategy.',
        }),
      );
    }
    return drafts;
  },
};

function names(vms: readonly Vm[]): string {
  return some(vms.map(({ namespace, name }) => `${namespace}/${name}`));
}
