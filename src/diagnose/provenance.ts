import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';

/** Who asked for a migration. */
export interface Provenance {
  who: 'ferry' | 'evacuation' | 'descheduler' | 'workload-update' | 'volume-migration' | 'api' | 'user';
  /** One sentence. */
  message: string;
  evidence: Evidence;
}

const EVACUATION = 'kubevirt.io/evacuationMigration';
const WORKLOAD_UPDATE = 'kubevirt.io/workloadUpdateMigration';
const VOLUME_UPDATE = 'kubevirt.io/volume-update-migration';
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** Who asked for it, from what its creator left on it (facts/kubevirt.md A6, A7, J). */
export function provenanceOf(
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance | undefined,
): Provenance {
  const { annotations = {}, labels = {}, name, generateName } = migration.metadata;
  const vm = migration.spec.vmiName ?? '';
  const annotation = (key: string): Evidence => atField(migration, `.metadata.annotations["${key}"]`, annotations[key]);
  const label = (key: string): Evidence => atField(migration, `.metadata.labels["${key}"]`, labels[key]);
  const node = annotations[EVACUATION];
  if (node !== undefined) {
    if (
      vmi?.metadata.annotations?.['kubevirt.io/eviction-source'] === 'descheduler' ||
      migration.spec.priority === 'system-maintenance'
    ) {
      return {
        who: 'descheduler',
        message: `the descheduler evicted ${vm} from node ${node}, to balance the nodes`,
        evidence: annotation(EVACUATION),
      };
    }
    return {
      who: 'evacuation',
      message: `${vm} was evacuated from node ${node}: somebody or something drained the node or evicted its pod`,
      evidence: annotation(EVACUATION),
    };
  }
  if (VOLUME_UPDATE in labels) {
    return {
      who: 'volume-migration',
      message: `the volumes of ${vm} were changed to be migrated`,
      evidence: label(VOLUME_UPDATE),
    };
  }
  if (WORKLOAD_UPDATE in annotations) {
    return {
      who: 'workload-update',
      message: `KubeVirt updated ${vm}: its launcher was outdated, or a change of CPUs, memory or placement needed a migration`,
      evidence: annotation(WORKLOAD_UPDATE),
    };
  }
  if (labels[MANAGED_BY] === 'ferry') {
    return { who: 'ferry', message: `Ferry moved ${vm}`, evidence: label(MANAGED_BY) };
  }
  // What is left of a cancelled one is its name (docs/decisions/0005).
  if (name.startsWith('ferry-')) {
    return { who: 'ferry', message: `Ferry moved ${vm}`, evidence: atField(migration, '.metadata.name', name) };
  }
  if (name.startsWith('kubevirt-migrate-vm-') || generateName === 'kubevirt-migrate-vm-') {
    return {
      who: 'api',
      message: `somebody asked for it with virtctl migrate, the console, or the migrate subresource of ${vm}`,
      evidence: atField(migration, '.metadata.name', name),
    };
  }
  return {
    who: 'user',
    message: `somebody, or a program, created the migration of ${vm} as an object`,
    evidence: atField(migration, '.metadata.name', name),
  };
}
