import type { Lab } from '../src/lab/lab.ts';
import { CNV_NAMESPACE, resources } from '../src/lab/resources.ts';
import type { HyperConverged, KubeObject, NodeNetworkState } from '../src/model/objects.ts';

// A migration network as the lab's store has it, and what somebody else may do to it.

/** All that a migration network touches. */
export function stateOf({ store }: Lab): unknown {
  const spec = (resource: string, namespace?: string): unknown =>
    store
      .list<KubeObject & { spec?: unknown; data?: unknown }>(resource, namespace)
      .map(({ kind, metadata, spec, data }) => ({
        kind,
        name: metadata.name,
        namespace: metadata.namespace,
        labels: metadata.labels,
        spec,
        data,
      }));
  const state = store.list<NodeNetworkState>(resources.nodeNetworkStates).map(({ metadata, status }) => ({
    node: metadata.name,
    // In any order: what was made anew stands at the end.
    interfaces: status?.currentState?.interfaces?.toSorted((a, b) =>
      `${a.name} ${a.type}`.localeCompare(`${b.name} ${b.type}`),
    ),
    routes: status?.currentState?.['routes'],
    ovn: status?.currentState?.['ovn'],
  }));
  const enactments = store.list(resources.nodeNetworkEnactments).map(({ metadata }) => metadata.name);
  const handlers = store
    .list<KubeObject & { status?: { phase?: string } }>(resources.pods, CNV_NAMESPACE)
    .filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-handler')
    .map(({ metadata, status }) => [
      status?.phase,
      metadata.annotations?.['k8s.v1.cni.cncf.io/networks'],
      metadata.annotations?.['k8s.v1.cni.cncf.io/network-status']?.includes('migration0'),
    ]);
  return {
    state,
    enactments,
    handlers,
    policies: spec(resources.nodeNetworkPolicies),
    networks: spec(resources.networkAttachments),
    hyperConverged: spec(resources.hyperConvergeds),
    kubeVirt: spec(resources.kubeVirts),
    configMaps: spec('configmaps', CNV_NAMESPACE),
    set: spec(resources.daemonSets, CNV_NAMESPACE),
    nodes: spec(resources.nodes),
  };
}

/** Takes an interface out of what a node has, as if somebody had pulled it. */
export function pull(lab: Lab, node: string, name: string): void {
  const object = lab.store.get<NodeNetworkState>(resources.nodeNetworkStates, undefined, node)!;
  lab.store.update(resources.nodeNetworkStates, {
    ...object,
    status: {
      ...object.status,
      currentState: {
        ...object.status?.currentState,
        interfaces: object.status!.currentState!.interfaces!.filter((one) => one.name !== name),
      },
    },
  } as never);
}

/** Sets the migration network, as somebody else would. */
export function setNetwork(lab: Lab, network: string): void {
  const [object] = lab.store.list<HyperConverged>(resources.hyperConvergeds);
  const draft = structuredClone(object!);
  // Where the stored version has it (facts/kubevirt.md A10).
  const holder = draft.apiVersion === 'hco.kubevirt.io/v1' ? draft.spec!.virtualization! : draft.spec!;
  holder.liveMigrationConfig = { ...holder.liveMigrationConfig, network };
  lab.store.update(resources.hyperConvergeds, draft);
}
