import type { PersistentVolumeClaim, VirtualMachine } from '../../model/objects.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { Cluster } from '../cluster.ts';
import { guestMemoryOf, vcpusOf } from '../controllers/launcher-resources.ts';
import { resources } from '../resources.ts';
import { minorOf } from './edition.ts';
import { type Batch, type Page, parts } from './exposition.ts';

/** printableStatus by the groups that virt-controller's metrics know (vmstats_collector.go); all others are errors. */
const GROUPS: Record<string, string[]> = {
  starting: ['Provisioning', 'Starting', 'WaitingForVolumeBinding'],
  running: ['Running'],
  migrating: ['Migrating'],
  non_running: ['Stopped', 'Paused', 'Stopping', 'Terminating'],
  error: [
    'CrashLoopBackOff',
    'Unknown',
    'ErrorUnschedulable',
    'ErrImagePull',
    'ImagePullBackOff',
    'ErrorPvcNotFound',
    'DataVolumeError',
  ],
};

/** Told to be in a state by the time since when; in all others by 0. */
const STATES = ['starting', 'running', 'migrating', 'non_running', 'error'];

/** virt-controller's metrics of VMs. */
export function vmMetrics(cluster: Cluster): Generator<Batch> {
  return parts(cluster.store.list<VirtualMachine>(resources.vms), (page, vm) => {
    const { name, namespace } = vm.metadata;
    const labels = page.labels({ name, namespace });
    const status = vm.status?.printableStatus ?? '';
    const group = Object.keys(GROUPS).find((each) => GROUPS[each]?.includes(status));
    for (const state of STATES) {
      const since = state === (group ?? 'error') ? lastTransition(vm) : 0;
      page.add(`kubevirt_vm_${state}_status_last_transition_timestamp_seconds`, labels, since);
    }
    const template = vm.spec.template;
    const annotations = template?.metadata?.annotations ?? {};
    const info = {
      name,
      namespace,
      os: annotations['vm.kubevirt.io/os'],
      workload: annotations['vm.kubevirt.io/workload'],
      flavor: annotations['vm.kubevirt.io/flavor'],
      machine_type: template?.spec?.domain.machine?.type,
      status: status.toLowerCase(),
      status_group: group ?? '<unknown>',
    };
    page.add('kubevirt_vm_info', page.labels(info), 1);
    const created = Date.parse(vm.metadata.creationTimestamp ?? '');
    if (created > 0) page.add('kubevirt_vm_create_date_timestamp_seconds', labels, created / 1000);
    requestMetrics(page, vm, minorOf(cluster));
    diskMetrics(cluster, page, vm);
  });
}

/** Seconds; -1 if none of the conditions that count has one. */
function lastTransition({ status }: VirtualMachine): number {
  const conditions = (status?.conditions ?? []) as { type: string; lastTransitionTime?: string | null }[];
  const times = conditions.flatMap(({ type, lastTransitionTime }) =>
    ['Ready', 'Failure', 'Paused'].includes(type) ? [Date.parse(lastTransitionTime ?? '') / 1000 || -1] : [],
  );
  return Math.max(-1, ...times);
}

function requestMetrics(page: Page, { metadata, spec }: VirtualMachine, minor: number): void {
  const vmi = spec.template?.spec;
  if (vmi === undefined) return;
  const { cpu, memory, resources: given } = vmi.domain;
  const add = (resource: string, unit: string, source: string, value: number): void => {
    const labels = { name: metadata.name, namespace: metadata.namespace, resource, unit, source };
    page.add('kubevirt_vm_resource_requests', page.labels(labels), value);
  };
  if (given?.requests?.['memory'] !== undefined) add('memory', 'bytes', 'domain', bytesOf(given.requests['memory']));
  if (memory?.guest !== undefined) add('memory', 'bytes', 'guest', bytesOf(memory.guest));
  for (const unit of ['cores', 'threads', 'sockets'] as const) {
    const count = cpu?.[unit];
    if (count) add('cpu', unit, 'domain', count);
    else if (cpu === undefined && given?.requests?.['cpu'] === undefined) add('cpu', unit, 'default', 1);
  }
  if (minor < 8) return;
  add('memory', 'bytes', 'guest_effective', guestMemoryOf(vmi));
  add('cpu', 'cores', 'guest_effective', vcpusOf(vmi));
}

function diskMetrics(cluster: Cluster, page: Page, { metadata, spec }: VirtualMachine): void {
  const { name, namespace } = metadata;
  for (const volume of spec.template?.spec?.volumes ?? []) {
    const claimName = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
    if (claimName === undefined) continue;
    const claim = cluster.store.get<PersistentVolumeClaim>(resources.claims, namespace, claimName);
    const size = claim?.spec?.resources?.requests?.['storage'];
    if (size === undefined) continue;
    const labels = {
      name,
      namespace,
      persistentvolumeclaim: claimName,
      volume_mode: claim?.spec?.volumeMode,
      device: volume.name,
    };
    page.add('kubevirt_vm_disk_allocated_size_bytes', page.labels(labels), bytesOf(size));
  }
}
