import { settingsFor } from '../../model/policies.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { at, atSetting, atVm, type Check, type Draft, info, warning } from '../check.ts';

const LARGE = 100e9;

/** What can be known of the load without measuring it: how earlier migrations went, how large the VM is, what the settings allow. */
export const workload: Check = {
  id: 'workload/intensity',
  title: 'Nothing speaks for a long or failing migration',
  source: 'mission: checklist 5, Dedicated Migration Network (VMs over 100 GB); facts/kubevirt.md C1, D1',
  needs: ['migrations'],
  run(vm, snapshot): Draft[] {
    if (!vm.running) return [];
    return [...history(vm), ...size(vm, snapshot)];
  },
};

function history(vm: Vm): Draft[] {
  const last = vm.finished.at(-1);
  if (last === undefined) return [];
  const failed = vm.finished.filter(({ status }) => status?.phase === 'Failed').length;
  const own = vm.vmi?.status?.migrationState;
  // A migration that was deleted keeps its state only on the VMI, and only until the next one.
  const state = last.status?.migrationState ?? (own?.migrationUid === last.metadata.uid ? own : undefined);
  if (last.status?.phase === 'Failed' && state?.abortRequested !== true) {
    const reason = state?.failureReason?.trim();
    return [
      warning(vm, {
        message: `its last migration (${last.metadata.name}) failed${reason === undefined || reason === '' ? '' : `: ${reason}`}; ${failed} of the last ${vm.finished.length} did`,
        evidence: [at(last, '.status.phase', 'Failed'), at(last, '.status.migrationState.failureReason', reason)],
        remedy: `Find out why before trying again: ferry diagnose ${last.metadata.name} -n ${vm.namespace}. A VM that writes memory faster than it can be copied needs less load, more bandwidth or a longer time-out.`,
      }),
    ];
  }
  if (last.status?.phase === 'Succeeded' && (state?.mode === 'PostCopy' || state?.mode === 'Paused')) {
    return [
      warning(vm, {
        message: `its last migration (${last.metadata.name}) did not converge and ended by ${state.mode === 'Paused' ? 'pausing the guest' : 'post-copy'}`,
        evidence: at(last, '.status.migrationState.mode', state.mode),
        remedy: 'Reduce its load while it migrates, or give migrations more bandwidth.',
      }),
    ];
  }
  return [];
}

function size(vm: Vm, snapshot: Snapshot): Draft[] {
  const { memoryBytes } = vm;
  if (memoryBytes === undefined) return [];
  const findings: Draft[] = [];
  const {
    bandwidthPerMigration: bandwidth,
    completionTimeoutPerGiB: timeout,
    network,
    allowPostCopy,
  } = settingsFor(vm, snapshot);
  if (bandwidth.value !== undefined && bandwidth.value > 0 && timeout.value !== undefined && timeout.value > 0) {
    // facts/kubevirt.md D1: the time-out counts started 10^9 bytes.
    const allowed = timeout.value * Math.ceil(memoryBytes / 1e9);
    const needed = memoryBytes / bandwidth.value;
    if (needed > allowed && allowPostCopy.value !== true) {
      findings.push(
        warning(vm, {
          message: `at ${formatBytes(bandwidth.value)}/s one pass over its ${formatBytes(memoryBytes)} of memory takes ${Math.round(needed)} s, more than the ${allowed} s that KubeVirt gives the whole migration`,
          evidence: [atSetting(bandwidth, 'bandwidthPerMigration'), atSetting(timeout, 'completionTimeoutPerGiB')],
          remedy:
            'Raise bandwidthPerMigration or completionTimeoutPerGiB where the evidence says that it is set (of the cluster: ferry settings set KEY=VALUE); a migration of it can then end in time.',
        }),
      );
    }
  }
  if (memoryBytes > LARGE && network.value === undefined && network.origin !== 'unknown') {
    findings.push(
      info(vm, {
        message: `it has ${formatBytes(memoryBytes)} of memory, and migrations share the network with everything else`,
        evidence: atVm(vm, '.spec.domain.memory.guest', vm.spec.domain.memory?.guest),
        remedy:
          'For VMs of more than 100 GB a migration network of their own is recommended: ferry network plan shows what it takes.',
      }),
    );
  }
  return findings;
}
