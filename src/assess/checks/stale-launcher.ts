import { staleLaunchersOf } from '../../model/stale-launchers.ts';
import { at, type Check, type Draft, warning } from '../check.ts';

/** KubeVirt starts no migration of a VM while more than one of its pods lives. */
export const staleLauncher: Check = {
  id: 'vm/stale-launcher',
  title: 'Only one pod of the VM is left',
  source: 'facts/kubevirt.md C1 (waits while the VMI has more than one active pod); facts/anchors.md 2 (pain 20)',
  needs: ['pods', 'migrations'],
  run(vm): Draft[] {
    if (vm.unfinished.length > 0) return [];
    return staleLaunchersOf(vm).map((pod) => {
      const { name } = pod.metadata;
      const where = pod.spec?.nodeName === undefined ? 'no node yet' : `node ${pod.spec.nodeName}`;
      return warning(vm, {
        message: `a second pod of it, ${name} on ${where}, is left of an earlier migration: a new one waits in Pending until that pod has ended`,
        summary: `a pod of an earlier migration is left (${name})`,
        evidence: at(pod, '.status.phase', pod.status?.phase),
        remedy: `If it does not end within a minute, delete it: kubectl delete pod ${name} -n ${vm.namespace}. The VM itself runs in ${vm.launcher?.metadata.name ?? 'the other pod'}.`,
      });
    });
  },
};
