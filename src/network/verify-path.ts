import { hostInterfaceOf, numberOf, readCni, textOf } from '../model/cni.ts';
import type { Evidence, Finding } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import type { NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { inConfig } from './cni.ts';
import { finding, names } from './finding.ts';
import { below, defaultRouteInterfaces, type Link, linkOf, type NodeNetwork, networkOf, portsOf } from './links.ts';
import { desiredLinks } from './undo-policy.ts';

/** What an interface without an MTU of its own gets from these plugins, bytes: ovs-cni and the bridge plugin leave the kernel's 1500. */
const PLUGIN_DEFAULT_MTU = 1500;

/** Looks at the way from the network's definition down to the NIC, on every node that virt-handler runs on. */
export function pathFindings(
  snapshot: Snapshot,
  attachment: NetworkAttachmentDefinition,
  nodes: readonly string[],
): Finding[] {
  const config = readCni(attachment);
  const host = hostInterfaceOf(config);
  if (config.broken !== undefined || host === undefined) return [];
  const seen = nodes.flatMap((node) => networkOf(snapshot, node) ?? []);
  return [
    ...unknownNodes(attachment, nodes, seen),
    ...hostFindings(attachment, config.plugin, host, seen),
    ...mtuFindings(attachment, config.plugin, host, seen),
    ...policyFindings(snapshot, attachment, host, seen),
  ];
}

const onNode = (node: string, name: string, rest: string, value: unknown): Evidence =>
  at({ kind: 'NodeNetworkState', name: node }, `.status.currentState.interfaces[name=${name}]${rest}`, value);

const masterKey = (plugin: Record<string, unknown>): string =>
  textOf(plugin['master']) === undefined ? 'bridge' : 'master';

function unknownNodes(
  attachment: NetworkAttachmentDefinition,
  nodes: readonly string[],
  seen: NodeNetwork[],
): Finding[] {
  const unknown = nodes.filter((node) => !seen.some((one) => one.node === node));
  if (unknown.length === 0) return [];
  const message = `nothing is known of the interfaces of ${names(unknown)}: NMState does not show them`;
  return [
    finding(
      'node-unknown',
      'warning',
      subjectOf(attachment),
      message,
      'Install the Kubernetes NMState Operator, or look on the nodes.',
    ),
  ];
}

/** Whether the interface is there and up on every node, and none that the cluster's own network needs. */
function hostFindings(
  attachment: NetworkAttachmentDefinition,
  plugin: Record<string, unknown>,
  host: string,
  seen: NodeNetwork[],
): Finding[] {
  const findings: Finding[] = [];
  const name = attachment.metadata.name;
  const bridge = masterKey(plugin) === 'bridge';
  const missing = seen.filter((network) => linkOf(network, host) === undefined).map(({ node }) => node);
  if (missing.length > 0) {
    findings.push(
      finding(
        'host-interface',
        'blocker',
        subjectOf(attachment),
        `network ${name} stands on ${host}, which ${names(missing)} ${missing.length === 1 ? 'does' : 'do'} not have`,
        'Have a NodeNetworkConfigurationPolicy make it on all nodes, or name the interface that is there.',
        inConfig(attachment, `.${masterKey(plugin)}`, host),
        onNode(missing[0] ?? '', host, '.name', null),
      ),
    );
  }
  for (const network of seen) {
    const link = linkOf(network, host);
    if (link === undefined) continue;
    if (link.state !== 'up') {
      findings.push(
        finding(
          'host-interface-down',
          'blocker',
          { kind: 'Node', name: network.node },
          `${host} of node ${network.node} is ${link.state ?? 'not up'}`,
          'Bring it up with the policy that makes it.',
          onNode(network.node, host, '.state', link.state ?? null),
        ),
      );
    }
    const under = below(network, host);
    const wired = [...under].some((one) =>
      network.links.some(({ name: each, type }) => each === one && (type === 'ethernet' || type === 'bond')),
    );
    if (bridge && !wired) {
      findings.push(
        finding(
          'bridge-without-nic',
          'blocker',
          { kind: 'Node', name: network.node },
          `bridge ${host} of node ${network.node} has no NIC: nothing leaves the node over it`,
          'Give it a port that leads to the switch.',
          onNode(network.node, host, '.bridge', link.bridge ?? null),
        ),
      );
    }
    const route = defaultRouteInterfaces(network).find((via) => below(network, via).has(host) || under.has(via));
    if (route !== undefined) {
      findings.push(
        finding(
          'shared-with-cluster',
          'warning',
          { kind: 'Node', name: network.node },
          `${host} of node ${network.node} carries the default route (${route}): migrations share the link with the cluster’s own traffic`,
          'Give migrations a NIC of their own.',
          at({ kind: 'NodeNetworkState', name: network.node }, '.status.currentState.routes.running', network.routes),
        ),
      );
    }
  }
  return findings;
}

/** MTUs from the attachment down to the NIC: nothing above may be larger than what is under it, and nothing smaller without need. */
function mtuFindings(
  attachment: NetworkAttachmentDefinition,
  plugin: Record<string, unknown>,
  host: string,
  seen: NodeNetwork[],
): Finding[] {
  const findings: Finding[] = [];
  const own = numberOf(plugin['mtu']);
  const name = attachment.metadata.name;
  const byMtu = new Map<number, string[]>();
  for (const network of seen) {
    const chain = [...below(network, host)].flatMap((each) => {
      const link = linkOf(network, each);
      return link?.mtu === undefined ? [] : [{ link: each, mtu: link.mtu }];
    });
    if (chain.length === 0) continue;
    const least = chain.reduce((low, each) => (each.mtu < low.mtu ? each : low));
    byMtu.set(least.mtu, [...(byMtu.get(least.mtu) ?? []), network.node]);
    if (own !== undefined && own > least.mtu) {
      findings.push(
        finding(
          'mtu-too-large',
          'blocker',
          { kind: 'Node', name: network.node },
          `network ${name} has an MTU of ${own}, and ${least.link} of node ${network.node} only ${least.mtu}: large packets are dropped, or virt-handler gets no interface at all`,
          `Raise ${least.link} to ${own} with its policy, or lower the network's MTU to ${least.mtu}.`,
          inConfig(attachment, '.mtu', own),
          onNode(network.node, least.link, '.mtu', least.mtu),
        ),
      );
    }
  }
  const mtus = [...byMtu.keys()].sort((a, b) => a - b);
  const [low, high] = [mtus[0], mtus.at(-1)];
  if (low !== undefined && high !== undefined && low !== high) {
    const few = byMtu.get(low) ?? [];
    findings.push(
      finding(
        'mtu-differs',
        'warning',
        subjectOf(attachment),
        `the MTU under network ${name} is ${low} on ${names(few)} and ${high} elsewhere`,
        'Make it the same on all nodes; until then use the smallest.',
        onNode(
          few[0] ?? '',
          host,
          '.mtu',
          linkOf(seen.find(({ node }) => node === few[0]) ?? { node: '', links: [], routes: [], mappings: [] }, host)
            ?.mtu ?? null,
        ),
      ),
    );
  }
  const inherits = plugin['type'] === 'macvlan' || plugin['type'] === 'ipvlan' || plugin['type'] === 'vlan';
  if (own === undefined && !inherits && low !== undefined && low > PLUGIN_DEFAULT_MTU) {
    findings.push(
      finding(
        'mtu-unused',
        'warning',
        subjectOf(attachment),
        `network ${name} says no MTU, so its interfaces get ${PLUGIN_DEFAULT_MTU} (1400 where OVN-Kubernetes makes them), though ${host} can do ${low}`,
        `Add "mtu": ${low} to its configuration.`,
        inConfig(attachment, '.mtu', null),
      ),
    );
  } else if (own !== undefined && low !== undefined && own < low && own < 9000) {
    findings.push(
      finding(
        'mtu-unused',
        'warning',
        subjectOf(attachment),
        `network ${name} has an MTU of ${own}, though ${host} and all under it have ${low}`,
        `Use "mtu": ${low}.`,
        inConfig(attachment, '.mtu', own),
      ),
    );
  }
  if ((own ?? low ?? 9000) <= PLUGIN_DEFAULT_MTU) {
    const evidence = own === undefined ? [] : [inConfig(attachment, '.mtu', own)];
    findings.push(
      finding(
        'jumbo-frames',
        'info',
        subjectOf(attachment),
        `network ${name} has an MTU of ${own ?? low ?? ''}: jumbo frames would carry more with less work`,
        'Once NICs and switches let them through, use 9000 all along the way.',
        ...evidence,
      ),
    );
  }
  return findings;
}

/** Whether a policy makes the interface, and whether those that were meant for it are connected with it. */
function policyFindings(
  snapshot: Snapshot,
  attachment: NetworkAttachmentDefinition,
  host: string,
  seen: NodeNetwork[],
): Finding[] {
  const findings: Finding[] = [];
  const policies = itemsOf(snapshot.lists.nodeNetworkPolicies);
  const makes = (policy: NodeNetworkConfigurationPolicy): boolean =>
    desiredLinks(policy).some(({ name, state }) => name === host && state !== 'absent');
  const mine = policies.filter(makes);
  for (const policy of mine) {
    const degraded = policy.status?.conditions?.find(({ type, status }) => type === 'Degraded' && status === 'True');
    if (degraded === undefined) continue;
    findings.push(
      finding(
        'policy-degraded',
        'blocker',
        subjectOf(policy),
        `policy ${policy.metadata.name}, which makes ${host}, failed: ${degraded.message ?? degraded.reason ?? ''}`,
        'Look at its enactments: oc get nnce.',
        at(policy, '.status.conditions[type=Degraded].message', degraded.message ?? null),
      ),
    );
  }
  for (const policy of policies) findings.push(...accessPort(policy, attachment));
  if (mine.length > 0) return findings;
  // A bridge that a policy makes, and that no network stands on, was meant for this one.
  const used = new Set(
    itemsOf(snapshot.lists.networkAttachments).flatMap((one) => hostInterfaceOf(readCni(one)) ?? []),
  );
  for (const policy of policies) {
    const idle = desiredLinks(policy).find(
      ({ name, type = '', state }) =>
        state !== 'absent' && /bridge|vlan/.test(type) && !used.has(name) && name !== 'br-ex',
    );
    if (idle === undefined) continue;
    findings.push(
      finding(
        'not-connected',
        'blocker',
        subjectOf(attachment),
        `network ${attachment.metadata.name} stands on ${host}, and policy ${policy.metadata.name} makes ${idle.name}, which no network stands on: the two are not connected`,
        `Let the network stand on ${idle.name}${idle.type === 'ovs-bridge' ? ' ("type": "ovs", "bridge")' : ''}, or have a policy make ${host}.`,
        inConfig(attachment, `.${masterKey(readCni(attachment).plugin)}`, host),
        at(policy, '.spec.desiredState.interfaces', desiredLinks(policy)),
      ),
    );
  }
  if (findings.length === 0 && seen.some((network) => linkOf(network, host) !== undefined)) {
    findings.push(
      finding(
        'no-policy',
        'info',
        subjectOf(attachment),
        `no NodeNetworkConfigurationPolicy makes ${host}: a node that joins will not have it by itself`,
        `Have a policy make it, so that it is the same on all nodes.`,
        inConfig(attachment, `.${masterKey(readCni(attachment).plugin)}`, host),
      ),
    );
  }
  return findings;
}

/** A NIC as an access port of an OVS bridge strips the tag: pods in no VLAN, or in another, never meet it. */
function accessPort(policy: NodeNetworkConfigurationPolicy, attachment: NetworkAttachmentDefinition): Finding[] {
  const { plugin } = readCni(attachment);
  return desiredLinks(policy).flatMap((link: Link) => {
    if (link.type !== 'ovs-bridge' || plugin['type'] !== 'ovs' || plugin['bridge'] !== link.name) return [];
    return (link.bridge?.port ?? []).flatMap((port) => {
      const tag = port.vlan?.mode === 'access' ? port.vlan.tag : undefined;
      if (tag === undefined || tag === plugin['vlan'] || !portsOf(link).includes(port.name)) return [];
      const pods = plugin['vlan'] === undefined ? 'in no VLAN' : `in VLAN ${JSON.stringify(plugin['vlan'])}`;
      return [
        finding(
          'vlan-mismatch',
          'blocker' as const,
          subjectOf(policy),
          `${port.name} is an access port of VLAN ${tag} in ${link.name}, and network ${attachment.metadata.name} puts virt-handlers ${pods}: they do not meet`,
          `Make ${port.name} a trunk (leave its vlan out) and give the network "vlan": ${tag}.`,
          at(policy, '.spec.desiredState.interfaces', desiredLinks(policy)),
          inConfig(attachment, '.vlan', plugin['vlan'] ?? null),
        ),
      ];
    });
  });
}
