import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { launcherImage } from './launcher-pod.ts';
import { claimOfVolume, isHotplugged, type Volume } from './live-update-volumes.ts';

/** Label kubevirt.io of a pod that attaches hot-plugged volumes to its launcher's node, and the name of its container. */
export const HOTPLUG_DISK = 'hotplug-disk';

/** Hot-plugged volumes are not in the launcher's pod: another one on its node has them (KubeVirt pkg/storage/types GetHotplugVolumes). */
export function hotplugVolumesOf(vmi: VirtualMachineInstance, launcher: Pod): Volume[] {
  const own = new Set((launcher.spec?.volumes ?? []).map(({ name }) => name));
  return (vmi.spec.volumes ?? []).filter((volume) => claimOfVolume(volume) !== undefined && !own.has(volume.name));
}

/** KubeVirt pkg/controller VMIHasHotplugVolumes. */
export function hasHotplugVolumes({ spec, status }: VirtualMachineInstance): boolean {
  return (
    (status?.volumeStatus ?? []).some(({ hotplugVolume }) => hotplugVolume !== undefined) ||
    (spec.volumes ?? []).some(isHotplugged)
  );
}

/** The attachment pod of a launcher, as virt-controller renders it (KubeVirt 1.9 services/template.go, RenderHotplugAttachmentPodTemplate; facts/kubevirt.md F3). Its name is still to be generated. */
export function attachmentPod(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  launcher: Pod,
  volumes: readonly Volume[],
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      generateName: 'hp-volume-',
      namespace: vmi.metadata.namespace,
      labels: { 'kubevirt.io': HOTPLUG_DISK },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: launcher.metadata.name,
          uid: launcher.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      terminationGracePeriodSeconds: 0,
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'kubernetes.io/hostname', operator: 'In', values: [launcher.spec?.nodeName ?? ''] },
                ],
              },
            ],
          },
        },
      },
      tolerations: tolerationsOf(cluster, launcher),
      volumes: [
        { name: 'hotplug-disks', emptyDir: {} },
        ...volumes.map((volume) => ({
          name: volume.name,
          persistentVolumeClaim: { claimName: claimOfVolume(volume) ?? '' },
        })),
      ],
      containers: [
        {
          name: HOTPLUG_DISK,
          image: launcherImage(cluster),
          command: ['/bin/sh', '-c', '/usr/bin/container-disk --copy-path /path/hp'],
          resources: { requests: { cpu: '10m', memory: '2M' }, limits: { cpu: '100m', memory: '80M' } },
        },
      ],
    },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  };
}

/** Its launcher's; since v1.8 a cordoned or troubled node does not keep it away either (hotplugPodTolerations). */
function tolerationsOf({ version }: Cluster, { spec }: Pod): NonNullable<NonNullable<Pod['spec']>['tolerations']> {
  const own = spec?.tolerations ?? [];
  if (version.minor < 8) return own;
  const troubles = ['unschedulable', 'network-unavailable', 'disk-pressure', 'memory-pressure', 'pid-pressure'];
  const more = troubles.map((what) => ({
    key: `node.kubernetes.io/${what}`,
    operator: 'Exists',
    effect: 'NoSchedule',
  }));
  return [...more, ...own];
}

/** Whether an attachment pod has just these volumes (volume-hotplug.go podVolumesMatchesReadyVolumes). */
function attaches(pod: Pod, volumes: readonly Volume[]): boolean {
  const has = (pod.spec?.volumes ?? []).filter(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
  const wanted = new Set(volumes.map(({ name }) => name));
  return has.length === volumes.length && has.every(({ name }) => wanted.has(name));
}

/** The attachment pod that has all of a launcher's hot-plugged volumes, if it is there (getActiveAndOldAttachmentPods). */
export function currentAttachment(cluster: Cluster, launcher: Pod, volumes: readonly Volume[]): Pod | undefined {
  return cluster.attachmentPods
    .get(launcher.metadata.uid ?? '')
    .find((pod) => attaches(pod, volumes) && pod.metadata.deletionTimestamp === undefined);
}
