import { byName, perSnapshot } from '../../model/memo.ts';
import { itemsOf } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { at, atVm, type Check, type Draft, warning } from '../check.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

const namespacesOf = perSnapshot((snapshot) => byName(itemsOf(snapshot.lists.namespaces)));

/** What Kubernetes enforces counts for new pods only: a VM that runs may find that its second pod is not let in. */
export const podSecurity: Check = {
  id: 'namespace/pod-security',
  title: "The namespace's Pod Security lets the second pod in",
  source: 'facts/kubevirt.md C1 (needs a privileged namespace), E (namespace PodSecurity)',
  needs: ['namespaces'],
  run(vm, snapshot): Draft[] {
    if (!vm.running) return [];
    const namespace = namespacesOf(snapshot).get(vm.namespace);
    const level = namespace?.metadata.labels?.[ENFORCE];
    if (namespace === undefined || (level !== 'baseline' && level !== 'restricted')) return [];
    const because = privilegesOf(vm);
    if (because.length === 0) return [];
    return [
      warning(vm, {
        message: `its namespace enforces Pod Security ${level}, and its pod needs more: ${because.map(({ text }) => text).join('; ')}. Kubernetes would not let the pod on the target in`,
        summary: `Pod Security ${level} would not let its second pod in`,
        evidence: [at(namespace, `.metadata.labels["${ENFORCE}"]`, level), ...because.map(({ evidence }) => evidence)],
        remedy: `Label the namespace for what its VMs need: kubectl label namespace ${vm.namespace} ${ENFORCE}=privileged --overwrite (on OpenShift also security.openshift.io/scc.podSecurityLabelSync=false); or remove the cause from the VM, and restart it.`,
      }),
    ];
  },
};

/** What of a launcher pod neither baseline nor restricted allows (Pod Security Standards: host paths, added capabilities). */
function privilegesOf(vm: Vm) {
  const found = [];
  const runtimeUser = vm.vmi?.status?.runtimeUser;
  if (runtimeUser === 0) {
    found.push({ text: 'it runs as root', evidence: atVm(vm, '.status.runtimeUser', runtimeUser) });
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
