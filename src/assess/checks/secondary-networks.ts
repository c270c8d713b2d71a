import { byName, keyOf, perSnapshot } from '../../model/memo.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft, info } from '../check.ts';

const attachmentsOf = perSnapshot((snapshot) => byName(itemsOf(snapshot.lists.networkAttachments)));

/** The networks of a VM that Multus attaches, with `namespace/name` of their definitions. */
export function secondaryNetworksOf({ spec, namespace }: Vm): { name: string; attachment: string }[] {
  return (spec.networks ?? []).flatMap(({ name, multus }) => {
    const wanted = multus?.networkName ?? '';
    if (wanted === '') return [];
    return [{ name, attachment: wanted.includes('/') ? wanted : keyOf(namespace, wanted) }];
  });
}

export function attachmentOf(attachment: string, snapshot: Snapshot) {
  return attachmentsOf(snapshot).get(attachment);
}

/** The target pod is attached anew: what a definition said when the VM started does not help any more. */
export const secondaryNetworks: Check = {
  id: 'network/secondary-networks',
  title: 'The definitions of its secondary networks exist',
  source: 'facts/kubevirt.md E (secondary networks), D7; facts/anchors.md 2 (pain 5)',
  needs: ['networkAttachments'],
  run(vm, snapshot): Draft[] {
    const networks = secondaryNetworksOf(vm);
    if (networks.length === 0) return [];
    const interfaces = vm.spec.domain.devices.interfaces ?? [];
    return networks.flatMap(({ name, attachment }): Draft[] => {
      const found: Draft[] = [];
      if (isRead(attachment, snapshot) && attachmentOf(attachment, snapshot) === undefined) {
        found.push(
          blocker(vm, {
            message: `its network ${name} is defined by the NetworkAttachmentDefinition ${attachment}, which does not exist: its pod on the target would never start`,
            summary: `network ${name}: ${attachment} does not exist`,
            evidence: atVm(
              vm,
              `.spec.networks[name=${name}].multus.networkName`,
              vm.spec.networks?.find((network) => network.name === name)?.multus?.networkName,
            ),
            remedy:
              'Create the NetworkAttachmentDefinition again, as it was when the VM started, or take the network away from the VM.',
            allows: 'nothing',
          }),
        );
      }
      const nic = interfaces.find((candidate) => candidate.name === name);
      if (nic?.sriov !== undefined && vm.running) {
        const definition = attachmentOf(attachment, snapshot);
        const resource = definition?.metadata.annotations?.['k8s.v1.cni.cncf.io/resourceName'];
        found.push(
          info(vm, {
            message: `its interface ${name} is an SR-IOV device: it is unplugged from the guest while the VM migrates and plugged in again on the target, so this network is down meanwhile`,
            evidence: [
              atVm(vm, `.spec.domain.devices.interfaces[name=${name}].sriov`, nic.sriov),
              ...(definition === undefined || resource === undefined
                ? []
                : [at(definition, '.metadata.annotations["k8s.v1.cni.cncf.io/resourceName"]', resource)]),
            ],
            remedy:
              nic.macAddress === undefined
                ? 'Set macAddress on the interface, so that the guest takes the device on the target for the same one; in the guest, bond it with a virtio interface if the network must not go down.'
                : 'In the guest, bond it with a virtio interface if the network must not go down.',
          }),
        );
      }
      return found;
    });
  },
};

/** Whether the definitions of that namespace are in the Snapshot, so that one that is not there does not exist. */
function isRead(attachment: string, { lists, namespaces }: Snapshot): boolean {
  if (!lists.networkAttachments.known) return false;
  return namespaces.length === 0 || namespaces.includes(attachment.split('/')[0] ?? '');
}
