import type { KubeVirtVersion } from '../../../model/versions/index.ts';
import { kubevirtConditions, migrationState } from './migration-schema.ts';
import { affinity, tolerations } from './pod-schema.ts';
import { boolean, integer, labels, list, object, open, quantities, quantity, type Schema, string } from './schema.ts';

// The VMI as KubeVirt 1.3 to 1.9 have it: what users touch is typed, deeper parts pass untouched (facts/kubevirt.md A3).

const cpu = object('The virtual CPUs.', {
  cores: integer('Cores per socket.'),
  sockets: integer('Sockets.'),
  threads: integer('Threads per core.'),
  maxSockets: integer('The most sockets that can be hot-plugged.'),
  model: string('host-model (the default), host-passthrough, or a model libvirt knows.'),
  features: list(
    'CPU features.',
    open('A feature.', { name: string('Its name.'), policy: string('force, require, optional, disable or forbid.') }),
  ),
  dedicatedCpuPlacement: boolean('Whether each virtual CPU gets a physical CPU of its own.'),
  isolateEmulatorThread: boolean('Whether the emulator gets a physical CPU of its own.'),
  numa: open('NUMA of the guest.'),
  realtime: open('Real-time settings.'),
});

const memory = object('The memory of the guest.', {
  guest: quantity('What the guest sees.'),
  hugepages: open('Backs the memory with huge pages.', { pageSize: string('2Mi or 1Gi.') }),
  maxGuest: quantity('The most that can be hot-plugged.'),
});

const devices = open('Disks, network interfaces and other devices.', {
  disks: {
    type: 'array',
    description: 'Disks; each names a volume.',
    items: open('A disk.', {
      name: string('The volume it shows.'),
      bootOrder: integer('Its place in the boot order.', 'int32'),
    }),
  },
  interfaces: {
    type: 'array',
    description: 'Network interfaces; each names a network.',
    items: open('An interface.', {
      name: string('The network it is on.'),
      model: string('e1000, e1000e, virtio ...'),
      macAddress: string('Its MAC address.'),
    }),
  },
  hostDevices: {
    type: 'array',
    description: 'Devices of the host. A VMI that has one is not live-migratable.',
    items: open('A host device.'),
  },
  gpus: { type: 'array', description: 'GPUs of the host.', items: open('A GPU.') },
  filesystems: { type: 'array', description: 'Directories shared with virtiofs.', items: open('A file system.') },
  networkInterfaceMultiqueue: boolean('Whether virtio interfaces get a queue per CPU.'),
  blockMultiQueue: boolean('Whether disks get a queue per CPU.'),
  rng: open('A random number generator.'),
});

const domain = object(
  'The virtual hardware.',
  {
    chassis: open('Chassis details.'),
    clock: open('Clock and timers.'),
    cpu,
    devices,
    features: open('Hypervisor features such as Hyper-V enlightenments.'),
    firmware: open('Firmware: BIOS or UEFI, UUID, serial.'),
    ioThreads: open('I/O threads.'),
    ioThreadsPolicy: string('shared, auto or supplementalPool.'),
    launchSecurity: open('Confidential computing. A VMI that has it is not live-migratable.'),
    machine: open('The machine type.', { type: string('e.g. q35.') }),
    memory,
    resources: object('Compute resources of the pod.', {
      requests: quantities('What is requested.'),
      limits: quantities('What is the limit.'),
      overcommitGuestOverhead: boolean("Leaves the hypervisor's own memory out of the request."),
    }),
  },
  { required: ['devices'] },
);

const volume = open(
  'A volume; exactly one source.',
  {
    name: string('Disks refer to it by this name.'),
    persistentVolumeClaim: open('A claim.', {
      claimName: string('Its name.'),
      hotpluggable: boolean('Whether it was hot-plugged.'),
    }),
    dataVolume: open('A DataVolume, and the claim it makes.', {
      name: string('Its name.'),
      hotpluggable: boolean('Whether it was hot-plugged.'),
    }),
    containerDisk: open('A disk from a container image.', { image: string('The image.') }),
    cloudInitNoCloud: open('A cloud-init disk.'),
    cloudInitConfigDrive: open('A cloud-init disk.'),
    hostDisk: open('A disk image on the node. A VMI that has one is migratable only if it is shared.'),
    emptyDisk: open('A scratch disk.'),
    ephemeral: open('A copy-on-write layer over a claim.'),
    configMap: open('A ConfigMap as a disk.'),
    secret: open('A Secret as a disk.'),
    serviceAccount: open('A ServiceAccount as a disk.'),
  },
  { required: ['name'] },
);

export const vmiSpec: Schema = object(
  'The virtual machine and how it runs.',
  {
    accessCredentials: {
      type: 'array',
      description: 'Credentials to put into the guest.',
      items: open('Credentials.'),
    },
    affinity,
    architecture: string('amd64, arm64 or s390x.'),
    dnsConfig: open('DNS settings of the pod.'),
    dnsPolicy: string('DNS policy of the pod.'),
    domain,
    evictionStrategy: string(
      'What happens when the node is drained: None, LiveMigrate, LiveMigrateIfPossible or External. Defaults to the cluster-wide setting.',
    ),
    hostname: string('The host name of the guest.'),
    livenessProbe: open('When the guest counts as alive.'),
    networks: {
      type: 'array',
      description: 'Networks the interfaces are on.',
      items: open(
        'A network; pod or multus.',
        {
          name: string('Interfaces refer to it by this name.'),
          pod: open('The pod network.'),
          multus: open('A NetworkAttachmentDefinition.'),
        },
        { required: ['name'] },
      ),
    },
    nodeSelector: labels('Labels the node must have.'),
    priorityClassName: string('The priority class of the pod.'),
    readinessProbe: open('When the guest counts as ready.'),
    resourceClaims: list('Dynamic resources.', open('A claim.')),
    schedulerName: string('Which scheduler places the pod.'),
    startStrategy: string('Paused to start paused.'),
    subdomain: string('The subdomain of the guest.'),
    terminationGracePeriodSeconds: integer('Seconds the guest may take to shut down.', 'int64'),
    tolerations: {
      type: 'array',
      ...(tolerations.items === undefined ? {} : { items: tolerations.items }),
      description: 'Taints the pod may run in spite of.',
    },
    topologySpreadConstraints: list('How VMs spread over topologies.', open('A constraint.')),
    utilityVolumes: list('Volumes lent to the pod for a backup or a dump (1.8 and later).', open('A volume.')),
    volumes: { type: 'array', description: 'Volumes the disks show.', items: volume },
  },
  { required: ['domain'] },
);

export function vmiStatus(version: KubeVirtVersion): Schema {
  return open('The state of the virtual machine.', {
    phase: string('Pending, Scheduling, Scheduled, Running, Succeeded, Failed or Unknown.'),
    nodeName: string('The node it runs on.'),
    evacuationNodeName: string('The node it is asked to leave.'),
    conditions: kubevirtConditions,
    interfaces: { type: 'array', description: 'Network interfaces.', items: open('An interface.') },
    volumeStatus: { type: 'array', description: 'Volumes.', items: open('A volume.') },
    activePods: labels('UID of each pod, and its node.'),
    migrationMethod: string('BlockMigration or LiveMigration.'),
    migrationTransport: string('Unix.'),
    migrationState: migrationState(version),
    qosClass: string('Guaranteed, Burstable or BestEffort.'),
  });
}
