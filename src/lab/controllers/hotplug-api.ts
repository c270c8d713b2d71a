import type { VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import type { Subresource, SubresourceRequest, SubresourceResponse } from '../api/extension.ts';
import { type ApiError, badRequest, conflict, notFound } from '../api/status.ts';
import { type Cluster, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { applyRequest, changeVolumes, plugsByRequest, plugsDeclared, type Request } from './hotplug-requests.ts';
import { claimOfVolume, isHotplugged, type Volume } from './live-update-volumes.ts';

const VM = 'virtualmachine.kubevirt.io';
const VMI = 'virtualmachineinstance.kubevirt.io';
const ACCEPTED: SubresourceResponse = { status: 202 };

type Add = NonNullable<Request['addVolumeOptions']>;

/** PUT addvolume and removevolume on VMs and VMIs, as virtctl calls them (KubeVirt 1.9 pkg/virt-api/rest/volumes.go). */
export function hotplugSubresources(cluster: Cluster): Subresource[] {
  const { store } = cluster;

  function onVm(call: SubresourceRequest): SubresourceResponse {
    const request = requestOf(cluster, call);
    const vm = store.get<VirtualMachine>(resources.vms, call.namespace, call.name);
    if (vm === undefined) throw notFound(VM, call.name);
    verify(vm.spec.template.spec?.volumes ?? [], request, (why) => conflict(VM, call.name, why));
    const pending = nextRequests(vm.status?.volumeRequests ?? [], request, (why) => conflict(VM, call.name, why));
    if (isDryRun(request)) return ACCEPTED;
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      if (plugsByRequest(cluster)) draft.status = { ...draft.status, volumeRequests: pending };
      else if (draft.spec.template.spec !== undefined) applyRequest(draft.spec.template.spec, request);
    });
    return ACCEPTED;
  }

  function onVmi(call: SubresourceRequest): SubresourceResponse {
    const request = requestOf(cluster, call);
    const vmi = store.get<VirtualMachineInstance>(resources.vmis, call.namespace, call.name);
    if (vmi === undefined) throw notFound(VMI, call.name);
    const owned = vmi.metadata.ownerReferences?.some(({ kind }) => kind === 'VirtualMachine') === true;
    if (owned && !plugsByRequest(cluster)) {
      throw badRequest(`VMI ${call.namespace ?? ''}/${call.name} is owned by a VM`);
    }
    if (vmi.status?.phase !== 'Running') throw conflict(VMI, call.name, 'VM is not running');
    verify(vmi.spec.volumes ?? [], request, (why) => conflict(VMI, call.name, why));
    if (!isDryRun(request)) changeVolumes(cluster, vmi, (spec) => applyRequest(spec, request));
    return ACCEPTED;
  }

  return [
    // virt-api tells discovery of those of VMIs only (recordings, discovery).
    ['virtualmachines.subresources.kubevirt.io', onVm, true] as const,
    ['virtualmachineinstances.subresources.kubevirt.io', onVmi, false] as const,
  ].flatMap(([resource, handle, untold]) =>
    ['addvolume', 'removevolume'].map((subresource) => ({
      resource,
      subresource,
      methods: ['PUT'],
      untyped: true,
      untold,
      handle: (call: SubresourceRequest) =>
        handle({ ...call, body: { [OPTIONS[subresource] ?? '']: call.body ?? {} } }),
    })),
  );
}

const OPTIONS: Record<string, keyof Request> = {
  addvolume: 'addVolumeOptions',
  removevolume: 'removeVolumeOptions',
};

function requestOf(cluster: Cluster, { body }: SubresourceRequest): Request {
  const request = body as Request;
  if (!plugsByRequest(cluster) && !plugsDeclared(cluster)) {
    const what = request.addVolumeOptions === undefined ? 'Remove' : 'Add';
    throw badRequest(
      cluster.version.minor < 6
        ? `Unable to ${what} Volume because HotplugVolumes feature gate is not enabled.`
        : 'Enable DeclarativeHotplugVolumes or HotplugVolumes feature gate to use this API.',
    );
  }
  const add = request.addVolumeOptions as Partial<Add> | undefined;
  if (add === undefined) {
    if ((request.removeVolumeOptions?.name ?? '') === '')
      throw badRequest('RemoveVolumeOptions requires name to be set');
    return request;
  }
  if ((add.name ?? '') === '') throw badRequest('AddVolumeOptions requires name to be set');
  if (add.disk === undefined) throw badRequest('AddVolumeOptions requires disk to not be nil');
  if (add.volumeSource === undefined) throw badRequest('AddVolumeOptions requires VolumeSource to not be nil');
  return request;
}

/** volumes.go verifyVolumeOption. */
function verify(volumes: readonly Volume[], request: Request, refuse: (why: string) => ApiError): void {
  const { addVolumeOptions: add, removeVolumeOptions: remove } = request;
  if (add !== undefined) {
    const source = add.volumeSource.dataVolume?.name ?? add.volumeSource.persistentVolumeClaim?.claimName ?? '';
    for (const volume of volumes) {
      if (volume.name === add.name) {
        throw refuse(`Unable to add volume [${add.name}] because volume with that name already exists`);
      }
      if (claimOfVolume(volume) === source) {
        throw refuse(`Unable to add volume source [${source}] because it already exists`);
      }
    }
    return;
  }
  const name = remove?.name ?? '';
  const found = volumes.find((volume) => volume.name === name || claimOfVolume(volume) === name);
  if (found === undefined) throw refuse(`Unable to remove volume [${name}] because it does not exist`);
  if (!isHotplugged(found)) throw refuse(`Unable to remove volume [${found.name}] because it is not hotpluggable`);
}

/** volumes.go addAddVolumeRequests, addRemoveVolumeRequests. */
function nextRequests(pending: readonly Request[], request: Request, refuse: (why: string) => ApiError): Request[] {
  const { addVolumeOptions: add, removeVolumeOptions: remove } = request;
  const name = add?.name ?? remove?.name ?? '';
  const adds = (each: Request): boolean => each.addVolumeOptions?.name === name;
  const removes = pending.some((each) => each.removeVolumeOptions?.name === name);
  if (add !== undefined) {
    if (pending.some(adds)) throw refuse(`add volume request for volume [${name}] already exists`);
    if (removes) {
      throw refuse(
        `unable to add volume since a remove volume request for volume [${name}] already exists and is still being processed`,
      );
    }
    return [...pending, request];
  }
  if (removes) {
    throw refuse(`a remove volume request for volume [${name}] already exists and is still being processed`);
  }
  return [...pending.filter((each) => !adds(each)), request];
}

function isDryRun({ addVolumeOptions: add, removeVolumeOptions: remove }: Request): boolean {
  return (add?.dryRun ?? remove?.dryRun ?? []).includes('All');
}
