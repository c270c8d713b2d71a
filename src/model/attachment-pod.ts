import type { Pod } from './objects.ts';
import type { Vm } from './vm.ts';

/** Hot-plugged volumes are in a pod of their own, beside the launcher, on every node the VM comes to (facts/kubevirt.md E; KubeVirt pkg/controller VMIHasHotplugVolumes). */
export function hasHotplugVolumes({ vmi, spec }: Vm): boolean {
  return (
    (vmi?.status?.volumeStatus ?? []).some(({ hotplugVolume }) => hotplugVolume !== undefined) ||
    (spec.volumes ?? []).some(
      ({ persistentVolumeClaim, dataVolume }) =>
        persistentVolumeClaim?.hotpluggable === true || dataVolume?.hotpluggable === true,
    )
  );
}

/** What that pod asks for and may use, whatever the volumes (facts/kubevirt.md F3). */
export function attachmentPodOf({ namespace }: Vm): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'hp-volume-', namespace, labels: { 'kubevirt.io': 'hotplug-disk' } },
    spec: {
      containers: [
        {
          name: 'hotplug-disk',
          resources: { requests: { cpu: '10m', memory: '2M' }, limits: { cpu: '100m', memory: '80M' } },
        },
      ],
    },
  };
}
