import { readCni } from '../model/cni.ts';
import type { Evidence, Finding, Subject } from '../model/finding.ts';
import { at } from '../model/finding.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { knownVersion } from '../model/versions/index.ts';
import {
  type AddressRange,
  type Cidr,
  capacityOf,
  contains,
  endsOf,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  parseCidrOrAddress,
  rangeOf,
} from './addresses.ts';
import { rangesOf } from './cni.ts';
import { finding, names } from './finding.ts';
import { addressesOf, networkIn, routedNetworks } from './links.ts';
import type { KnownNetworks } from './request.ts';

/** Which addresses virt-handlers get, and whether they last. */
export interface AddressPlan {
  cidr: string;
  exclude: string[];
  /** Addresses that can be given out, and the first and last of them. */
  usable: number;
  first?: string;
  last?: string;
  /** One for each virt-handler, and for what else is on the network. */
  needed: number;
  /** Wanted on top for nodes to come: as many again, at least eight. */
  headroom: number;
}

/** A network that is in use, and where that stands. */
interface Used {
  what: string;
  cidr: Cidr;
  evidence: Evidence[];
}

const subject: Subject = { kind: 'NetworkAttachmentDefinition', name: 'migration network' };

/**
 * Networks that OVN-Kubernetes uses inside of every node unless it is told otherwise (its join, transit and masquerade
 * subnets; OpenShift networking, "Configuring the OVN-Kubernetes internal subnets").
 */
const OVN_INTERNAL: [string, string][] = [
  ["OVN-Kubernetes' join network", '100.64.0.0/16'],
  ["OVN-Kubernetes' transit network", '100.88.0.0/16'],
  ["OVN-Kubernetes' masquerade network", '169.254.0.0/17'],
];

/** The networks that may not be the migration network's: nodes', pods', services', those that nodes route to, other attachments'. */
export function usedNetworks(
  snapshot: Snapshot,
  known: KnownNetworks,
  own: { name: string; namespace: string; interfaces: readonly string[] },
): Used[] {
  const used: Used[] = [];
  const add = (what: string, text: string, ...evidence: Evidence[]): void => {
    const cidr = parseCidr(text);
    if (cidr !== undefined && !used.some((one) => one.what === what)) used.push({ what, cidr, evidence });
  };
  for (const { what, cidr } of known.networks) add(`${what} ${cidr}`, cidr);
  if (snapshot.versions.openshift) for (const [what, cidr] of OVN_INTERNAL) add(`${what} ${cidr}`, cidr);
  for (const node of itemsOf(snapshot.lists.nodes)) {
    const { podCIDRs = [] } = (node.spec ?? {}) as { podCIDRs?: string[] };
    for (const cidr of podCIDRs)
      add(`the pod network ${cidr} of node ${node.metadata.name}`, cidr, at(node, '.spec.podCIDRs', podCIDRs));
  }
  for (const state of itemsOf(snapshot.lists.nodeNetworkStates)) {
    const network = networkIn(state);
    for (const link of network.links) {
      if (own.interfaces.includes(link.name)) continue;
      for (const { text, cidr } of addressesOf(link)) {
        const version = cidr.bits === 32 ? 'ipv4' : 'ipv6';
        const path = `.status.currentState.interfaces[name=${link.name}].${version}.address`;
        add(`the network ${formatCidr(cidr)} of ${link.name}`, text, at(state, path, link[version]?.address));
      }
    }
    for (const { text, via } of routedNetworks(network)) {
      if (own.interfaces.includes(via)) continue;
      add(
        `the network ${text} that nodes route to through ${via}`,
        text,
        at(state, '.status.currentState.routes.running', network.routes),
      );
    }
  }
  for (const attachment of itemsOf(snapshot.lists.networkAttachments)) {
    const { name, namespace = '' } = attachment.metadata;
    if (name === own.name && namespace === own.namespace) continue;
    for (const { cidr } of rangesOf(readCni(attachment))) {
      add(
        `the range ${formatCidr(cidr)} of network ${namespace}/${name}`,
        formatCidr(cidr),
        at(attachment, '.spec.config', attachment.spec?.config),
      );
    }
  }
  return used;
}

