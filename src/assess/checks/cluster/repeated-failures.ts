import { failedInARow } from '../../../model/migrations.ts';
import { vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, warning } from '../../check.ts';

/** Failed in a row; KubeVirt keeps five finished migrations of a VM (facts/kubevirt.md C1). */
const MANY = 3;

/** KubeVirt tries an evacuation again without end; each try takes a slot, and leaves a pod. */
export const repeatedFailures: Check = {
  id: 'migrations/repeated-failures',
  title: 'No VM fails to migrate again and again',
  source: 'facts/kubevirt.md C1 (Backoff), C2; facts/anchors.md 2 (pain 19; kubevirt#18087)',
  needs: ['migrations'],
  advise(snapshot): Draft[] {
    return vmsOf(snapshot).flatMap((vm) => {
      const failed = failedInARow(vm.finished);
      if (!vm.running || failed.length < MANY) return [];
      const last = failed.at(-1);
      const reason = last?.status?.migrationState?.failureReason?.trim();
      return [
        warning(vm, {
          message: `the last ${failed.length} migrations of VM ${vm.namespace}/${vm.name} all failed${reason === undefined || reason === '' ? '' : `, the last with: ${reason}`}`,
          evidence: failed.map((object) => at(object, '.status.phase', object.status?.phase)),
          remedy: `Leave it out of moves until the cause is found (ferry diagnose -n ${vm.namespace} ${vm.name}): each try takes a migration slot from others.${vm.vmi?.status?.evacuationNodeName ? ' It is marked for evacuation, so KubeVirt itself goes on trying.' : ''}`,
        }),
      ];
    });
  },
};
