import type { Evidence, Finding, Subject } from '../model/finding.ts';
import { at } from '../model/finding.ts';
import type { Node } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { finding } from './finding.ts';
import {
  addressesOf,
  below,
  defaultRouteInterfaces,
  type Link,
  linkOf,
  type NodeNetwork,
  networkOf,
  portsOf,
} from './links.ts';
import type { NetworkRequest } from './request.ts';
import { isReadyNode } from './site.ts';

/** What one node's NIC is, and whether the network can be built on it. */
export interface NodeVerdict {
  node: string;
  verdict: 'ready' | 'refused';
  /** What NMState shows of it; absent where there is none of that name. */
  nic?: { type: string; state: string; mtu?: number; maxMtu?: number; speedMbps?: number };
  findings: Finding[];
}

/** The smallest MTU that is a jumbo frame's in the mission's sense, bytes. */
const JUMBO = 9000;

/** Looks at the NIC of a node that virt-handler runs on. `made`: interfaces that the plan makes itself. */
export function judgeNode(
  snapshot: Snapshot,
  name: string,
  request: NetworkRequest,
  made: readonly Link[],
): NodeVerdict {
  const findings: Finding[] = [];
  const node = itemsOf(snapshot.lists.nodes).find(({ metadata }) => metadata.name === name);
  const network = networkOf(snapshot, name);
  const link = network && linkOf(network, request.interface);
  if (node !== undefined && !isReadyNode(node)) findings.push(notReady(node));
  if (network === undefined) findings.push(unknownNode(name));
  else if (link === undefined) findings.push(missing(network, request.interface));
  else findings.push(...nicFindings(network, link, request, made));
  const speed = link?.ethernet?.speed;
  return {
    node: name,
    verdict: findings.some(({ severity }) => severity === 'blocker') ? 'refused' : 'ready',
    ...(link !== undefined && {
      nic: {
        type: link.type ?? 'unknown',
        state: link.state ?? 'unknown',
        ...(link.mtu !== undefined && { mtu: link.mtu }),
        ...(link['max-mtu'] !== undefined && { maxMtu: link['max-mtu'] }),
        ...(speed !== undefined && { speedMbps: speed }),
      },
    }),
    findings,
  };
}

const subject = (node: string): Subject => ({ kind: 'Node', name: node });
const state = (node: string): Subject => ({ kind: 'NodeNetworkState', name: node });
const field = (name: string, rest: string): string => `.status.currentState.interfaces[name=${name}]${rest}`;

function notReady(node: Node): Finding {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  return finding(
    'node-not-ready',
    'blocker',
    subject(node.metadata.name),
    `node ${node.metadata.name} is not ready, so NMState would not configure it and its virt-handler would not be replaced`,
    'Bring the node back, or take it out of the cluster; then plan again.',
    at(node, '.status.conditions[type=Ready].status', ready?.status ?? null),
  );
}

function unknownNode(node: string): Finding {
  return finding(
    'node-unknown',
    'blocker',
    subject(node),
    `nothing is known of the network of node ${node}: NMState does not show it`,
    'Install the Kubernetes NMState Operator, or ask for the right to list nodenetworkstates.nmstate.io.',
  );
}

function missing(network: NodeNetwork, nic: string): Finding {
  const free = network.links
    .filter((one) => one.type === 'ethernet' && one.controller === undefined && addressesOf(one).length === 0)
    .map(({ name }) => name);
  const others = free.length === 0 ? 'no NIC of it is free' : `its free NICs are ${free.join(', ')}`;
  return finding(
    'nic-missing',
    'blocker',
    subject(network.node),
    `node ${network.node} has no interface ${nic}; ${others}`,
    'Name an interface that every node with virt-handler has, or leave the node out with --node-selector.',
    at(state(network.node), field(nic, '.name'), null),
  );
}

function nicFindings(network: NodeNetwork, link: Link, request: NetworkRequest, made: readonly Link[]): Finding[] {
  const { node } = network;
  const findings: Finding[] = [];
  const name = link.name;
  const say = (
    check: string,
    severity: Finding['severity'],
    message: string,
    remedy: string,
    path: string,
    value: unknown,
  ): void => void findings.push(finding(check, severity, subject(node), message, remedy, at(state(node), path, value)));
  const other = 'Use a NIC, or a bond, that nothing else stands on.';

  const route = defaultRouteInterfaces(network).find((via) => below(network, via).has(name));
  const mapping = network.mappings.find(({ bridge }) => bridge !== undefined && below(network, bridge).has(name));
  if (route !== undefined) {
    say(
      'nic-default-route',
      'blocker',
      `${name} of node ${node} carries the default route (through ${route}); OVN-Kubernetes does not let the interface under br-ex be given to another bridge or VLAN, and NMState rolls such a change back when the node loses its gateway`,
      other,
      field(name, link.controller === undefined ? '.name' : '.controller'),
      link.controller ?? name,
    );
  } else if (mapping !== undefined) {
    say(
      'nic-ovn-bridge',
      'blocker',
      `${name} of node ${node} is under bridge ${mapping.bridge}, which OVN-Kubernetes maps to physical network ${mapping.localnet}`,
      other,
      `.status.currentState.ovn["bridge-mappings"]`,
      network.mappings,
    );
  } else if (link.controller !== undefined && !made.some((one) => one.name === link.controller)) {
    say(
      'nic-in-use',
      'blocker',
      `${name} of node ${node} is a port of ${link.controller}`,
      `Use ${link.controller} itself if it is a bond, or a NIC that nothing else stands on.`,
      field(name, '.controller'),
      link.controller,
    );
  }
  if (link.type !== 'ethernet' && link.type !== 'bond') {
    say(
      'nic-type',
      'blocker',
      `${name} of node ${node} is of type ${link.type ?? 'unknown'}, not a NIC or a bond`,
      'Name the NIC or bond under it; Ferry makes the VLAN or bridge itself.',
      field(name, '.type'),
      link.type ?? null,
    );
  }
  if (link.ethernet?.speed === 0) {
    say(
      'nic-no-carrier',
      'blocker',
      `${name} of node ${node} has no link: no cable, or the switch port is off`,
      'Connect it, then plan again.',
      field(name, '.ethernet.speed'),
      0,
    );
  } else if (link.state !== 'up') {
    say(
      'nic-down',
      'warning',
      `${name} of node ${node} is ${link.state ?? 'not up'}; the policy brings it up, and whether it has a link is seen only then`,
      'Make sure that it is connected.',
      field(name, '.state'),
      link.state ?? null,
    );
  }
  findings.push(...sharing(network, link, request, made), ...tooLarge(node, link, request));
  if (!findings.some(({ severity }) => severity === 'blocker')) findings.push(...jumbo(node, link, request));
  return findings;
}

