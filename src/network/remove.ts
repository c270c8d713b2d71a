import { hostInterfaceOf, readCni } from '../model/cni.ts';
import type { Finding } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import { byName, keyOf } from '../model/memo.ts';
import type { NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { formatCidr } from './addresses.ts';
import { rangesOf } from './cni.ts';
import { finding, names, sorted } from './finding.ts';
import { type Journal, STEPS } from './journal.ts';
import { below, networkOf } from './links.ts';
import { hostnameOf } from './selector.ts';
import { handlerNodes, holderOf, installNamespace, isHandler, NETWORKS } from './site.ts';
import { desiredLinks, linksBefore } from './undo-policy.ts';

/** How a migration network is taken away. */
export interface Removal {
  journal: Journal;
  /** What happens, a sentence each, in order. */
  said: string[];
  findings: Finding[];
  refused: boolean;
}

/** Of a network that Ferry built: what its journal says. */
export function removalOfRun(snapshot: Snapshot, journal: Journal): Removal {
  const begun = journal.state === 'applied' ? [...STEPS] : journal.begun;
  return removal(snapshot, { ...journal, begun });
}

/** Of a network that somebody else built: what can be told from the objects. Undefined where none is set. */
export function removalByObjects(snapshot: Snapshot, run: string): Removal | undefined {
  const holder = holderOf(snapshot);
  const namespace = installNamespace(snapshot) ?? '';
  if (holder?.value === undefined) return undefined;
  const { value, ...setting } = holder;
  const key = value.includes('/') ? value : keyOf(namespace, value);
  const attachment = byName(itemsOf(snapshot.lists.networkAttachments)).get(key);
  const config = attachment && readCni(attachment);
  const host = config && hostInterfaceOf(config);
  const nodes = handlerNodes(snapshot);
  const policy = policyFor(snapshot, host, nodes);
  const desired = policy === undefined ? [] : desiredLinks(policy);
  const hardware = desired.filter(({ type }) => type === 'ethernet' || type === 'bond');
  const all = byName(itemsOf(snapshot.lists.nodes));
  const [range] = config === undefined ? [] : rangesOf(config);
  const [at0 = '', name0 = ''] = key.split('/');
  const journal: Journal = {
    version: 1,
    run,
    state: 'undoing',
    namespace,
    cidr: range === undefined ? '' : formatCidr(range.cidr),
    policy: policy ?? {
      apiVersion: 'nmstate.io/v1',
      kind: 'NodeNetworkConfigurationPolicy',
      metadata: { name: '' },
    },
    attachment: attachment ?? {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: name0, namespace: at0 },
    },
    setting,
    network: value,
    nodes,
    hostnames: Object.fromEntries(
      nodes.map((node) => [node, ((one) => (one === undefined ? node : hostnameOf(one)))(all.get(node))]),
    ),
    canary: nodes[0] ?? '',
    // What NICs were before is not known: they stay as they are.
    before: {
      policy: null,
      attachment: null,
      network: null,
      links: Object.fromEntries(nodes.map((node) => [node, linksBefore(networkOf(snapshot, node), hardware)])),
    },
    begun: [...(policy === undefined ? [] : (['canary', 'policy'] as const)), 'attachment', 'setting', 'rollout'],
    done: [],
  };
  return removal(snapshot, journal);
}

/** The policy that makes the host's interface and nothing beside what lies under it. */
function policyFor(
  snapshot: Snapshot,
  host: string | undefined,
  nodes: readonly string[],
): NodeNetworkConfigurationPolicy | undefined {
  if (host === undefined) return undefined;
  const network = nodes.map((node) => networkOf(snapshot, node)).find((one) => one !== undefined);
  const under = network === undefined ? new Set([host]) : below(network, host);
  return itemsOf(snapshot.lists.nodeNetworkPolicies).find((policy) => {
    const links = desiredLinks(policy);
    return links.some(({ name }) => name === host) && links.every(({ name }) => under.has(name));
  });
}

function removal(snapshot: Snapshot, journal: Journal): Removal {
  const { setting, before, attachment, policy, begun } = journal;
  const { name, namespace = '' } = attachment.metadata;
  const said: string[] = [];
  if (begun.includes('setting')) {
    said.push(
      `${setting.kind} ${setting.name}: migrations over ${before.network ?? 'the pod network'}; every virt-handler is replaced`,
    );
  }
  if (begun.includes('attachment'))
    said.push(`network ${namespace}/${name} ${before.attachment === null ? 'deleted' : 'as it was'}`);
  if (begun.includes('canary')) {
    const gone = desiredLinks(policy).filter(
      (link) => !Object.values(before.links).some((links) => links.some((one) => one.name === link.name)),
    );
    const what = gone.map((link) => link.name).join(', ');
    said.push(
      `${what === '' ? '' : `${what} removed from the nodes, `}the NIC as it was, policy ${policy.metadata.name} ${before.policy === null ? 'deleted' : 'as it was'}`,
    );
  }
  const findings = sorted([...usersOfAttachment(snapshot, journal), ...usersOfInterfaces(snapshot, journal)]);
  return { journal, said, findings, refused: findings.some(({ severity }) => severity === 'blocker') };
}

/** Pods other than virt-handler that are on the network. */
function usersOfAttachment(snapshot: Snapshot, { attachment, before }: Journal): Finding[] {
  const { name, namespace = '' } = attachment.metadata;
  if (before.attachment !== null) return [];
  const users = itemsOf(snapshot.lists.pods).filter((pod) => {
    // KubeVirt's own components leave it by themselves.
    if (isHandler(pod) || pod.metadata.labels?.['kubevirt.io'] === 'virt-synchronization-controller') return false;
    const text = pod.metadata.annotations?.[NETWORKS] ?? '';
    const own = pod.metadata.namespace === namespace;
    return (
      text.includes(`${namespace}/${name}`) || (own && text.split(',').some((one) => one.trim().split('@')[0] === name))
    );
  });
  const [first] = users;
  if (first === undefined) return [];
  const who = names(users.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`));
  return [
    finding(
      'attachment-used',
      'blocker',
      subjectOf(attachment),
      `pods other than virt-handler are on network ${name}: ${who}`,
      'Take them off it first.',
      at(first, `.metadata.annotations["${NETWORKS}"]`, first.metadata.annotations?.[NETWORKS]),
    ),
  ];
}

/** Other networks that stand on the interfaces that would go. */
function usersOfInterfaces(snapshot: Snapshot, { policy, attachment, before }: Journal): Finding[] {
  const kept = new Set(Object.values(before.links).flatMap((links) => links.map(({ name }) => name)));
  const gone = new Set(desiredLinks(policy).flatMap(({ name }) => (kept.has(name) ? [] : [name])));
  return itemsOf(snapshot.lists.networkAttachments)
    .filter(
      ({ metadata }) =>
        keyOf(metadata.namespace, metadata.name) !== keyOf(attachment.metadata.namespace, attachment.metadata.name),
    )
    .flatMap((other) => {
      const host = hostInterfaceOf(readCni(other));
      if (host === undefined || !gone.has(host)) return [];
      return [
        finding(
          'interface-used',
          'blocker',
          subjectOf(other),
          `network ${other.metadata.namespace ?? ''}/${other.metadata.name} stands on ${host}, which would be removed`,
          'Move it to another interface first.',
          at(other, '.spec.config', other.spec?.config),
        ),
      ];
    });
}
