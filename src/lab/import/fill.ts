import { isFinal } from '../../model/migrations.ts';
import type {
  DaemonSet,
  KubeObject,
  Node,
  PersistentVolumeClaim,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import type { SnapshotList, SnapshotLists } from '../../model/snapshot.ts';
import { type Cluster, now } from '../cluster.ts';
import { guestStatus } from '../controllers/guest-status.ts';
import { GATE } from '../controllers/pod-status.ts';
import { REGISTRY } from '../controllers/virt-operator-daemonset.ts';
import { VM_FINALIZER } from '../controllers/virt-vm.ts';

/** What a Snapshot leaves out, by list; where a list is not named its objects are whole enough. */
const fills: { [K in SnapshotList]?: (object: SnapshotLists[K], cluster: Cluster) => SnapshotLists[K] } = {
  nodes: fillNode,
  claims: fillClaim,
  pods: fillPod,
  daemonSets: fillDaemonSet,
  virtualMachines: fillVm,
  virtualMachineInstances: fillVmi,
  migrations: fillMigration,
};

/** An object of a Snapshot as the lab's API can serve it. */
export function filled(cluster: Cluster, list: SnapshotList, object: KubeObject): KubeObject {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  const own = { ...structuredClone(object), metadata: structuredClone(metadata) };
  const fill = fills[list] as ((object: KubeObject, cluster: Cluster) => KubeObject) | undefined;
  return fill?.(own, cluster) ?? own;
}

function image(cluster: Cluster, name: string): string {
  return `${REGISTRY}/${name}:v${cluster.version.openshiftVirtualization}`;
}

function fillNode(node: Node, cluster: Cluster): Node {
  const time = now(cluster);
  const conditions = node.status?.conditions?.map((condition) => ({ ...condition, lastHeartbeatTime: time }));
  return { ...node, status: { ...node.status, ...(conditions && { conditions }) } };
}

function fillClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  return { ...claim, metadata: { ...claim.metadata, finalizers: ['kubernetes.io/pvc-protection'] } };
}

/** Containers get an image, and a state where they run; a launcher its readiness gate. */
function fillPod(pod: Pod, cluster: Cluster): Pod {
  const launcher = pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher';
  const withImage = <C extends { name: string; image?: string }>(container: C): C => ({
    ...container,
    image: container.image ?? image(cluster, launcher ? 'virt-launcher-rhel9' : container.name),
  });
  const { spec, status } = pod;
  const time = status?.startTime ?? now(cluster);
  return {
    ...pod,
    spec: {
      ...spec,
      containers: (spec?.containers ?? []).map(withImage),
      ...(spec?.initContainers && { initContainers: spec.initContainers.map(withImage) }),
      ...(launcher && { readinessGates: [{ conditionType: GATE }] }),
      restartPolicy: launcher ? 'Never' : 'Always',
    },
    status: {
      ...status,
      containerStatuses: (status?.containerStatuses ?? []).map((container) => ({
        ...container,
        image: container.image ?? '',
        imageID: container.imageID ?? '',
        ...(container.ready && { started: true, state: { running: { startedAt: time } } }),
      })),
    },
  };
}

function fillDaemonSet(set: DaemonSet, cluster: Cluster): DaemonSet {
  const { name } = set.metadata;
  const template = set.spec?.template;
  const requests = { cpu: '10m', memory: '325Mi' };
  const containers = [{ name, image: image(cluster, `${name}-rhel9`), resources: { requests } }];
  return {
    ...set,
    spec: {
      ...set.spec,
      selector: set.spec?.selector ?? { matchLabels: { 'kubevirt.io': name } },
      template: { ...template, spec: { ...template?.spec, containers } },
    },
  };
}

function fillVm(vm: VirtualMachine): VirtualMachine {
  return { ...vm, metadata: { ...vm.metadata, finalizers: [VM_FINALIZER] } };
}

function fillVmi(vmi: VirtualMachineInstance): VirtualMachineInstance {
  const { creationTimestamp } = vmi.metadata;
  const phase = vmi.status?.phase ?? 'Pending';
  return {
    ...vmi,
    metadata: {
      ...vmi.metadata,
      finalizers: ['kubevirt.io/virtualMachineControllerFinalize', 'foregroundDeleteVirtualMachine'],
    },
    status: {
      ...vmi.status,
      phaseTransitionTimestamps: [{ phase, ...(creationTimestamp && { phaseTransitionTimestamp: creationTimestamp }) }],
    },
  };
}

function fillMigration(migration: VirtualMachineInstanceMigration): VirtualMachineInstanceMigration {
  if (isFinal(migration)) return migration;
  return { ...migration, metadata: { ...migration.metadata, finalizers: ['kubevirt.io/migrationJobFinalize'] } };
}

/** A running VMI with what virt-handler reports besides what the Snapshot has: addresses, the guest's system. */
export function ranStatus(cluster: Cluster, vmi: VirtualMachineInstance, pod: Pod): VirtualMachineInstance {
  const { conditions: _computed, ...reported } = guestStatus(cluster, vmi, pod);
  return { ...vmi, status: { ...reported, ...vmi.status } };
}

/** The lease by which a node's kubelet says that it lives. */
export function leaseOf({ clock }: Cluster, node: string): KubeObject {
  const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z');
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: node, namespace: 'kube-node-lease' },
    spec: { holderIdentity: node, leaseDurationSeconds: 40, renewTime },
  } as KubeObject;
}
