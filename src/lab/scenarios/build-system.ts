import type { DaemonSet, Deployment, KubeObject, Pod, ReplicaSet } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { daemonPod } from '../controllers/daemonset.ts';
import { deploymentStatus, ownedBy } from '../controllers/deployment.ts';
import { podAddress } from '../controllers/kubelet.ts';
import { attachNetworks, withNetworkStatus } from '../controllers/multus.ts';
import { runningStatus } from '../controllers/pod-status.ts';
import { handlerDaemonSet, REGISTRY } from '../controllers/virt-operator-daemonset.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import type { BuiltNode } from './build-nodes.ts';
import type { Scenario } from './scenario.ts';

type PodStatus = NonNullable<Pod['status']>;

/** Puts pods on nodes and gives them addresses. */
export interface PodPlacer {
  /** Stores a pod as running on a node since `started`; `adjust` has the last word on its status. */
  run(pod: Pod, node: BuiltNode, started: string, adjust?: (status: PodStatus) => PodStatus): Pod;
}

export function podPlacer(cluster: Cluster): PodPlacer {
  const counts = new Map<string, number>();
  return {
    run: (pod, node, started, adjust = (status) => status) => {
      const count = counts.get(node.name) ?? 0;
      const hostNetwork = pod.spec?.hostNetwork === true;
      if (!hostNetwork) counts.set(node.name, count + 1);
      const bound: Pod = { ...pod, spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: node.name } };
      const podIP = hostNetwork ? node.address : podAddress(node.address, count);
      bound.status = adjust(runningStatus(bound, { time: started, podIP, hostIP: node.address }));
      return cluster.store.create(resources.pods, bound);
    },
  };
}

