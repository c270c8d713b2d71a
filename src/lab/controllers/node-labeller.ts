import type { Node, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { versions } from '../../model/versions/index.ts';
import type { KubeVirtVersion } from '../../model/versions/version.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { isHandler } from './handler-pods.ts';
import { handlerImage } from './virt-operator-daemonset.ts';

/** The labels of a node that differ from release to release of virt-handler (facts/kubevirt.md F1). */
export function releaseLabels({ labels, node }: KubeVirtVersion, cpuManager: boolean): Record<string, string> {
  const machineTypes = labels.machineTypes ? node.machineTypes : [];
  return {
    ...Object.fromEntries(machineTypes.map((machine) => [`machine-type.node.kubevirt.io/${machine}`, 'true'])),
    ...Object.fromEntries(labels.cpuManager.map((label) => [label, String(cpuManager)])),
    ...(labels.vmArchitecture ? { 'kubevirt.io/vm-arch-amd64': 'true' } : {}),
  };
}

/** virt-handler's node labeller, as far as releases differ: what a virt-handler of another release says of its node. */
export function nodeLabeller(cluster: Cluster): Controller {
  const { store } = cluster;

  function label(pod: Pod): void {
    const image = pod.spec?.containers.find(({ name }) => name === 'virt-handler')?.image;
    const version = versions.find((one) => handlerImage(one) === image);
    const node = store.get<Node>(resources.nodes, undefined, pod.spec?.nodeName ?? '');
    const had = node?.metadata.labels ?? {};
    if (version === undefined || node === undefined || had['kubevirt.io/schedulable'] === undefined) return;
    const said = releaseLabels(version, had['cpumanager'] === 'true' || had['kubevirt.io/cpumanager'] === 'true');
    if (Object.entries(said).every(([key, value]) => had[key] === value)) return;
    modify<Node>(cluster, resources.nodes, node, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, ...said };
    });
  }

  return {
    start: () => {
      store.subscribe(({ resource, type, object, previous }) => {
        if (resource !== resources.pods || type === 'DELETED' || !isHandler(object)) return;
        const pod = object as Pod;
        if (isReadyPod(pod) && (previous === undefined || !isReadyPod(previous))) label(pod);
      });
    },
  };
}