/** What overlaps a network: other networks, and addresses of nodes and pods in it. */
export function overlapFindings(snapshot: Snapshot, cidr: Cidr, used: readonly Used[]): Finding[] {
  const text = formatCidr(cidr);
  const remedy = 'Choose a network with --cidr that nothing in or around the cluster uses.';
  const findings = used
    .filter((one) => overlaps(one.cidr, cidr))
    .map(({ what, evidence }) =>
      finding('range-overlap', 'blocker', subject, `${text} overlaps ${what}`, remedy, ...evidence),
    );
  const inside = itemsOf(snapshot.lists.nodes).flatMap((node) =>
    (node.status?.addresses ?? []).flatMap(({ type, address }) => {
      const parsed = parseAddress(address);
      const path = `.status.addresses[type=${type}].address`;
      return parsed !== undefined && contains(cidr, parsed)
        ? [{ node: node.metadata.name, evidence: at(node, path, address) }]
        : [];
    }),
  );
  if (inside.length > 0) {
    const what = `${text} holds addresses of nodes: of ${names([...new Set(inside.map(({ node }) => node))])}`;
    findings.push(
      finding('range-overlap', 'blocker', subject, what, remedy, ...inside.slice(0, 3).map(({ evidence }) => evidence)),
    );
  }
  // One pod is enough to show it.
  const pod = itemsOf(snapshot.lists.pods).find(({ status }) => {
    const parsed = parseAddress(status?.podIP ?? '');
    return parsed !== undefined && contains(cidr, parsed);
  });
  if (pod !== undefined) {
    const what = `${text} holds addresses of the pod network, such as ${pod.status?.podIP ?? ''} of pod ${pod.metadata.name}`;
    findings.push(
      finding('range-overlap', 'blocker', subject, what, remedy, at(pod, '.status.podIP', pod.status?.podIP)),
    );
  }
  return findings;
}

/** The first of some private networks that overlaps nothing; the mission's is the first. */
export function freeNetwork(snapshot: Snapshot, used: readonly Used[]): string | undefined {
  const candidates = Array.from({ length: 250 }, (_, index) => `10.200.${index + 5}.0/24`);
  return candidates.find((text) => {
    const cidr = parseCidr(text);
    return cidr !== undefined && overlapFindings(snapshot, cidr, used).length === 0;
  });
}

/**
 * Addresses that are needed now: virt-handler's on each node, and from KubeVirt 1.6 on two for
 * virt-synchronization-controller, which is on the network as well (facts/kubevirt.md D7).
 */
export function neededAddresses(snapshot: Snapshot, nodes: number): number {
  const version = knownVersion(snapshot.versions.kubevirt)?.version.kubevirt ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return nodes + (major > 1 || minor >= 6 ? 2 : 0);
}

/** Lays the addresses out. Findings: too few, exclusions that are none. */
export function planAddresses(
  range: { cidr: string; exclude: string[] },
  needed: number,
): { plan: AddressPlan; range: AddressRange | undefined; findings: Finding[] } {
  const headroom = Math.max(8, needed);
  const { cidr, exclude } = range;
  const parsed = parseCidr(cidr);
  if (parsed === undefined) {
    const plan = { cidr, exclude, usable: 0, needed, headroom };
    const what = `${cidr} is not a network such as 10.200.5.0/24`;
    return {
      plan,
      range: undefined,
      findings: [finding('range', 'blocker', subject, what, 'Write it as ADDRESS/LENGTH.')],
    };
  }
  const findings: Finding[] = [];
  const cut = exclude.flatMap((text) => {
    const one = parseCidrOrAddress(text);
    if (one === undefined) {
      findings.push(
        finding(
          'exclude',
          'blocker',
          subject,
          `${text} is neither a network nor an address`,
          'Write it as 10.200.5.0/30 or 10.200.5.1.',
        ),
      );
      return [];
    }
    if (!overlaps(one, parsed)) {
      findings.push(
        finding(
          'exclude',
          'warning',
          subject,
          `${text} is excluded and not in ${cidr} at all`,
          'Leave it out, or correct it.',
        ),
      );
    }
    return [one];
  });
  const given = rangeOf(parsed, cut);
  const usable = Number(capacityOf(given) > 1_000_000_000n ? 1_000_000_000n : capacityOf(given));
  const plan: AddressPlan = { cidr: formatCidr(parsed), exclude, usable, ...endsOf(given), needed, headroom };
  if (usable < needed) {
    const what = `${cidr} has ${usable} addresses to give, and ${needed} are needed now`;
    findings.push(finding('range-too-small', 'blocker', subject, what, 'Use a larger network, or exclude less of it.'));
  } else if (usable < needed + headroom) {
    const what = `${cidr} has ${usable} addresses to give: ${needed} are needed now, ${usable - needed} are left for nodes to come`;
    findings.push(
      finding(
        'range-small',
        'warning',
        subject,
        what,
        'Use a larger network: a virt-handler that gets no address does not start.',
      ),
    );
  }
  return { plan, range: given, findings };
}
