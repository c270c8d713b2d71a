import { createHash } from 'node:crypto';
import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { type KubeVirtVersion, versions } from '../../model/versions/index.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { stateClaimOf } from './backend-storage.ts';
import { featureGateEnabled, featureGateOpen, kubeVirtOf, resourceSettings } from './config.ts';
import { launcherResources } from './launcher-resources.ts';
import { isHotplugged } from './live-update-volumes.ts';
import { overheadAnnotation } from './memory-overhead.ts';
import { NETWORKS } from './multus-selection.ts';

export const VIRT_CONTROLLER = { component: 'virtualmachine-controller' };

export const STATE_VOLUME = 'vm-state';

const CPU_MODEL = 'cpu-model.node.kubevirt.io/';
export const CPU_FEATURE = 'cpu-feature.node.kubevirt.io/';

/** Annotations of a VMI that its pods do not get. */
const NOT_COPIED = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'kubevirt.io/latest-observed-api-version',
  'kubevirt.io/storage-observed-api-version',
];

export type Affinity = NonNullable<NonNullable<Pod['spec']>['affinity']>;

/** The launcher pod of a VMI as virt-controller renders it (facts/kubevirt.md F2, F3). Its name is still to be generated. */
export function launcherPod(cluster: Cluster, vmi: VirtualMachineInstance): Pod {
  const { spec, metadata } = vmi;
  const { version } = cluster;
  const uid = metadata.uid ?? '';
  const image = launcherImage(cluster);
  const serving = imageContainersOf(vmi);
  const servedByVolume = usesImageVolumes(cluster);
  const domainCpu = spec.domain.cpu;
  const affinity = structuredClone((spec.affinity ?? {}) as Affinity);
  if ((domainCpu?.model ?? 'host-model') === 'host-model') {
    requireWithout(affinity, 'node-labeller.kubevirt.io/obsolete-host-model');
  }
  for (const { name, policy } of domainCpu?.features ?? []) {
    if (policy === 'forbid') requireWithout(affinity, `${CPU_FEATURE}${name}`);
  }

  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      generateName: `virt-launcher-${metadata.name}-`,
      namespace: metadata.namespace,
      labels: {
        ...Object.fromEntries(
          Object.entries(metadata.labels ?? {}).filter(([key]) => key !== 'kubevirt.io/migrationTargetNodeName'),
        ),
        'kubevirt.io': 'virt-launcher',
        'kubevirt.io/created-by': uid,
        ...Object.fromEntries(version.labels.vmiName.map((label) => [label, metadata.name])),
      },
      annotations: {
        'kubevirt.io/domain': metadata.name,
        'kubevirt.io/migrationTransportUnix': 'true',
        'kubectl.kubernetes.io/default-container': 'compute',
        'descheduler.alpha.kubernetes.io/request-evict-only': '',
        ...Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.includes(key))),
        ...overheadAnnotation(cluster, vmi),
        ...secondaryNetworks(vmi),
      },
      ownerReferences: [
        {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachineInstance',
          name: metadata.name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: (spec.terminationGracePeriodSeconds ?? 30) + 30,
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostname: metadata.name.slice(0, 63),
      schedulerName: spec.schedulerName ?? 'default-scheduler',
      ...(spec.priorityClassName === undefined ? {} : { priorityClassName: spec.priorityClassName }),
      nodeSelector: nodeSelectorOf(vmi, workingRelease(cluster)),
      ...(Object.keys(affinity).length > 0 ? { affinity } : {}),
      ...(spec.topologySpreadConstraints === undefined
        ? {}
        : { topologySpreadConstraints: spec.topologySpreadConstraints }),
      tolerations: [
        ...((spec.tolerations ?? []) as { key?: string }[]),
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      readinessGates: [{ conditionType: 'kubevirt.io/virtual-machine-unpaused' }],
      volumes: [
        { name: 'private', emptyDir: {} },
        { name: 'sockets', emptyDir: {} },
        { name: 'libvirt-runtime', emptyDir: {} },
        { name: 'ephemeral-disks', emptyDir: {} },
        ...claimsOf(vmi).flatMap(({ name, claimName, hotplugged }) =>
          hotplugged ? [] : [{ name, persistentVolumeClaim: { claimName } }],
        ),
        ...stateVolume(stateClaimOf(cluster, vmi)?.metadata.name),
        ...hostPathsOf(vmi),
      ],
      containers: [
        {
          name: 'compute',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: [
            '/usr/bin/virt-launcher-monitor',
            '--name',
            metadata.name,
            '--uid',
            uid,
            '--namespace',
            metadata.namespace ?? '',
          ],
          resources: launcherResources(spec, version, resourceSettings(cluster), networkResources(cluster, vmi)),
        },
        ...(servedByVolume ? [] : serving),
      ],
      ...(servedByVolume && serving.length > 0 && { initContainers: serving }),
    },
    status: {
      phase: 'Pending',
      qosClass: spec.domain.cpu?.dedicatedCpuPlacement === true ? 'Guaranteed' : 'Burstable',
    },
  };
}

