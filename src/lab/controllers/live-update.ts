import type { VirtualMachine, VirtualMachineInstance, VmiSpec } from '../../model/objects.ts';
import { same } from '../api/fields/compare.ts';
import { byKey, type Cluster, keyOf, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { kubeVirtOf } from './config.ts';
import { type Change, type LiveUpdate, NotNow } from './live-update-outcome.ts';
import { changeMemory, changeSockets } from './live-update-size.ts';
import { diskChangesAreLive, volumeChangesAreLive } from './live-update-volumes.ts';
import { isMigrating } from './printable-status.ts';
import { updateVolumes } from './volume-migration.ts';

type Handler = (cluster: Cluster, vm: VirtualMachine, vmi: VirtualMachineInstance) => Change;

const GENERIC = 'a non-live-updatable field was changed in the template spec';

/** In virt-controller's order, with the reason and the beginning of the message when it is not possible now (KubeVirt 1.6, vm.go sync). */
const handlers: { reason: string; doing: string; handle: Handler }[] = [
  { reason: 'HotPlugCPUError', doing: 'Error encountered while handling CPU change request', handle: changeSockets },
  {
    reason: 'AffinityChangeError',
    doing: 'Error encountered while handling node affinity change request',
    handle: (...args) => changePlace(['affinity', 'nodeSelector'], 'Node affinity', ...args),
  },
  {
    reason: 'TolerationsChangeError',
    doing: 'Error encountered while handling tolerations change request',
    handle: (...args) => changePlace(['tolerations'], 'tolerations', ...args),
  },
  {
    reason: 'HotPlugMemoryError',
    doing: 'error encountered while handling memory hotplug requests',
    handle: changeMemory,
  },
  {
    reason: 'VolumesUpdateError',
    doing: 'error encountered while handling volumes update requests',
    handle: updateVolumes,
  },
];

export function isLiveUpdate(cluster: Cluster): boolean {
  const strategy = kubeVirtOf(cluster)?.spec?.configuration?.vmRolloutStrategy ?? cluster.version.rolloutStrategy;
  return strategy === 'LiveUpdate';
}

/**
 * Brings what a VM's template says to its running VMI, as far as that goes without a restart; `startedWith` is the
 * template's spec as the guest was started (facts/kubevirt.md K). While a restart is due, nothing else is brought.
 */
export function liveUpdate(
  cluster: Cluster,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
  startedWith: VmiSpec | undefined,
): LiveUpdate {
  const pending = vm.status?.conditions?.find(({ type }) => type === 'RestartRequired')?.message;
  // Until v1.5 only a restart takes the condition away.
  if (pending !== undefined && cluster.version.minor < 6) return { restartRequired: pending };
  if (startedWith !== undefined && needsRestart(cluster, startedWith, vm)) return { restartRequired: GENERIC };
  if (!isLiveUpdate(cluster)) return {};
  const outcome: LiveUpdate = {};
  for (const { reason, doing, handle } of handlers) {
    const current = byKey<VirtualMachineInstance>(cluster, resources.vmis, keyOf(vmi));
    if (current === undefined) return outcome;
    try {
      Object.assign(outcome, handle(cluster, vm, current));
    } catch (error) {
      if (!(error instanceof NotNow)) throw error;
      return { ...outcome, failure: { reason, message: `${doing}: ${error.message}` } };
    }
  }
  return outcome;
}

/** Whether the template has changed in a way that a running guest cannot take up. */
function needsRestart(cluster: Cluster, startedWith: VmiSpec, vm: VirtualMachine): boolean {
  const now = vm.spec.template.spec;
  if (now === undefined) return false;
  const before = structuredClone(startedWith);
  const migrates = vm.spec.updateVolumesStrategy === 'Migration' && cluster.version.minor >= 4;
  const live = isLiveUpdate(cluster);
  if (volumeChangesAreLive(before, now, live && migrates)) take(before, now, 'volumes');
  if (diskChangesAreLive(before, now)) take(before.domain.devices, now.domain.devices, 'disks');
  if (live) {
    take(before, now, 'nodeSelector');
    take(before, now, 'affinity');
    if (cluster.version.minor >= 4) take(before, now, 'tolerations');
    if (before.domain.cpu !== undefined && now.domain.cpu !== undefined) {
      take(before.domain.cpu, now.domain.cpu, 'sockets');
    }
    if (now.domain.memory?.guest !== undefined) {
      before.domain.memory = { ...before.domain.memory, guest: now.domain.memory.guest };
    }
  }
  return !same(before, now);
}

function take<T extends object, K extends keyof T>(into: T, from: T, field: K): void {
  if (from[field] === undefined) delete into[field];
  else into[field] = from[field];
}

/** Node selector, affinity and tolerations reach a running VMI, and move nothing by themselves. */
function changePlace(
  fields: ('affinity' | 'nodeSelector' | 'tolerations')[],
  what: string,
  cluster: Cluster,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): Change {
  const wanted = vm.spec.template.spec;
  const changed = fields.filter((field) => !same(wanted?.[field], vmi.spec[field]));
  if (wanted === undefined || changed.length === 0) return {};
  if (isMigrating(vmi, cluster.clock.now())) throw new NotNow(`${what} should not be changed during VMI migration`);
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    for (const field of changed) take(draft.spec, structuredClone(wanted), field);
  });
  return {};
}
