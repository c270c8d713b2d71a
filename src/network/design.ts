import { FerryError } from '../model/errors.ts';
import type { Finding, Subject } from '../model/finding.ts';
import { subjectOf } from '../model/finding.ts';
import { byName, keyOf } from '../model/memo.ts';
import type { NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import {
  type AddressPlan,
  freeNetwork,
  neededAddresses,
  overlapFindings,
  planAddresses,
  usedNetworks,
} from './address-plan.ts';
import { parseCidr } from './addresses.ts';
import { attachmentFindings, ovsFindings, policyFindings, readable, settingFindings } from './conflicts.ts';
import { type Change, diff } from './diff.ts';
import { finding, sorted } from './finding.ts';
import { linkOf, networkOf } from './links.ts';
import { judgeNode, type NodeVerdict } from './nodes.ts';
import { attachmentOf, interfacesOf, policyOf, type Resolved } from './objects.ts';
import type { KnownNetworks, NetworkRequest } from './request.ts';
import { selectorOf, selects } from './selector.ts';
import { handlerNodes, holderOf, installNamespace, type SettingHolder } from './site.ts';

/** What happens to one object. */
export interface ObjectChange {
  object: Subject;
  action: 'create' | 'change' | 'keep';
  changes: Change[];
}

/** A dedicated migration network, laid out: what it takes, and whether it can be. */
export interface NetworkPlan {
  /** What was asked for, with nothing left open. */
  request: Resolved;
  nodes: NodeVerdict[];
  addresses: AddressPlan;
  policy: NodeNetworkConfigurationPolicy;
  attachment: NetworkAttachmentDefinition;
  setting: SettingHolder;
  changes: ObjectChange[];
  /** About the cluster and the addresses; those about a node are with the node. */
  findings: Finding[];
  /** Whether anything speaks against carrying it out. */
  refused: boolean;
}

/**
 * Lays a dedicated migration network out. The same Snapshot and request give the same plan. Throws FERRY_E_NO_KUBEVIRT
 * where nothing is known of KubeVirt's installation.
 */
export function planNetwork(snapshot: Snapshot, request: NetworkRequest, known: KnownNetworks): NetworkPlan {
  const namespace = installNamespace(snapshot);
  const setting = holderOf(snapshot);
  if (namespace === undefined || setting === undefined) {
    throw new FerryError(
      'FERRY_E_NO_KUBEVIRT',
      'neither HyperConverged nor KubeVirt could be read, so it is not known where the migration network is set',
      'Is KubeVirt installed there, and may you list hyperconvergeds.hco.kubevirt.io and kubevirts.kubevirt.io?',
    );
  }
  const findings: Finding[] = [];
  const { selector, nodes: on } = nodesFor(snapshot, request, findings);
  const networks = on.map((node) => networkOf(snapshot, node));
  const nics = networks.flatMap((network) => (network && linkOf(network, request.interface)) ?? []);
  const mtu =
    request.mtu ?? Math.min(...nics.map((nic) => nic.mtu ?? 1500), nics.length === 0 ? 1500 : Number.POSITIVE_INFINITY);

  const draft: Resolved = {
    interface: request.interface,
    interfaceType: nics.find(({ type }) => type === 'bond')?.type ?? 'ethernet',
    type: request.type,
    ...(request.vlan !== undefined && { vlan: request.vlan }),
    cidr: request.cidr ?? '',
    exclude: request.exclude,
    mtu,
    name: request.name,
    namespace,
    nodeSelector: selector,
    openshift: snapshot.versions.openshift,
  };
  const made = interfacesOf(draft);
  const used = usedNetworks(snapshot, known, {
    name: request.name,
    namespace,
    interfaces: made.slice(1).map(({ name }) => name),
  });
  const cidr = request.cidr ?? freeNetwork(snapshot, used) ?? '';
  const resolved: Resolved = { ...draft, cidr };
  const addresses = planAddresses({ cidr, exclude: request.exclude }, neededAddresses(snapshot, on.length));
  const parsed = parseCidr(cidr);
  findings.push(...addresses.findings, ...(parsed === undefined ? [] : overlapFindings(snapshot, parsed, used)));
  for (const sentence of known.unknown) {
    findings.push(
      finding(
        'networks-unknown',
        'info',
        subjectOf({ kind: setting.kind, metadata: setting }),
        sentence,
        `Make sure yourself that ${cidr} is no network of the cluster.`,
      ),
    );
  }

  const policy = policyOf(resolved);
  const attachment = attachmentOf({ ...resolved, cidr: addresses.plan.cidr });
  const nodes = on.map((node) => judgeNode(snapshot, node, request, made));
  findings.push(
    ...policyFindings(snapshot, policy, made),
    ...attachmentFindings(snapshot, attachment, setting),
    ...settingFindings(snapshot, setting),
    ...ovsFindings(snapshot, resolved, setting),
  );
  const all = sorted(findings);
  return {
    request: { ...resolved, cidr: addresses.plan.cidr },
    nodes,
    addresses: addresses.plan,
    policy,
    attachment,
    setting,
    changes: changesOf(snapshot, policy, attachment, setting),
    findings: all,
    refused: [...all, ...nodes.flatMap((node) => node.findings)].some(({ severity }) => severity === 'blocker'),
  };
}

function nodesFor(
  snapshot: Snapshot,
  request: NetworkRequest,
  findings: Finding[],
): { selector: Record<string, string>; nodes: string[] } {
  const all = itemsOf(snapshot.lists.nodes);
  const handlers = handlerNodes(snapshot);
  const subject: Subject = { kind: 'DaemonSet', name: 'virt-handler' };
  if (handlers.length === 0) {
    findings.push(
      finding(
        'no-handlers',
        'blocker',
        subject,
        'virt-handler runs on no node',
        'Look at KubeVirt first: `ferry diagnose`.',
      ),
    );
  }
  if (request.nodeSelector === undefined) {
    const own = itemsOf(snapshot.lists.daemonSets)[0]?.spec?.template?.spec?.nodeSelector;
    const selector = selectorOf(all, handlers, own);
    if (selector !== undefined) return { selector, nodes: handlers };
    findings.push(
      finding(
        'no-selector',
        'blocker',
        subject,
        `no usual label is on exactly the ${handlers.length} nodes that virt-handler runs on, so it is not clear which nodes the policy is for`,
        'Say it with --node-selector KEY=VALUE.',
      ),
    );
    return { selector: {}, nodes: handlers };
  }
  const selector = request.nodeSelector;
  const nodes = all
    .filter((node) => selects(selector, node))
    .map(({ metadata }) => metadata.name)
    .sort();
  const without = handlers.filter((name) => !nodes.includes(name));
  if (without.length > 0) {
    findings.push(
      finding(
        'nodes-left-out',
        'blocker',
        { kind: 'Node', name: without[0] ?? '' },
        `virt-handler runs on ${without.join(', ')} as well, which the selector leaves out: there it would hang in ContainerCreating`,
        'Select all nodes that virt-handler runs on: the network is for all of them or for none.',
      ),
    );
  }
  return { selector, nodes };
}

/** What would happen to the policy, the attachment and the setting, in the order of the writes. */
export function changesOf(
  snapshot: Snapshot,
  policy: NodeNetworkConfigurationPolicy,
  attachment: NetworkAttachmentDefinition,
  setting: SettingHolder,
): ObjectChange[] {
  const policies = byName(itemsOf(snapshot.lists.nodeNetworkPolicies));
  const attachments = byName(itemsOf(snapshot.lists.networkAttachments));
  const { name, namespace } = attachment.metadata;
  const before = setting.value;
  const same = before === name || before === `${namespace}/${name}`;
  return [
    changeOf(policies.get(policy.metadata.name)?.spec, policy.spec, subjectOf(policy)),
    changeOf(
      ((present) => present && readable(present))(attachments.get(keyOf(namespace, name))),
      readable(attachment),
      subjectOf(attachment),
    ),
    {
      object: subjectOf({ kind: setting.kind, metadata: setting }),
      action: same ? 'keep' : 'change',
      changes: same ? [] : [{ path: `.${setting.path.join('.')}`, before, after: name }],
    },
  ];
}

function changeOf(before: unknown, after: unknown, object: Subject): ObjectChange {
  if (before === undefined) return { object, action: 'create', changes: [] };
  const changes = diff(before, after, '.spec');
  return { object, action: changes.length === 0 ? 'keep' : 'change', changes };
}
