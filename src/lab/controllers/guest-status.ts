import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { put } from './conditions.ts';
import { featureGateEnabled, kubeVirtOf } from './config.ts';
import { EVICTION_SOURCE } from './evacuation.ts';
import { hasGuestAgent } from './guest.ts';
import { migratableConditions, migrationMethod } from './live-migratable.ts';

/** LiveMigratable and StorageLiveMigratable of a VMI as its node's virt-handler sees it. */
export function migratable(cluster: Cluster, vmi: VirtualMachineInstance): ReturnType<typeof migratableConditions> {
  const configuration = kubeVirtOf(cluster)?.spec?.configuration;
  const bindings = configuration?.network?.binding ?? {};
  return migratableConditions({
    vmi,
    node: cluster.store.get<Node>(resources.nodes, undefined, vmi.status?.nodeName ?? ''),
    version: cluster.version,
    vgpuGate: featureGateEnabled(cluster, 'VGPULiveMigration'),
    mediatedDevices: new Set(
      (configuration?.permittedHostDevices?.mediatedDevices ?? []).map(({ resourceName }) => resourceName),
    ),
    migratableBindings: new Set(
      Object.entries(bindings).flatMap(([name, plugin]) => (plugin.migration === undefined ? [] : [name])),
    ),
  });
}

/** What virt-handler fills in when a guest runs; also how the lab starts with guests that run already. */
export function guestStatus(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  pod: Pod,
): Partial<NonNullable<VirtualMachineInstance['status']>> {
  let conditions = vmi.status?.conditions;
  for (const condition of migratable(cluster, vmi)) conditions = put(conditions, condition);
  const agent = hasGuestAgent(vmi);
  if (agent) {
    conditions = put(conditions, {
      type: 'AgentConnected',
      status: 'True',
      lastProbeTime: now(cluster),
      lastTransitionTime: null,
    });
  }
  const ip = pod.status?.podIP ?? '';
  const mac = macOf(vmi.metadata.uid ?? '');
  return {
    conditions: conditions ?? [],
    migrationMethod: migrationMethod(vmi),
    migrationTransport: 'Unix',
    machine: { type: vmi.spec.domain.machine?.type ?? cluster.version.node.machineType },
    selinuxContext: 'system_u:object_r:container_file_t:s0:c1,c2',
    interfaces: (vmi.spec.domain.devices.interfaces ?? []).slice(0, 1).map(({ name }) => ({
      name,
      podInterfaceName: 'eth0',
      interfaceName: 'eth0',
      ipAddress: ip,
      ipAddresses: [ip],
      mac,
      linkState: 'up',
      queueCount: 1,
      infoSource: agent ? 'domain, guest-agent' : 'domain',
    })),
    ...(agent ? { guestOSInfo: guestOs(vmi) } : {}),
  };
}

/** What changes on a VMI when its guest runs on another node from now on. */
export function moveTo(draft: VirtualMachineInstance, node: string, ip: string | undefined): void {
  const { evacuationNodeName: _evacuated, launcherContainerImageVersion: _image, ...status } = draft.status ?? {};
  draft.status = { ...status, nodeName: node };
  const [first, ...others] = draft.status.interfaces ?? [];
  if (ip !== undefined && first !== undefined) {
    draft.status.interfaces = [{ ...first, ipAddress: ip, ipAddresses: [ip] }, ...others];
  }
  draft.metadata.labels = { ...draft.metadata.labels, 'kubevirt.io/nodeName': node };
  delete draft.metadata.annotations?.[EVICTION_SOURCE];
}

/** The guest has no address any more on its first interface, as its agent reports it. */
export function loseAddress(draft: VirtualMachineInstance): void {
  const [first, ...others] = draft.status?.interfaces ?? [];
  if (first === undefined) return;
  const { ipAddress: _address, ipAddresses: _all, ...rest } = first;
  draft.status = { ...draft.status, interfaces: [rest, ...others] };
}

function guestOs(
  vmi: VirtualMachineInstance,
): NonNullable<NonNullable<VirtualMachineInstance['status']>['guestOSInfo']> {
  const os = vmi.metadata.annotations?.['vm.kubevirt.io/os'] ?? 'rhel9';
  if (os.startsWith('windows')) {
    return {
      id: 'mswindows',
      name: 'Microsoft Windows',
      prettyName: 'Windows Server 2022 Standard',
      version: '2022',
      versionId: '2022',
      machine: 'x86_64',
      kernelRelease: '20348',
    };
  }
  return {
    id: 'rhel',
    name: 'Red Hat Enterprise Linux',
    prettyName: 'Red Hat Enterprise Linux 9.6 (Plow)',
    version: '9.6',
    versionId: '9.6',
    machine: 'x86_64',
    kernelRelease: '5.14.0-570.12.1.el9_6.x86_64',
  };
}

/** KubeVirt's locally administered prefix, then something of the VMI's own. */
function macOf(uid: string): string {
  const hex = uid.replaceAll('-', '').padEnd(8, '0');
  return ['02', ...[0, 2, 4, 6].map((at) => hex.slice(at, at + 2)), '01'].join(':');
}
