import { vmNodesOf } from '../../../model/nodes.ts';
import { knownVersion } from '../../../model/versions/index.ts';
import { vmsOf } from '../../../model/vm.ts';
import { atVm, type Check, type Draft, info, warning } from '../../check.ts';
import { counted, some } from '../../text.ts';

const LABELS = ['kubevirt.io/cpumanager', 'cpumanager'];

/** Dedicated CPUs make a guest steadier and its migrations slower; the best-practices text has only the first half. */
export const dedicatedCpu: Check = {
  id: 'workload/dedicated-cpu',
  title: 'What dedicated CPUs cost when VMs migrate',
  source: 'mission: Best Practices 1; facts/anchors.md 6 rows 12, 13, 2 (pain 25); facts/kubevirt.md D4, E',
  needs: ['virtualMachineInstances', 'nodes', 'kubeVirts'],
  advise(snapshot): Draft[] {
    const vms = vmsOf(snapshot).filter((vm) => vm.running && vm.spec.domain.cpu?.dedicatedCpuPlacement === true);
    const [first] = vms;
    if (first === undefined) return [];
    const subject = { kind: 'KubeVirt', name: 'workloads' };
    const evidence = atVm(first, '.spec.domain.cpu.dedicatedCpuPlacement', true);
    const names = some(vms.map(({ namespace, name }) => `${namespace}/${name}`));
    const nodes = vmNodesOf(snapshot).filter(({ labels }) => LABELS.some((label) => labels[label] === 'true'));
    const drafts: Draft[] = [];
    if (snapshot.lists.nodes.known && nodes.length < 2) {
      drafts.push(
        warning(subject, {
          message: `${counted(vms.length, 'VM')} with dedicated CPUs (${names}) ${vms.length === 1 ? 'has' : 'have'} nowhere to go: ${nodes.length === 0 ? 'no node has' : `only ${nodes[0]?.name} has`} the static CPU manager`,
          evidence,
          remedy:
            'Give a second node the static CPU manager (KubeletConfig cpuManagerPolicy: static), with enough whole CPUs free.',
        }),
      );
    }
    const version = knownVersion(snapshot.versions.kubevirt)?.version;
    const single = version?.multifd.notWith.includes('dedicated-cpu') === true;
    drafts.push(
      info(subject, {
        message: `${counted(vms.length, 'VM')} ${vms.length === 1 ? 'has' : 'have'} dedicated CPUs (${names}): steady latency, but migrations do not get faster by it - ${single ? `memory goes through one connection instead of ${version.multifd.threads}, ` : ''}free memory is not reported to the host and is copied too, and the target needs as many whole CPUs free`,
        evidence,
        remedy:
          'Use them where latency matters (databases, real-time), not to speed migrations up; plan more time for these VMs.',
      }),
    );
    return drafts;
  },
};
