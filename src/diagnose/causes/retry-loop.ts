import { emptyingOf, unmarking } from '../../model/eviction.ts';
import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import { isKubeVirts } from '../../model/migrations.ts';
import { nodesOf } from '../../model/nodes.ts';
import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { VmCase } from '../case.ts';
import { atEvent, type Cause } from '../cause.ts';

/** Failures in a row that make a loop: KubeVirt waits 80 s before the next, and has no end (facts/kubevirt.md C1). */
const MANY = 3;

/** KubeVirt repeats its own migrations until one succeeds, 20 s after the first failure, then twice as long each time, at most about 320 s (facts/kubevirt.md C1). */
export const retryLoop: Cause = {
  id: 'moves/retry-loop',
  title: 'KubeVirt tries to move it again and again, and fails',
  source: 'facts/kubevirt.md C1, C2, C3; facts/anchors.md 2 pains 10, 19',
  needs: ['nodes', 'virtualMachineInstances', 'migrations'],
  vm(each) {
    const { vm, events, snapshot } = each;
    const failed = inARow(vm.finished);
    const why = reasonToGoOn(each);
    if (failed.length < MANY || why === undefined) return undefined;
    const backoff = events.findLast(({ reason }) => reason === 'MigrationBackoff');
    const said = failed.find(({ status }) => (status?.migrationState?.failureReason ?? '') !== '');
    const reason = said?.status?.migrationState?.failureReason;
    return {
      confidence: 'certain',
      message: `KubeVirt's last ${failed.length} migrations of it failed${reason === undefined ? '' : ` (${reason.trim()})`}, and it goes on, up to 320 s apart, because ${why.because}`,
      evidence: [
        why.evidence,
        ...failed.map((object) => atField(object, '.status.phase', 'Failed')),
        ...(said === undefined ? [] : [atField(said, '.status.migrationState.failureReason', reason)]),
        ...(backoff === undefined ? [] : [atEvent(backoff)]),
      ],
      remedies: [
        `Find out why the last one failed: ferry diagnose vmim/${failed[0]?.metadata.name} -n ${vm.namespace}.`,
        ...(why.marked ? unmarking(vm, snapshot).slice(0, 1) : [why.stop]),
        'If it does not converge, give it a MigrationPolicy with a longer completionTimeoutPerGiB or with allowAutoConverge.',
      ],
    };
  },
  texts: [/backoff migrating vmi/],
  meaning: {
    message:
      "KubeVirt's own migrations of a VM (for a drain, an update) failed, and it waits before it tries the next one: 20 s, then twice as long each time.",
    remedies: ['See why they fail: ferry diagnose VM.'],
  },
};

/** KubeVirt's own migrations, from the newest back to the last one that succeeded, that failed. Those of users end the row: they are not repeated. */
function inARow(finished: VirtualMachineInstanceMigration[]): VirtualMachineInstanceMigration[] {
  const failed: VirtualMachineInstanceMigration[] = [];
  for (const object of [...finished].reverse()) {
    if (object.status?.phase !== 'Failed' || !isKubeVirts(object)) break;
    failed.push(object);
  }
  return failed;
}

function reasonToGoOn({
  vm,
  vmi,
  snapshot,
}: VmCase): { because: string; evidence: Evidence; marked: boolean; stop: string } | undefined {
  if (vmi === undefined || !vm.running) return undefined;
  const { evacuationNodeName: marked, conditions = [] } = vmi.status ?? {};
  if (marked !== undefined && marked === vm.node) {
    const evidence = atField(vmi, '.status.evacuationNodeName', marked);
    return { because: `it is marked for the eviction from ${marked}`, evidence, marked: true, stop: '' };
  }
  const node = nodesOf(snapshot).get(vm.node ?? '');
  const emptying = emptyingOf(node, snapshot);
  if (emptying !== undefined && emptying.field.startsWith('.spec.taints')) {
    const stop = `Take the taint off the node: kubectl taint node ${vm.node} ${/key=([^\]]+)/.exec(emptying.field)?.[1]}-.`;
    return { because: `${vm.node} has the drain taint`, evidence: emptying, marked: false, stop };
  }
  const volumes = conditions.find(({ type, status }) => type === 'VolumesChange' && status === 'True');
  if (volumes !== undefined) {
    const evidence = atField(vmi, '.status.conditions[type=VolumesChange].status', 'True');
    const stop = 'Call the migration of its volumes off: point the volumes in the VM back to their old claims.';
    return { because: 'its volumes are to be migrated', evidence, marked: false, stop };
  }
  const hot = conditions.find(
    ({ type, status }) =>
      type === 'HotVCPUChange' || ((type === 'HotMemoryChange' || type === 'MigrationRequired') && status === 'True'),
  );
  if (hot !== undefined) {
    const evidence = atField(vmi, `.status.conditions[type=${hot.type}].status`, hot.status);
    const stop = 'Take the change of its CPUs, memory or networks back in the VM.';
    return { because: 'a change of its CPUs, memory or networks needs a migration', evidence, marked: false, stop };
  }
  const label = 'kubevirt.io/outdatedLauncherImage';
  const outdated = vmi.metadata.labels?.[label];
  if (outdated === undefined) return undefined;
  const evidence = atField(vmi, `.metadata.labels["${label}"]`, outdated);
  const stop = 'Restart it when its users can bear it: it then runs the new virt-launcher.';
  return { because: 'its virt-launcher is outdated', evidence, marked: false, stop };
}
