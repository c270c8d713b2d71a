import type { VirtualMachineInstance } from '../../model/objects.ts';
import type { Subresource } from '../api/extension.ts';
import { conflict, notFound } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { isTrue } from './conditions.ts';

const API_VERSION = 'subresources.kubevirt.io/v1';

/** subresources.kubevirt.io: KubeVirt's version, and what the guest agent tells. */
export function guestInfoSubresources(cluster: Cluster): Subresource[] {
  const list = (subresource: string, kind: string, items: (vmi: VirtualMachineInstance) => object): Subresource => ({
    resource: 'virtualmachineinstances.subresources.kubevirt.io',
    subresource,
    methods: ['GET'],
    kind: { group: 'subresources.kubevirt.io', version: 'v1', kind },
    handle: ({ namespace, name }) => {
      const vmi = cluster.store.get<VirtualMachineInstance>(resources.vmis, namespace, name);
      if (vmi === undefined) throw notFound('virtualmachineinstance.kubevirt.io', name);
      if (!isTrue(vmi.status?.conditions, 'AgentConnected')) {
        throw conflict('virtualmachineinstance.kubevirt.io', name, 'VMI does not have guest agent connected');
      }
      return { status: 200, body: { apiVersion: API_VERSION, kind, metadata: {}, ...items(vmi) } };
    },
  });
  return [
    {
      resource: 'version.subresources.kubevirt.io',
      subresource: '',
      namespaced: false,
      methods: ['GET'],
      handle: () => ({
        status: 200,
        body: {
          gitVersion: cluster.version.kubevirt,
          gitCommit: '',
          gitTreeState: 'clean',
          buildDate: '',
          goVersion: '',
          compiler: 'gc',
          platform: 'linux/amd64',
        },
      }),
    },
    list('guestosinfo', 'VirtualMachineInstanceGuestAgentInfo', (vmi) => ({
      guestAgentVersion: '9.0.0',
      hostname: vmi.metadata.name,
      os: vmi.status?.guestOSInfo ?? {},
      timezone: 'UTC, 0',
    })),
    list('filesystemlist', 'VirtualMachineInstanceFileSystemList', (vmi) => ({
      items: filesystemsOf(vmi).map(({ diskName, mountPoint, fileSystemType }) => ({
        diskName,
        mountPoint,
        fileSystemType,
      })),
    })),
    list('userlist', 'VirtualMachineInstanceGuestOSUserList', () => ({ items: [] })),
    list('interfacelist', 'VirtualMachineInstanceInterfaceList', (vmi) => ({ items: vmi.status?.interfaces ?? [] })),
  ];
}

/** The filesystems of a guest: one on each disk that is a claim. `capacity` is the claim's, a Kubernetes quantity. */
export function filesystemsOf(
  vmi: VirtualMachineInstance,
): { diskName: string; mountPoint: string; fileSystemType: string; capacity: string | undefined }[] {
  return (vmi.status?.volumeStatus ?? [])
    .filter(({ persistentVolumeClaimInfo }) => persistentVolumeClaimInfo !== undefined)
    .map(({ name, persistentVolumeClaimInfo }, index) => ({
      diskName: `vd${String.fromCharCode(97 + index)}`,
      mountPoint: index === 0 ? '/' : `/${name}`,
      fileSystemType: 'xfs',
      capacity: (persistentVolumeClaimInfo?.capacity as { storage?: string } | undefined)?.storage,
    }));
}
