import { connectionsOf } from '../../model/multifd.ts';
import type { VirtualMachineInstance } from '../../model/objects.ts';
import { bytesOf, quantityOf, scaledValueGiga } from '../../model/quantity.ts';
import type { Cluster } from '../cluster.ts';
import type { MigrationOrder } from '../hypervisor/hypervisor.ts';
import { isTrue } from './conditions.ts';
import { featureGateEnabled } from './config.ts';
import { guestMemory } from './guest.ts';
import { guestMemoryOf } from './launcher-resources.ts';
import { migrationMethod } from './live-migratable.ts';

const MiB = 2 ** 20;

/** QEMU's downtime-limit, which KubeVirt before 1.9 never sets (facts/kubevirt.md D3). */
const DOWNTIME_LIMIT_MS = 300;

/** With the gate MigrationStallDetection (facts/kubevirt.md D5). */
const MAX_DOWNTIME_MS = 900;

/** Bytes of the files under the ephemeral disk directory that a block migration copies: overlays and generated disks. */
function ephemeralBytes(vmi: VirtualMachineInstance): number {
  if (migrationMethod(vmi) !== 'BlockMigration') return 0;
  let bytes = 0;
  for (const volume of vmi.spec.volumes ?? []) {
    if (volume.cloudInitNoCloud !== undefined || volume.cloudInitConfigDrive !== undefined) bytes += MiB;
    else if (volume.containerDisk !== undefined || volume.ephemeral !== undefined) bytes += 64 * MiB;
    else if (volume.emptyDisk !== undefined) bytes += bytesOf(volume.emptyDisk.capacity) / 10;
  }
  return Math.ceil(bytes);
}

function migratedVolumeBytes(vmi: VirtualMachineInstance): number {
  return (vmi.status?.migratedVolumes ?? []).reduce((sum, { sourcePVCInfo }) => {
    const capacity = sourcePVCInfo?.capacity?.['storage'];
    return sum + (capacity === undefined ? 0 : bytesOf(capacity));
  }, 0);
}

/** What virt-launcher asks libvirt for: settings from the VMI's migrationState (facts/kubevirt.md D1, D3, D4). */
export function migrationOrder(cluster: Cluster, vmi: VirtualMachineInstance): MigrationOrder {
  const state = vmi.status?.migrationState;
  const configuration = state?.migrationConfiguration ?? {};
  const allowPostCopy = configuration.allowPostCopy === true;
  const { workloadDisruption } = cluster.version;
  const disks = ephemeralBytes(vmi) + migratedVolumeBytes(vmi);
  const size = guestMemoryOf(vmi.spec) + disks;
  return {
    id: state?.migrationUid ?? '',
    guest: guestMemory(vmi),
    diskBytes: disks,
    source: state?.sourceNode ?? '',
    target: state?.targetNode ?? '',
    bandwidthLimit: bytesOf(configuration.bandwidthPerMigration ?? '0'),
    connections: connectionsOf(cluster.version, vmi, allowPostCopy),
    downtimeLimitMs: DOWNTIME_LIMIT_MS,
    autoConverge: configuration.allowAutoConverge === true,
    monitor: {
      completionTimeout: (configuration.completionTimeoutPerGiB ?? 0) * scaledValueGiga(quantityOf(Math.ceil(size))),
      progressTimeout: configuration.progressTimeout ?? 0,
      allowPostCopy,
      // v1.3, v1.4: allowPostCopy alone decides, and nothing is paused.
      allowWorkloadDisruption: workloadDisruption ? configuration.allowWorkloadDisruption === true : allowPostCopy,
      ...(cluster.version.stallDetection &&
        featureGateEnabled(cluster, 'MigrationStallDetection') && {
          stallDetection: {
            maxDowntimeMs: (configuration as { maxDowntimeMs?: number }).maxDowntimeMs ?? MAX_DOWNTIME_MS,
          },
        }),
    },
    paused: isTrue(vmi.status?.conditions, 'Paused'),
  };
}