/**
 * Image of virt-launcher, of the version that is rolled out: after an upgrade that is the new one only when virt-operator
 * is done, with virt-handler first.
 */
export function launcherImage(cluster: Cluster): string {
  const { status } = kubeVirtOf(cluster) ?? {};
  const registry = status?.observedKubeVirtRegistry ?? 'registry.redhat.io/container-native-virtualization';
  return `${registry}/virt-launcher:${status?.observedKubeVirtVersion ?? cluster.version.kubevirt}`;
}

/** Device-plugin resources of the definitions of secondary networks, SR-IOV's for one (KubeVirt pkg/network/multus, NetworkToResource). */
function networkResources(cluster: Cluster, { spec, metadata }: VirtualMachineInstance): string[] {
  return (spec.networks ?? []).flatMap(({ multus }) => {
    const [first = '', second] = multus?.networkName.split('/') ?? [];
    if (multus === undefined) return [];
    const [namespace, name] = second === undefined ? [metadata.namespace, first] : [first, second];
    const definition = cluster.store.get(resources.networkAttachments, namespace, name);
    const resource = definition?.metadata.annotations?.['k8s.v1.cni.cncf.io/resourceName'];
    return resource === undefined || resource === '' ? [] : [resource];
  });
}

/** What Multus is asked for: each secondary network at an interface named for its hash (KubeVirt pkg/network/multus, namescheme). */
function secondaryNetworks({ spec, metadata }: VirtualMachineInstance): Record<string, string> {
  const asked = (spec.networks ?? []).flatMap(({ name, multus }) => {
    if (multus === undefined || (multus as { default?: boolean }).default === true) return [];
    const [first = '', second] = multus.networkName.split('/');
    const mac = spec.domain.devices.interfaces?.find((one) => one.name === name)?.macAddress;
    const hash = createHash('sha256').update(name).digest('hex').slice(0, 11);
    return [
      {
        name: second ?? first,
        namespace: second === undefined ? (metadata.namespace ?? '') : first,
        ...(mac === undefined ? {} : { mac }),
        interface: `pod${hash}`,
      },
    ];
  });
  return asked.length === 0 ? {} : { [NETWORKS]: JSON.stringify(asked) };
}

interface ClaimVolume {
  name: string;
  claimName: string;
  /** Not the launcher has it, but an attachment pod. */
  hotplugged: boolean;
}

/** Volumes of a VMI that are claims, by the volume's name. */
export function claimsOf(vmi: { spec: VirtualMachineInstance['spec'] }): ClaimVolume[] {
  const claims: ClaimVolume[] = [];
  for (const volume of vmi.spec.volumes ?? []) {
    const claimName = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
    if (claimName !== undefined) claims.push({ name: volume.name, claimName, hotplugged: isHotplugged(volume) });
  }
  return claims;
}

/** What the state of its TPM and UEFI is on. */
export function stateVolume(claimName: string | undefined): NonNullable<NonNullable<Pod['spec']>['volumes']> {
  return claimName === undefined ? [] : [{ name: STATE_VOLUME, persistentVolumeClaim: { claimName } }];
}

/** The folder of each hostDisk (KubeVirt pkg/virt-controller/services, rendervolumes.go, withHostDisk). */
function hostPathsOf({ spec }: VirtualMachineInstance): NonNullable<NonNullable<Pod['spec']>['volumes']> {
  return (spec.volumes ?? []).flatMap(({ name, hostDisk }) => {
    if (hostDisk === undefined) return [];
    const path = hostDisk.path.slice(0, hostDisk.path.lastIndexOf('/')) || '/';
    return [{ name, hostPath: { path, type: 'DirectoryOrCreate' } }];
  });
}