/** A system pod: what it asks for matters, for the room it leaves. */
function systemPod(
  cluster: Cluster,
  what: {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    image: string;
    cpu: string;
    memory: string;
    created: string;
    owner?: KubeObject;
    ports?: { containerPort: number; name: string }[];
    annotations?: Record<string, string>;
    hostNetwork?: boolean;
  },
): Pod {
  const random = cluster.random.fork(`pod/${what.name}`);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${what.name}-${random.suffix()}`,
      generateName: `${what.name}-`,
      namespace: what.namespace,
      creationTimestamp: what.created,
      labels: what.labels,
      ...(what.annotations === undefined ? {} : { annotations: what.annotations }),
      ...(what.owner === undefined
        ? {}
        : {
            ownerReferences: [ownedBy(what.owner)],
          }),
    },
    spec: {
      containers: [
        {
          name: what.labels['app'] ?? what.labels['kubevirt.io'] ?? what.name,
          image: what.image,
          resources: { requests: { cpu: what.cpu, memory: what.memory } },
          ...(what.ports === undefined ? {} : { ports: what.ports }),
        },
      ],
      restartPolicy: 'Always',
      tolerations: [{ operator: 'Exists' }],
      ...(what.hostNetwork === true ? { hostNetwork: true } : {}),
      terminationGracePeriodSeconds: 30,
    },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  };
}

const NODE_PODS = [
  { name: 'ovnkube-node', namespace: 'openshift-ovn-kubernetes', cpu: '80m', memory: '1630Mi', hostNetwork: true },
  { name: 'multus', namespace: 'openshift-multus', cpu: '10m', memory: '65Mi', hostNetwork: true },
  { name: 'node-exporter', namespace: 'openshift-monitoring', cpu: '9m', memory: '47Mi', hostNetwork: true },
  {
    name: 'machine-config-daemon',
    namespace: 'openshift-machine-config-operator',
    cpu: '40m',
    memory: '100Mi',
    hostNetwork: true,
  },
];
const MASTER_PODS = [
  { name: 'etcd', namespace: 'openshift-etcd', cpu: '360m', memory: '910Mi', hostNetwork: true },
  { name: 'kube-apiserver', namespace: 'openshift-kube-apiserver', cpu: '290m', memory: '1224Mi', hostNetwork: true },
];
const CNV_PODS: { app: string; kubevirt?: string; count: number; cpu: string; memory: string }[] = [
  { app: 'virt-api', kubevirt: 'virt-api', count: 2, cpu: '5m', memory: '500Mi' },
  { app: 'virt-controller', kubevirt: 'virt-controller', count: 2, cpu: '10m', memory: '275Mi' },
  { app: 'virt-operator', kubevirt: 'virt-operator', count: 2, cpu: '10m', memory: '450Mi' },
  { app: 'hco-operator', count: 1, cpu: '10m', memory: '96Mi' },
];

export const SYSTEM_NAMESPACES = [
  ...new Set([...NODE_PODS, ...MASTER_PODS].map(({ namespace }) => namespace)),
  CNV_NAMESPACE,
  'default',
  'kube-node-lease',
  'kube-system',
  'openshift-nmstate',
];

/** OpenShift's and OpenShift Virtualization's own pods. */
export function createSystemPods(
  cluster: Cluster,
  scenario: Scenario,
  nodes: BuiltNode[],
  place: PodPlacer,
  born: string,
): void {
  for (const node of nodes) {
    for (const { name, namespace, cpu, memory, hostNetwork } of node.group.role === 'control-plane'
      ? [...NODE_PODS, ...MASTER_PODS]
      : NODE_PODS) {
      const pod = systemPod(cluster, {
        name,
        namespace,
        labels: { app: name },
        image: `quay.io/openshift-release-dev/${name}`,
        cpu,
        memory,
        created: born,
        hostNetwork,
      });
      const random = cluster.random.fork(`${name}/${node.name}`);
      pod.metadata.name = cluster.store.generatedName(resources.pods, namespace, `${name}-`, random);
      place.run(pod, node, born);
    }
  }
  const hosts = nodes.filter(({ group }) => group.role === 'control-plane');
  const spots = hosts.length > 0 ? hosts : nodes;
  for (const component of CNV_PODS) createComponent(cluster, component, spots, place, born);
  createHandlers(
    cluster,
    scenario,
    nodes.filter(({ runsVms }) => runsVms),
    place,
    born,
  );
}

/** A component of OpenShift Virtualization: its Deployment, the ReplicaSet of that, and pods. */
function createComponent(
  cluster: Cluster,
  { app, kubevirt, count, cpu, memory }: (typeof CNV_PODS)[number],
  spots: BuiltNode[],
  place: PodPlacer,
  born: string,
): void {
  const { store, random } = cluster;
  const hash = random.fork(`${app}/hash`).suffix(9);
  const own: Record<string, string> = kubevirt === undefined ? { name: app } : { 'kubevirt.io': kubevirt };
  const labels = kubevirt === undefined ? own : { ...own, 'prometheus.kubevirt.io': 'true' };
  const pod = (owner?: KubeObject): Pod =>
    systemPod(cluster, {
      name: app,
      namespace: CNV_NAMESPACE,
      labels: { ...labels, 'pod-template-hash': hash },
      image: `${REGISTRY}/${app}-rhel9:v${cluster.version.openshiftVirtualization}`,
      cpu,
      memory,
      created: born,
      ports: [{ containerPort: 8443, name: 'metrics' }],
      ...(owner === undefined ? {} : { owner }),
    });
  const template = pod();
  const spec = {
    replicas: count,
    selector: { matchLabels: own },
    template: { metadata: { labels }, spec: template.spec },
  };
  const metadata = { name: app, namespace: CNV_NAMESPACE, creationTimestamp: born, labels: own };
  const counts = { replicas: count, readyReplicas: count, availableReplicas: count };
  const uid = (kind: string): string => random.fork(`${app}/${kind}`).uuid();
  const wanted: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadata, uid: uid('deployment') },
    spec,
  };
  const deployment = store.create<Deployment>(resources.deployments, {
    ...wanted,
    status: deploymentStatus(wanted, counts, Date.parse(born)),
  });
  const hashed = { ...labels, 'pod-template-hash': hash };
  const set = store.create(resources.replicaSets, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...metadata,
      name: `${app}-${hash}`,
      uid: uid('replicaset'),
      labels: hashed,
      ownerReferences: [ownedBy(deployment)],
    },
    spec: {
      ...spec,
      selector: { matchLabels: { ...own, 'pod-template-hash': hash } },
      template: { ...spec.template, metadata: { labels: hashed } },
    },
    status: { ...counts, observedGeneration: 1 },
  } satisfies ReplicaSet);
  for (let replica = 0; replica < count; replica++) {
    const spot = spots[replica % spots.length];
    if (spot === undefined) continue;
    const one = pod(set);
    one.metadata.name = `${app}-${hash}-${random.fork(`${app}/${replica}`).suffix()}`;
    one.metadata.generateName = `${app}-${hash}-`;
    place.run(one, spot, born);
  }
}

/** The virt-handler DaemonSet and its pods; with a dedicated migration network each has a migration0 interface (facts/kubevirt.md D7). */
function createHandlers(
  cluster: Cluster,
  scenario: Scenario,
  nodes: BuiltNode[],
  place: PodPlacer,
  born: string,
): void {
  const { store, version } = cluster;
  const count = nodes.length;
  const set = store.create<DaemonSet>(resources.daemonSets, {
    ...handlerDaemonSet(version, scenario.migrationNetwork?.name, born),
    status: {
      currentNumberScheduled: count,
      desiredNumberScheduled: count,
      numberAvailable: count,
      numberReady: count,
      numberMisscheduled: 0,
      updatedNumberScheduled: count,
      observedGeneration: 1,
    },
  });
  // What happened long ago has no events any more.
  const quiet: Cluster = { ...cluster, events: { normal: () => undefined, warning: () => undefined } };
  for (const node of nodes) {
    const random = cluster.random.fork(`virt-handler/${node.name}`);
    const pod = daemonPod(set, node.name);
    pod.metadata.name = store.generatedName(resources.pods, CNV_NAMESPACE, 'virt-handler-', random);
    pod.metadata.creationTimestamp = born;
    const placed = place.run(pod, node, born);
    const attached = attachNetworks(quiet, placed);
    if ('failure' in attached) throw new Error(attached.failure);
    if (attached.networks.length === 0) continue;
    const annotations = withNetworkStatus(placed, placed.status?.podIP ?? '', attached.networks);
    store.update(resources.pods, { ...placed, metadata: { ...placed.metadata, annotations } });
  }
}
