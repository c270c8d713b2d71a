import type { Node, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { kubeVirtOf } from './config.ts';
import { type Affinity, CPU_FEATURE, imageContainerOf, launcherPod } from './launcher-pod.ts';

export const CPU_MODEL_MIGRATION = 'cpu-model-migration.node.kubevirt.io/';
const CPU_VENDOR = 'cpu-vendor.node.kubevirt.io/';
const HOST_MODEL = 'host-model-cpu.node.kubevirt.io/';
const HOST_MODEL_FEATURE = 'host-model-required-features.node.kubevirt.io/';

/** The target pod cannot be made, because of the source something is not known: its CPU, its SELinux level, its images. */
export class TargetUnknown extends Error {}

/**
 * The target pod of a migration: rendered anew from the VMI, with what C1 of facts/kubevirt.md adds: another node,
 * addedNodeSelector (which can't override the VM's own), the CPU of the source, the images of its disks.
 * @throws TargetUnknown
 */
export function targetPod(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  migration: VirtualMachineInstanceMigration,
  sourcePod: Pod | undefined,
): Pod {
  const images = imagesOf(vmi, sourcePod);
  const pod = launcherPod(cluster, vmi);
  const { spec } = pod;
  if (spec === undefined) return pod;
  const uid = vmi.metadata.uid ?? '';
  pod.metadata.labels = { ...pod.metadata.labels, 'kubevirt.io/migrationJobUID': migration.metadata.uid ?? '' };
  pod.metadata.annotations = { ...pod.metadata.annotations, 'kubevirt.io/migrationJobName': migration.metadata.name };
  const added = (migration.spec as { addedNodeSelector?: Record<string, string> }).addedNodeSelector;
  spec.nodeSelector = { ...added, ...cpuSelectorOf(cluster, vmi, sourcePod), ...spec.nodeSelector };

  const affinity: Affinity = structuredClone(spec.affinity ?? {});
  affinity.podAntiAffinity ??= {};
  affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution = [
    ...(affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    { labelSelector: { matchLabels: { 'kubevirt.io/created-by': uid } }, topologyKey: 'kubernetes.io/hostname' },
  ];
  spec.affinity = affinity;
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])])
    container.image = images.get(container.name) ?? container.image ?? '';
  const matches = kubeVirtOf(cluster)?.spec?.configuration?.migrations?.matchSELinuxLevelOnMigration ?? true;
  if (matches && (vmi.status?.selinuxContext ?? '') === '') {
    throw new TargetUnknown('SELinux context not set on VMI status');
  }
  return pod;
}

/** host-model: the target must have the CPU the guest has seen since its first migration. */
function cpuSelectorOf(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  sourcePod: Pod | undefined,
): Record<string, string> {
  const node = cluster.store.get<Node>(resources.nodes, undefined, vmi.status?.nodeName ?? '');
  const labels = node?.metadata.labels ?? {};
  const selector: Record<string, string> = {};
  if (cluster.version.cpuVendorSince !== undefined) {
    for (const key in labels) if (key.startsWith(CPU_VENDOR)) selector[key] = 'true';
  }
  if ((vmi.spec.domain.cpu?.model ?? 'host-model') !== 'host-model') return selector;

  const pinned = Object.entries(sourcePod?.spec?.nodeSelector ?? {}).filter(
    ([key]) => key.startsWith(CPU_FEATURE) || key.startsWith(CPU_MODEL_MIGRATION),
  );
  if (pinned.length > 0) return { ...selector, ...Object.fromEntries(pinned) };
  let model: string | undefined;
  for (const key in labels) {
    if (key.startsWith(HOST_MODEL)) model = key.slice(HOST_MODEL.length);
    if (key.startsWith(HOST_MODEL_FEATURE)) selector[`${CPU_FEATURE}${key.slice(HOST_MODEL_FEATURE.length)}`] = 'true';
  }
  if (model === undefined) {
    throw new TargetUnknown(cluster.version.texts.hostModelUnknown);
  }
  selector[`${CPU_MODEL_MIGRATION}${model}`] = 'true';
  return selector;
}

/** The very images of the source's container disks, by the container's name (KubeVirt pkg/container-disk, ExtractImageIDsFromSourcePod). */
function imagesOf(vmi: VirtualMachineInstance, sourcePod: Pod | undefined): Map<string, string> {
  const images = new Map<string, string>();
  for (const { name, containerDisk } of vmi.spec.volumes ?? []) {
    if (containerDisk === undefined) continue;
    const container = imageContainerOf(name);
    const { containerStatuses = [], initContainerStatuses = [] } = sourcePod?.status ?? {};
    const status = [...containerStatuses, ...initContainerStatuses].find((each) => each.name === container);
    if (status === undefined) continue;
    const digest = /sha256:([a-zA-Z0-9]+)/.exec(status.imageID ?? '')?.[1];
    if (digest === undefined) {
      throw new TargetUnknown(
        `failed to render launch manifest: can not proceed with the migration when no reproducible image digest can be detected: failed to identify image digest for container "${containerDisk.image}" with id "${status.imageID ?? ''}"`,
      );
    }
    images.set(container, `${containerDisk.image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')}@sha256:${digest}`);
  }
  return images;
}
