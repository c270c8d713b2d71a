import type { Snapshot } from '../model/snapshot.ts';
import { type KubeVirtVersion, knownVersion, type LiveMigratableCheck } from '../model/versions/index.ts';
import { conditionOf, type Vm } from '../model/vm.ts';

/** The cluster's KubeVirt as far as Ferry knows it; undefined where its version is unknown. */
export function versionIn(snapshot: Snapshot): KubeVirtVersion | undefined {
  return knownVersion(snapshot.versions.kubevirt)?.version;
}

/**
 * Whether virt-handler refuses a VM for what `check` looks at. Where it has looked at the running guest and says that it
 * can migrate, it knows better; an unknown version is taken for one that asks.
 */
export function refuses(check: LiveMigratableCheck, vm: Vm, snapshot: Snapshot): boolean {
  if (vm.running && conditionOf(vm, 'LiveMigratable')?.status === 'True') return false;
  return versionIn(snapshot)?.liveMigratableChecks.includes(check) ?? true;
}
