import { at as atField } from '../../model/finding.ts';
import { vmNodesOf } from '../../model/nodes.ts';
import { conditionOf } from '../../model/vm.ts';
import { type Cause } from '../cause.ts';

const OUTDATED = 'kubevirt.io/outdatedLauncherImage';
/** Labels of what QEMU on a node offers; an upgrade can take some of them away (facts/kubevirt.md F1). */
const OFFERED = /^(machine-type|cpu-model|cpu-model-migration|cpu-feature|hyperv)\.node\.kubevirt\.io\//;

/** After an upgrade a VM still runs in an old virt-launcher, and cannot be moved into a new one (facts/kubevirt.md C3). */
export const outdatedLauncher: Cause = {
  id: 'vm/outdated-launcher',
  title: 'It still runs in an old virt-launcher, and cannot be moved into the new one',
  source: 'facts/kubevirt.md C3, F1; facts/anchors.md 2 pain 22 (kubevirt#16386)',
  needs: ['nodes', 'pods', 'virtualMachineInstances', 'kubeVirts'],
  vm({ vm, vmi, snapshot }) {
    const outdated = vmi?.metadata.labels?.[OUTDATED];
    if (vmi === undefined || !vm.running || outdated === undefined) return undefined;
    const evidence = [atField(vmi, `.metadata.labels["${OUTDATED}"]`, outdated)];
    const restart = `Restart it when its users can bear it: virtctl restart ${vm.name} -n ${vm.namespace}.`;
    const migratable = conditionOf(vm, 'LiveMigratable');
    if (migratable?.status === 'False') {
      return {
        confidence: 'certain',
        message: `KubeVirt was upgraded, and it cannot be migrated (${migratable.message ?? migratable.reason}): it stays in its old virt-launcher until it is restarted`,
        evidence: [...evidence, atField(vmi, '.status.conditions[type=LiveMigratable].status', 'False')],
        remedies: [restart, `See what keeps it from migrating: ferry check ${vm.name} -n ${vm.namespace}.`],
      };
    }
    const others = vmNodesOf(snapshot).filter(({ name, ready }) => ready && name !== vm.node);
    const { launcher } = vm;
    const wanted = Object.entries(launcher?.spec?.nodeSelector ?? {}).filter(([key]) => OFFERED.test(key));
    const missing = wanted.filter(([key, value]) => !others.some(({ labels }) => labels[key] === value));
    const [first] = missing;
    if (launcher === undefined || others.length === 0 || first === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `KubeVirt was upgraded, and no other node offers ${missing.map(([key]) => key).join(', ')}, which its guest was started with: it cannot be migrated into the new virt-launcher`,
      evidence: [
        ...evidence,
        ...missing.map(([key, value]) => atField(launcher, `.spec.nodeSelector["${key}"]`, value)),
      ],
      remedies: [
        `${restart} It then gets what its VM asks for of the nodes there are.`,
        'If its VM names a machine type or CPU model that QEMU no longer has, change it there first.',
      ],
    };
  },
};
