import { itemsOf } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { atVm, blocker, type Check, type Draft, warning } from '../check.ts';
import { refuses } from '../refused.ts';

export const ALLOW_BRIDGE = 'kubevirt.io/allow-pod-bridge-network-live-migration';

/** On the other node the VM gets a pod with another address; only some bindings hide that from the guest. */
export const podNetwork: Check = {
  id: 'network/pod-network',
  title: "The VM's interface on the pod network can migrate",
  source: 'facts/kubevirt.md A4 (InterfaceNotLiveMigratable), E (pod network)',
  needs: ['kubeVirts'],
  run(vm, snapshot): Draft[] {
    const network = vm.spec.networks?.find(({ pod }) => pod !== undefined);
    const interfaces = vm.spec.domain.devices.interfaces ?? [];
    if (network === undefined || interfaces.length === 0) return [];
    const nic = interfaces.find(({ name }) => name === network.name);
    const field = `.spec.domain.devices.interfaces[name=${network.name}]`;
    // KubeVirt takes no network without an interface (pkg/network/admitter/netiface.go, v1.3 to v1.9).
    if (nic === undefined || nic.masquerade !== undefined) return [];
    if (nic.bridge !== undefined) {
      const allowed = annotation(vm) !== undefined;
      if (allowed) {
        return [
          warning(vm, {
            message:
              'it is on the pod network with a bridge, and an annotation lets it migrate all the same: its address changes with the node unless the network keeps it (OVN-Kubernetes does with its own annotation)',
            evidence: atVm(vm, `.metadata.annotations["${ALLOW_BRIDGE}"]`, annotation(vm)),
            remedy:
              'Make sure that the network plug-in keeps the address, or that the guest renews its DHCP lease and nobody depends on the old address.',
          }),
        ];
      }
      if (!refuses('network', vm, snapshot)) return [];
      return [
        blocker(vm, {
          message:
            'it is on the pod network with a bridge, so that the guest has the address of its pod, and that address stays on the node',
          summary: 'it is on the pod network with a bridge',
          evidence: atVm(vm, `${field}.bridge`, nic.bridge),
          remedy: `Move it cold (a restart). To make it migratable, use masquerade instead of bridge; or, if the network keeps addresses, set the annotation ${ALLOW_BRIDGE} in the VM's template. Both need a restart.`,
          allows: 'cold',
        }),
      ];
    }
    if (!refuses('network', vm, snapshot)) return [];
    const plugin = nic.binding?.name;
    if (plugin !== undefined) {
      const known = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration?.network?.binding?.[plugin];
      if (known?.migration !== undefined) return [];
      return [
        blocker(vm, {
          message: `it is on the pod network with the binding plug-in ${plugin}, which ${known === undefined ? 'KubeVirt does not know' : 'is not registered as able to migrate'}`,
          evidence: atVm(vm, `${field}.binding.name`, plugin),
          remedy: `Move it cold (a restart), or use masquerade. If the plug-in can migrate, say so: spec.configuration.network.binding.${plugin}.migration of KubeVirt (HyperConverged: spec.networkBinding).`,
          allows: 'cold',
        }),
      ];
    }
    // Only v1.8 has passt built in, and lets it migrate.
    if (nic.passtBinding !== undefined) return [];
    const binding = Object.keys(nic).find((key) => ['slirp', 'passt', 'macvtap', 'sriov'].includes(key));
    return [
      blocker(vm, {
        message: `it is on the pod network with ${binding ?? 'a binding'} that KubeVirt does not migrate`,
        evidence: atVm(vm, field, nic),
        remedy: 'Move it cold (a restart), or use masquerade for the pod network.',
        allows: 'cold',
      }),
    ];
  },
};

/** The VMI's, else what it would start with. */
function annotation(vm: Vm): string | undefined {
  const metadata = vm.vmi?.metadata ?? (vm.vm?.spec.template.metadata as { annotations?: Record<string, string> });
  return metadata?.annotations?.[ALLOW_BRIDGE];
}
