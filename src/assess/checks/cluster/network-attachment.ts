import { type CniConfig, numberOf } from '../../../model/cni.ts';
import { vmNodesOf } from '../../../model/nodes.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { capacityOf } from '../../../network/addresses.ts';
import { rangesOf } from '../../../network/cni.ts';
import { type MigrationAttachment, migrationAttachmentOf, subjectOfAttachment } from '../../attachment.ts';
import { at, atSetting, blocker, type Check, type Draft, info, warning } from '../../check.ts';

/** Nobody checks the network that the settings name before virt-handler on every node is restarted for it (facts/kubevirt.md D7). */
export const networkAttachment: Check = {
  id: 'network/attachment',
  title: 'The network attachment of the migration network is there and makes sense',
  source:
    'mission: Dedicated Migration Network (steps 2, 3); facts/kubevirt.md D7; facts/anchors.md 6 rows 16, 17, 20, 2 (pain 26)',
  needs: ['networkAttachments', 'kubeVirts', 'nodes'],
  advise(snapshot): Draft[] {
    const attachment = migrationAttachmentOf(snapshot);
    if (attachment === undefined || !snapshot.lists.networkAttachments.known) return [];
    if (attachment.object === undefined) return missing(attachment);
    return lint(attachment, snapshot);
  },
};

function missing(attachment: MigrationAttachment): Draft[] {
  const { setting, namespace, name, elsewhere } = attachment;
  const where = elsewhere.length === 0 ? '' : `; there is one in ${elsewhere.join(', ')}, where it is of no use`;
  return [
    blocker(subjectOfAttachment(attachment), {
      message: `the settings name the migration network ${name}, but namespace ${namespace} has no such NetworkAttachmentDefinition${where}: every virt-handler that is restarted from now on does not start`,
      evidence: [
        atSetting(setting, 'network'),
        at(subjectOfAttachment(attachment), '.metadata.name', undefined),
        ...elsewhere.map((other) =>
          at({ kind: 'NetworkAttachmentDefinition', namespace: other, name }, '.metadata.namespace', other),
        ),
      ],
      remedy: `Create it in ${namespace} - KubeVirt's own namespace, whatever namespace the VMs are in -, or take the setting back; then virt-handler's roll-out goes on.`,
      allows: 'cold',
    }),
  ];
}

function lint(attachment: MigrationAttachment, snapshot: Snapshot): Draft[] {
  const { object, config } = attachment;
  const subject = subjectOfAttachment(attachment);
  const written = at(subject, '.spec.config', object?.spec?.config);
  const name = `network attachment ${attachment.namespace}/${attachment.name}`;
  if (config === undefined) {
    return [
      blocker(subject, {
        message: `${name} is not JSON: no pod can be attached to it`,
        evidence: written,
        remedy: 'Write .spec.config as one JSON object; then virt-handler starts on the migration network.',
        allows: 'cold',
      }),
    ];
  }
  const drafts: Draft[] = [];
  const { ipam } = config;
  if (ipam?.['type'] === undefined) {
    drafts.push(
      blocker(subject, {
        message: `${name} gives no addresses (it has no ipam): virt-handler ends at its start with "no IP found on migration0"`,
        evidence: written,
        remedy: 'Add an ipam of type whereabouts with a range that has an address for every node.',
        allows: 'cold',
      }),
    );
  } else if (ipam['type'] === 'host-local') {
    drafts.push(
      warning(subject, {
        message: `${name} uses the IPAM host-local, which counts on each node for itself: two nodes get the same address, and migrations reach the wrong one`,
        evidence: written,
        remedy: 'Use whereabouts, which counts for the whole cluster.',
      }),
    );
  }
  if (ipam?.['type'] === 'whereabouts') drafts.push(...whereabouts(attachment, config, snapshot));
  if (numberOf(config.plugin['mtu']) === undefined) {
    drafts.push(
      info(subject, {
        message: `${name} sets no mtu: macvlan takes its master's, a Linux bridge 1500, an OVS network 1400 or what OVN-Kubernetes chose`,
        evidence: written,
        remedy:
          'Write the mtu that the whole path has (NIC, VLAN, bridge, switch), 9000 where it can; only then jumbo frames are sure to be used.',
      }),
    );
  }
  return drafts;
}

function whereabouts(attachment: MigrationAttachment, config: CniConfig, snapshot: Snapshot): Draft[] {
  const subject = subjectOfAttachment(attachment);
  const written = at(subject, '.spec.config', attachment.object?.spec?.config);
  const name = `network attachment ${attachment.namespace}/${attachment.name}`;
  const drafts: Draft[] = [];
  const odd = Object.keys(config.ipam ?? {}).filter((key) => /^excludes?(_?[a-z]+)*$/i.test(key) && key !== 'exclude');
  for (const key of odd.sort()) {
    drafts.push(
      warning(subject, {
        message: `${name} excludes addresses with "${key}", which whereabouts does not know and ignores: it hands them out all the same`,
        evidence: written,
        remedy: `Write "exclude": ["..."] - a list - instead of "${key}" (the best-practices text has it wrong).`,
      }),
    );
  }
  const ranges = rangesOf(config);
  if (!snapshot.lists.nodes.known || ranges.length === 0) return drafts;
  const addresses = ranges.reduce((sum, range) => sum + capacityOf(range), 0n);
  const nodes = vmNodesOf(snapshot).length;
  if (addresses < nodes + 1) {
    drafts.push(
      warning(subject, {
        message: `${name} has ${addresses} addresses for ${nodes} nodes: ${addresses < nodes ? 'virt-handler does not start on some of them' : 'there is none to spare while a virt-handler is replaced'}`,
        evidence: written,
        remedy: `Give it a range of at least ${nodes + 1} addresses, better twice as many as there are nodes.`,
      }),
    );
  }
  return drafts;
}
