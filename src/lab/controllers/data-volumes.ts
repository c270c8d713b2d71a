import type { PersistentVolumeClaim, VirtualMachine, VirtualMachineInstance, VmiSpec } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import type { DataVolume } from './cdi-claim.ts';
import { VIRT_CONTROLLER } from './launcher-pod.ts';
import { claimOfVolume, isHotplugged } from './live-update-volumes.ts';
import { isBound } from './pvc-binding.ts';

function volumesOf(cluster: Cluster, namespace: string | undefined, spec: VmiSpec | undefined): DataVolume[] {
  return (spec?.volumes ?? []).flatMap(({ dataVolume }) => {
    if (dataVolume === undefined) return [];
    const volume = cluster.store.get<DataVolume>(resources.dataVolumes, namespace, dataVolume.name);
    return volume === undefined ? [] : [volume];
  });
}

/** Creates the DataVolumes of a VM's dataVolumeTemplates. Whether all are filled, or wait for the VM only (vm.go handleDataVolumes). */
export function ensureDataVolumes(cluster: Cluster, vm: VirtualMachine): boolean {
  const { store, events } = cluster;
  const { name, namespace, uid = '' } = vm.metadata;
  let ready = true;
  for (const template of vm.spec.dataVolumeTemplates ?? []) {
    const of = template.metadata?.name ?? '';
    const current = store.get<DataVolume>(resources.dataVolumes, namespace, of);
    if (current !== undefined) {
      const phase = current.status?.phase ?? '';
      if (['Succeeded', 'WaitForFirstConsumer', 'PendingPopulation'].includes(phase)) continue;
      ready = false;
      if (phase !== 'Failed') continue;
      events.warning(vm, VIRT_CONTROLLER, 'FailedDataVolumeImport', `DataVolume ${of} failed to import disk image`);
      continue;
    }
    ready = false;
    const spec = structuredClone(template.spec ?? {}) as DataVolume['spec'];
    const source = spec.source?.pvc;
    if (source !== undefined) {
      source.namespace ??= namespace ?? '';
      if (store.get(resources.claims, source.namespace, source.name) === undefined) {
        events.warning(
          vm,
          VIRT_CONTROLLER,
          'SourcePVCNotAvailabe',
          `Source PVC ${source.name} not available: Target PVC ${of} will remain unpopulated until source is created`,
        );
      }
    }
    const volume: DataVolume = {
      apiVersion: 'cdi.kubevirt.io/v1beta1',
      kind: 'DataVolume',
      metadata: {
        name: of,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...template.metadata?.labels, 'kubevirt.io/created-by': uid },
        annotations: { ...template.metadata?.annotations, 'cdi.kubevirt.io/allowClaimAdoption': 'true' },
        ownerReferences: [
          {
            apiVersion: 'kubevirt.io/v1',
            kind: 'VirtualMachine',
            name,
            uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec,
    };
    store.create(resources.dataVolumes, volume);
    events.normal(vm, VIRT_CONTROLLER, 'SuccessfulDataVolumeCreate', `Created DataVolume ${of}`);
  }
  return ready;
}

/** A DataVolume of the VM has failed, or what fills it cannot (storage/types HasDataVolumeErrors). */
export function dataVolumeFailed(cluster: Cluster, vm: VirtualMachine): boolean {
  return volumesOf(cluster, vm.metadata.namespace, vm.spec.template.spec).some(({ status }) => {
    if (status?.phase === 'Failed') return true;
    const running = status?.conditions?.find(({ type }) => type === 'Running');
    return running?.status === 'False' && (running.reason === 'Error' || running.reason === 'ImagePullFailed');
  });
}

/** A DataVolume of the VM is being filled (HasDataVolumeProvisioning). */
export function dataVolumeProvisions(cluster: Cluster, vm: VirtualMachine): boolean {
  return volumesOf(cluster, vm.metadata.namespace, vm.spec.template.spec).some(({ status }) => {
    const phase = status?.phase;
    if (phase === 'Succeeded' || phase === 'PendingPopulation') return false;
    const bound = status?.conditions?.some(({ type, status: value }) => type === 'Bound' && value === 'True') ?? false;
    return bound || phase !== 'WaitForFirstConsumer';
  });
}

/** What a VMI that has no pod yet waits for: claims that are there, and filled (vmi/datavolumes.go areDataVolumesReady). */
export function claimsWanted(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
): { missing: string } | 'unfilled' | undefined {
  const { namespace } = vmi.metadata;
  let unfilled = false;
  for (const volume of vmi.spec.volumes ?? []) {
    const name = claimOfVolume(volume);
    if (name === undefined || isHotplugged(volume)) continue;
    const claim = cluster.store.get<PersistentVolumeClaim>(resources.claims, namespace, name);
    if (claim === undefined) return { missing: name };
    const owner = claim.metadata.ownerReferences?.find(({ kind }) => kind === 'DataVolume');
    if (owner === undefined || isBound(claim)) continue;
    const phase = cluster.store.get<DataVolume>(resources.dataVolumes, namespace, owner.name)?.status?.phase;
    if (phase !== 'Succeeded' && phase !== 'PendingPopulation') unfilled = true;
  }
  return unfilled ? 'unfilled' : undefined;
}

/** The condition DataVolumesReady of a VMI that has some. */
export function dataVolumesReady(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
): { status: string; reason: string; message: string } | undefined {
  const volumes = volumesOf(cluster, vmi.metadata.namespace, vmi.spec);
  if (volumes.length === 0) return undefined;
  const states = volumes.map(
    ({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
  );
  if (states.every((state) => state === 'True')) {
    return { status: 'True', reason: 'AllDVsReady', message: "All of the VMI's DVs are bound and ready" };
  }
  const status = states.includes('False') ? 'False' : 'Unknown';
  return { status, reason: 'NotAllDVsReady', message: "Not all of the VMI's DVs are ready" };
}