const most = (node: string, link: Link): Evidence => at(state(node), field(link.name, '["max-mtu"]'), link['max-mtu']);

function tooLarge(node: string, link: Link, { mtu }: NetworkRequest): Finding[] {
  const limit = link['max-mtu'];
  if (mtu === undefined || limit === undefined || mtu <= limit) return [];
  const message = `${link.name} of node ${node} can do an MTU of ${limit} at most, not ${mtu}`;
  return [
    finding('nic-mtu', 'blocker', subject(node), message, `Use --mtu ${limit} or less on all nodes.`, most(node, link)),
  ];
}

function jumbo(node: string, link: Link, { mtu }: NetworkRequest): Finding[] {
  const limit = link['max-mtu'];
  if (mtu !== undefined || limit === undefined || limit < JUMBO || (link.mtu ?? 0) >= JUMBO) return [];
  const message = `${link.name} of node ${node} could do jumbo frames, and keeps its MTU of ${link.mtu ?? 'unknown'}`;
  const remedy = 'Once the switches let them through, plan with --mtu 9000.';
  return [finding('jumbo-frames', 'info', subject(node), message, remedy, most(node, link))];
}

/** What else uses the NIC: addresses, VLANs, and names that the plan wants for itself. */
function sharing(network: NodeNetwork, link: Link, request: NetworkRequest, made: readonly Link[]): Finding[] {
  const { node } = network;
  const { interface: nic, vlan, type, mtu } = request;
  const findings: Finding[] = [];
  const addresses = addressesOf(link).map(({ text }) => text);
  if (addresses.length > 0) {
    const enslaved = type !== 'macvlan' && (vlan === undefined || type === 'ovs');
    const raised = mtu !== undefined && mtu !== link.mtu;
    const what = enslaved
      ? 'it would lose them as the port of a bridge'
      : `something else uses it, and migrations will share the link${raised ? ` and the new MTU of ${mtu}` : ''}`;
    findings.push(
      finding(
        'nic-has-addresses',
        enslaved ? 'blocker' : 'warning',
        subject(node),
        `${nic} of node ${node} has addresses of its own (${addresses.join(', ')}): ${what}`,
        'Use a NIC of its own for migrations, or --type macvlan with a VLAN of its own.',
        at(
          state(node),
          field(nic, link.ipv4?.address?.length ? '.ipv4.address' : '.ipv6.address'),
          link.ipv4?.address?.length ? link.ipv4.address : link.ipv6?.address,
        ),
      ),
    );
  }
  for (const one of network.links) {
    const mine = made.find(({ name }) => name === one.name && name !== nic);
    if (mine !== undefined && !sameLink(mine, one)) {
      findings.push(
        finding(
          'name-taken',
          'blocker',
          subject(node),
          `node ${node} has another interface ${one.name} already (${describe(one)}), where the plan would make ${describe(mine)}`,
          'Remove it with the policy that made it, or choose another NIC or VLAN.',
          at(state(node), field(one.name, '.type'), one.type),
        ),
      );
    } else if (
      mine === undefined &&
      vlan !== undefined &&
      one.type === 'vlan' &&
      one.vlan?.['base-iface'] === nic &&
      one.vlan.id === vlan
    ) {
      findings.push(
        finding(
          'vlan-taken',
          'blocker',
          subject(node),
          `VLAN ${vlan} of ${nic} is used already on node ${node}, by interface ${one.name}`,
          'Use a VLAN of its own for migrations.',
          at(state(node), field(one.name, '.vlan'), one.vlan),
        ),
      );
    }
  }
  return findings;
}

/** Whether an interface that is there is the one the plan makes: from an earlier time, or by hand. */
function sameLink(wanted: Link, present: Link): boolean {
  if (wanted.name === present.name && wanted.type === 'ovs-bridge' && present.type === 'ovs-interface') return true;
  if (wanted.type !== present.type) return false;
  if (wanted.type === 'vlan') {
    return wanted.vlan?.id === present.vlan?.id && wanted.vlan?.['base-iface'] === present.vlan?.['base-iface'];
  }
  return portsOf(wanted).every((port) => portsOf(present).includes(port));
}

function describe(link: Link): string {
  if (link.type === 'vlan') return `VLAN ${link.vlan?.id ?? '?'} of ${link.vlan?.['base-iface'] ?? '?'}`;
  const ports = portsOf(link);
  return ports.length === 0 ? `type ${link.type ?? 'unknown'}` : `${link.type ?? ''} with ${ports.join(', ')}`;
}
