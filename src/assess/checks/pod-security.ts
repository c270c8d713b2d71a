import { byName, perSnapshot } from '../../model/memo.ts';
import type { KubeVirt } from '../../model/objects.ts';
import { itemsOf } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft } from '../check.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

const namespacesOf = perSnapshot((snapshot) => byName(itemsOf(snapshot.lists.namespaces)));

/** What Kubernetes enforces counts for new pods only: a VM that runs may find that its second pod is not let in. */
export const podSecurity: Check = {
  id: 'namespace/pod-security',
  title: "The namespace's Pod Security lets the second pod in",
  source: 'facts/kubevirt.md C1 (needs a privileged namespace), E (namespace PodSecurity)',
  needs: ['namespaces', 'kubeVirts'],
  run(vm, snapshot): Draft[] {
    if (!vm.running) return [];
    const namespace = namespacesOf(snapshot).get(vm.namespace);
    const level = namespace?.metadata.labels?.[ENFORCE];
    if (namespace === undefined || (level !== 'baseline' && level !== 'restricted')) return [];
    const because = privilegesOf(vm, itemsOf(snapshot.lists.kubeVirts)[0]);
    if (because.length === 0) return [];
    return [
      blocker(vm, {
        message: `its namespace enforces Pod Security ${level}, and its pod needs more: ${because.map(({ text }) => text).join('; ')}. Kubernetes lets no new pod of it in, neither for a migration nor after a restart`,
        summary: `Pod Security ${level} lets no second pod of it in`,
        evidence: [at(namespace, `.metadata.labels["${ENFORCE}"]`, level), ...because.map(({ evidence }) => evidence)],
        remedy: `Label the namespace for what its VMs need: kubectl label namespace ${vm.namespace} ${ENFORCE}=privileged --overwrite (on OpenShift also security.openshift.io/scc.podSecurityLabelSync=false); or remove the cause from the VM, and restart it.`,
        allows: 'nothing',
      }),
    ];
  },
};

/**
 * What of a launcher pod neither baseline nor restricted allows (Pod Security Standards: host paths, added capabilities).
 * The user a VM runs as now does not matter: a new pod gets that of the cluster (KubeVirt, setupVMIRuntimeUser).
 */
function privilegesOf(vm: Vm, kubeVirt: KubeVirt | undefined) {
  const found = [];
  const gates = kubeVirt?.spec?.configuration?.developerConfiguration?.featureGates ?? [];
  if (kubeVirt !== undefined && gates.includes('Root')) {
    const evidence = at(kubeVirt, '.spec.configuration.developerConfiguration.featureGates', gates);
    found.push({ text: 'VMs of this cluster run as root (feature gate Root)', evidence });
  }
  for (const { name, hostDisk } of vm.spec.volumes ?? []) {
    if (hostDisk === undefined) continue;
    found.push({
      text: `volume ${name} is a path of the node`,
      evidence: atVm(vm, `.spec.volumes[name=${name}].hostDisk.path`, hostDisk.path),
    });
  }
  return found;
}
