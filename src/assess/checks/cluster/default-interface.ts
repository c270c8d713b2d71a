import { hostInterfaceOf } from '../../../model/cni.ts';
import type { NodeNetworkConfigurationPolicy } from '../../../model/objects.ts';
import { itemsOf, type Snapshot } from '../../../model/snapshot.ts';
import { interfacesOf, migrationAttachmentOf, onDefaultBridge } from '../../attachment.ts';
import { at, atSetting, type Check, type Draft, warning } from '../../check.ts';
import { some } from '../../text.ts';

/** OVN-Kubernetes has the default interface under br-ex; bridges and bonds can't have it, too. */
export const defaultInterface: Check = {
  id: 'network/default-interface',
  title: 'The migration network leaves the default interface to OVN-Kubernetes',
  source: 'mission: Known Issues (OVN-Kubernetes CNI); facts/anchors.md 6 rows 16, 23, 5.2 (least blast radius)',
  needs: ['nodeNetworkStates', 'networkAttachments', 'nodeNetworkPolicies', 'kubeVirts'],
  advise: (snapshot) => [
    ...attachmentOn(snapshot),
    ...itemsOf(snapshot.lists.nodeNetworkPolicies).flatMap((policy) => policyOn(policy, snapshot)),
  ],
};

function attachmentOn(snapshot: Snapshot): Draft[] {
  const attachment = migrationAttachmentOf(snapshot);
  const base = attachment?.config === undefined ? undefined : hostInterfaceOf(attachment.config);
  if (attachment === undefined || base === undefined) return [];
  const found = [...interfacesOf(snapshot)].flatMap(([node, interfaces]) => {
    const taken = onDefaultBridge(base, interfaces);
    return taken === undefined ? [] : [{ node, taken }];
  });
  const [first] = found;
  if (first === undefined) return [];
  const subject = { kind: 'NetworkAttachmentDefinition', namespace: attachment.namespace, name: attachment.name };
  return [
    warning(subject, {
      message: `the migration network stands on ${base}, which carries the cluster network on ${some(found.map(({ node }) => node).sort(), 3)}${first.taken === base ? '' : ` (through ${first.taken})`}: migrations share the link with everything else, and OVN-Kubernetes owns it`,
      evidence: [
        atSetting(attachment.setting, 'network'),
        at(subject, '.spec.config', attachment.object?.spec?.config),
        at(
          { kind: 'NodeNetworkState', name: first.node },
          `.status.currentState.interfaces[name=${first.taken}].controller`,
          interfacesOf(snapshot)
            .get(first.node)
            ?.find(({ name }) => name === first.taken)?.['controller'],
        ),
      ],
      remedy:
        "Use another NIC, or at least a VLAN of one, for migrations. (The text's way out, OpenShift SDN, is gone from current releases.)",
    }),
  ];
}

interface Wanted {
  name?: string;
  type?: string;
  bridge?: { port?: { name?: string }[] };
  'link-aggregation'?: { port?: (string | { name?: string })[] };
}

function policyOn(policy: NodeNetworkConfigurationPolicy, snapshot: Snapshot): Draft[] {
  const wanted = (policy.spec?.desiredState?.['interfaces'] ?? []) as Wanted[];
  return wanted.flatMap((one): Draft[] => {
    if (one.type !== 'linux-bridge' && one.type !== 'bond') return [];
    const ports = [
      ...(one.bridge?.port ?? []).map(({ name }) => name),
      ...(one['link-aggregation']?.port ?? []).map((port) => (typeof port === 'string' ? port : port.name)),
    ].filter((name) => name !== undefined);
    for (const port of ports) {
      for (const [node, interfaces] of interfacesOf(snapshot)) {
        if (onDefaultBridge(port, interfaces) !== port) continue;
        return [
          warning(
            { kind: 'NodeNetworkConfigurationPolicy', name: policy.metadata.name },
            {
              message: `policy ${policy.metadata.name} puts ${port} into the ${one.type === 'bond' ? 'bond' : 'Linux bridge'} ${one.name ?? ''}, but on ${node} it is the default interface under OVN-Kubernetes' br-ex: the node would lose the cluster network, and NMState takes the change back`,
              evidence: [
                at(policy, '.metadata.name', policy.metadata.name),
                at(
                  { kind: 'NodeNetworkState', name: node },
                  `.status.currentState.interfaces[name=${port}].controller`,
                  interfaces.find(({ name }) => name === port)?.['controller'],
                ),
              ],
              remedy: 'Use another NIC for the bridge or the bond; where there is none, an OVS localnet on br-ex.',
            },
          ),
        ];
      }
    }
    return [];
  });
}
