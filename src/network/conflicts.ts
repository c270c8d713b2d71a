import { readCni } from '../model/cni.ts';
import type { Finding } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import { byName, keyOf } from '../model/memo.ts';
import type { NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { diff } from './diff.ts';
import { finding } from './finding.ts';
import type { Link } from './links.ts';
import type { Resolved } from './objects.ts';
import type { SettingHolder } from './site.ts';

// What is in the cluster already and does not go together with a plan.

/** Other policies that configure the same interfaces: the one that was applied last wins. */
export function policyFindings(
  snapshot: Snapshot,
  policy: NodeNetworkConfigurationPolicy,
  made: readonly Link[],
): Finding[] {
  const findings: Finding[] = [];
  for (const other of itemsOf(snapshot.lists.nodeNetworkPolicies)) {
    const theirs = (other.spec?.desiredState?.['interfaces'] as Link[] | undefined) ?? [];
    if (other.metadata.name === policy.metadata.name) {
      if (other.metadata.labels?.['app.kubernetes.io/managed-by'] !== 'ferry') {
        findings.push(
          finding(
            'policy-exists',
            'warning',
            subjectOf(other),
            `policy ${other.metadata.name} is there already, and Ferry did not make it; it would be changed, and what it configured beyond the plan would stay on the nodes`,
            'Compare them below, or choose another name with --name.',
            at(other, '.metadata.name', other.metadata.name),
          ),
        );
      }
      continue;
    }
    for (const link of theirs) {
      const mine = made.find(({ name }) => name === link.name);
      if (mine === undefined) continue;
      const differs =
        link.state === 'absent' || (link.mtu !== undefined && mine.mtu !== undefined && link.mtu !== mine.mtu);
      findings.push(
        finding(
          'policy-conflict',
          differs ? 'blocker' : 'warning',
          subjectOf(other),
          `policy ${other.metadata.name} configures ${link.name} as well${differs ? `, and wants it otherwise (${link.state === 'absent' ? 'absent' : `MTU ${link.mtu ?? ''}`})` : ''}; NMState applies whichever changed last`,
          'Take the interface out of that policy, or give the plan another interface.',
          at(other, '.spec.desiredState.interfaces', theirs),
        ),
      );
    }
  }
  return findings;
}

export function attachmentFindings(
  snapshot: Snapshot,
  wanted: NetworkAttachmentDefinition,
  setting: SettingHolder,
): Finding[] {
  const { name, namespace } = wanted.metadata;
  const present = byName(itemsOf(snapshot.lists.networkAttachments)).get(keyOf(namespace, name));
  if (present === undefined || diff(readable(present), readable(wanted)).length === 0) return [];
  const inForce = setting.value === name || setting.value === `${namespace}/${name}`;
  return [
    finding(
      inForce ? 'attachment-in-use' : 'attachment-exists',
      inForce ? 'blocker' : 'warning',
      subjectOf(present),
      inForce
        ? `network ${name} is the migration network now; changing it under the virt-handlers would restart none of them, and half of them would be on the old network after the next restart`
        : `network ${name} is there already and would be changed`,
      inForce
        ? 'Take it out of use first (`ferry network remove`), or build the new one beside it with --name.'
        : 'Compare them below, or choose another name with --name.',
      at(present, '.spec.config', present.spec?.config),
    ),
  ];
}

export function settingFindings(snapshot: Snapshot, setting: SettingHolder): Finding[] {
  const findings: Finding[] = [];
  const holder = itemsOf(snapshot.lists.hyperConvergeds)[0];
  const patch = holder?.metadata.annotations?.['kubevirt.kubevirt.io/jsonpatch'];
  if (holder !== undefined && patch?.includes('/spec/configuration/migrations') === true && patch.includes('network')) {
    findings.push(
      finding(
        'setting-overridden',
        'blocker',
        subjectOf(holder),
        'a jsonpatch annotation of HyperConverged sets the migration network and overrides whatever is set in its spec',
        'Take it out of the annotation first.',
        at(holder, '.metadata.annotations["kubevirt.kubevirt.io/jsonpatch"]', patch),
      ),
    );
  }
  if (setting.value !== undefined) {
    findings.push(
      finding(
        'setting-exists',
        'info',
        subjectOf({ kind: setting.kind, metadata: setting }),
        `migrations use network ${setting.value} now`,
        'Its objects stay; `ferry network remove` takes them away once nothing uses them.',
        at(subjectOf({ kind: setting.kind, metadata: setting }), `.${setting.path.join('.')}`, setting.value),
      ),
    );
  }
  return findings;
}

/** ovs-cni's marker tells nodes' bridges as resources (`ovs-cni.network.kubevirt.io/BRIDGE`). */
export function ovsFindings(snapshot: Snapshot, { type }: Resolved, setting: SettingHolder): Finding[] {
  if (type !== 'ovs') return [];
  const marked = itemsOf(snapshot.lists.nodes).some(({ status }) =>
    Object.keys(status?.allocatable ?? {}).some((name) => name.startsWith('ovs-cni.network.kubevirt.io/')),
  );
  if (marked) return [];
  const how =
    'Choose --type macvlan or bridge, or have HyperConverged deploy it: `oc annotate hyperconverged -n NAMESPACE NAME deployOVS=true`.';
  const subject = subjectOf({ kind: setting.kind, metadata: setting });
  return [
    finding(
      'ovs-cni',
      'warning',
      subject,
      'no node shows an OVS bridge as a resource, so ovs-cni, which --type ovs needs, is probably not deployed',
      how,
    ),
  ];
}

/** A network with its configuration as it is meant, whatever its spaces. */
export function readable(attachment: NetworkAttachmentDefinition): unknown {
  const config = readCni(attachment);
  return config.broken === undefined ? { config: config.plugin } : { config: attachment.spec?.config };
}