/**
 * Whether container disks are volumes of the kind `image`: then the container of each only pulls it, before the others
 * start (KubeVirt's gate ImageVolume: alpha in v1.6, beta in v1.7; recordings, run1).
 */
function usesImageVolumes(cluster: Cluster): boolean {
  // Since v1.8 a beta gate is on unless it is listed as off.
  const { minor } = cluster.version;
  return minor >= 8 ? featureGateOpen(cluster, 'ImageVolume') : featureGateEnabled(cluster, 'ImageVolume');
}

/** A container serves each containerDisk (KubeVirt pkg/container-disk, generateContainerFromVolume; facts/kubevirt.md F3). */
function imageContainersOf({ spec }: VirtualMachineInstance): NonNullable<Pod['spec']>['containers'] {
  const limits = { cpu: '10m', memory: '40M' };
  const requests = spec.domain.cpu?.dedicatedCpuPlacement === true ? limits : { cpu: '1m', memory: '1M' };
  return (spec.volumes ?? []).flatMap(({ name, containerDisk }) =>
    containerDisk === undefined
      ? []
      : [{ name: imageContainerOf(name), image: containerDisk.image, resources: { requests, limits } }],
  );
}

/** The name of the container that serves a containerDisk. */
export function imageContainerOf(volume: string): string {
  return `volume${volume}`;
}

/** The release whose virt-controller makes pods: the old one's until virt-handler is new everywhere. */
function workingRelease(cluster: Cluster): KubeVirtVersion {
  const observed = kubeVirtOf(cluster)?.status?.observedKubeVirtVersion;
  return versions.find(({ kubevirt }) => kubevirt === observed) ?? cluster.version;
}

function nodeSelectorOf(vmi: VirtualMachineInstance, { labels }: KubeVirtVersion): Record<string, string> {
  const { spec } = vmi;
  const cpu = spec.domain.cpu;
  const selector: Record<string, string> = {
    'kubevirt.io/schedulable': 'true',
    'kubernetes.io/arch': spec.architecture ?? 'amd64',
    ...spec.nodeSelector,
  };
  if (cpu?.model !== undefined && cpu.model !== 'host-model' && cpu.model !== 'host-passthrough') {
    selector[`${CPU_MODEL}${cpu.model}`] = 'true';
  }
  for (const feature of cpu?.features ?? []) {
    if (feature.policy === undefined || feature.policy === '' || feature.policy === 'require') {
      selector[`${CPU_FEATURE}${feature.name}`] = 'true';
    }
  }
  if (cpu?.dedicatedCpuPlacement === true) selector[labels.selectsCpuManager] = 'true';
  if (cpu?.realtime !== undefined) selector['kubevirt.io/realtime'] = 'true';
  for (const ability of confidential(spec)) selector[`kubevirt.io/${ability}`] = 'true';
  const frequency = vmi.status?.topologyHints?.tscFrequency;
  if (frequency !== undefined) selector[`scheduling.node.kubevirt.io/tsc-frequency-${frequency}`] = 'true';
  // Until the guest has started only the spec tells (recordings, run1: q35, later pc-q35-9.2).
  const machine = vmi.status?.machine?.type ?? spec.domain.machine?.type;
  if (machine !== undefined && labels.machineTypes) selector[`machine-type.node.kubevirt.io/${machine}`] = 'true';
  return selector;
}

/** Labels of nodes that can encrypt a guest's memory as it asks for (KubeVirt services/template.go newNodeSelectorRenderer). */
function confidential({ domain: { launchSecurity } }: VirtualMachineInstance['spec']): string[] {
  const { sev, snp, tdx } = launchSecurity ?? {};
  return [
    ...(sev === undefined && snp === undefined ? [] : ['sev']),
    ...(sev?.policy?.encryptedState === true ? ['sev-es'] : []),
    ...(snp === undefined ? [] : ['sev-snp']),
    ...(tdx === undefined ? [] : ['tdx']),
  ];
}

function requireWithout(affinity: Affinity, key: string): void {
  const expression = { key, operator: 'DoesNotExist' };
  affinity.nodeAffinity ??= {};
  const required = (affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution ??= { nodeSelectorTerms: [] });
  if (required.nodeSelectorTerms.length === 0) required.nodeSelectorTerms.push({ matchExpressions: [] });
  for (const term of required.nodeSelectorTerms) term.matchExpressions = [...(term.matchExpressions ?? []), expression];
}
