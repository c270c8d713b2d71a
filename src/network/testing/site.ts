import { readCni } from '../../model/cni.ts';
import type { Evidence } from '../../model/finding.ts';
import type { HyperConverged, KubeObject, NetworkAttachmentDefinition, Node, Pod } from '../../model/objects.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { nodes, snapshotOf } from '../../model/testing/fixtures.ts';
import { literal } from '../../model/testing/literal.ts';
import type { Link, Route } from '../links.ts';
import type { KnownNetworks } from '../request.ts';

// A cluster of three workers with a spare NIC each, for tests.

export interface Network {
  links: Link[];
  routes: Route[];
  ovn: { 'bridge-mappings': { localnet: string; bridge: string }[] };
}

export const KNOWN: KnownNetworks = {
  networks: [
    { what: 'the pod network', cidr: '10.128.0.0/14' },
    { what: 'the service network', cidr: '172.30.0.0/16' },
  ],
  unknown: [],
};

/** eno1 under br-ex, enp4s0 idle. */
export function freshNetwork(index: number): Network {
  const ip = `10.0.0.${11 + index}`;
  const ports = [{ name: 'eno1' }, { name: 'br-ex' }];
  return {
    links: [
      {
        name: 'eno1',
        type: 'ethernet',
        state: 'up',
        mtu: 1500,
        'max-mtu': 9216,
        ethernet: { speed: 10_000 },
        controller: 'br-ex',
      },
      {
        name: 'br-ex',
        type: 'ovs-interface',
        state: 'up',
        mtu: 1500,
        controller: 'br-ex',
        ipv4: { enabled: true, address: [{ ip, 'prefix-length': 24 }] },
      },
      { name: 'br-ex', type: 'ovs-bridge', state: 'up', bridge: { port: ports } },
      { name: 'enp4s0', type: 'ethernet', state: 'up', mtu: 1500, 'max-mtu': 9000, ethernet: { speed: 25_000 } },
    ],
    routes: [{ destination: '0.0.0.0/0', 'next-hop-interface': 'br-ex' }],
    ovn: { 'bridge-mappings': [{ localnet: 'physnet', bridge: 'br-ex' }] },
  };
}

function networkState(node: string, { links, routes, ovn }: Network): KubeObject {
  const status = { currentState: { interfaces: links, routes: { running: routes }, ovn } };
  return { apiVersion: 'nmstate.io/v1beta1', kind: 'NodeNetworkState', metadata: { name: node }, status } as KubeObject;
}

function hyperConverged(network?: string): HyperConverged {
  return {
    apiVersion: 'hco.kubevirt.io/v1beta1',
    kind: 'HyperConverged',
    metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv' },
    spec: { liveMigrationConfig: network === undefined ? {} : { network } },
  };
}

export function attachment(
  config: object | string,
  name = 'migration-network',
  namespace = 'openshift-cnv',
): NetworkAttachmentDefinition {
  return {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name, namespace },
    spec: { config: typeof config === 'string' ? config : JSON.stringify(config) },
  };
}

export function policy(name: string, interfaces: Link[]): KubeObject {
  const spec = { nodeSelector: { 'node-role.kubernetes.io/worker': '' }, desiredState: { interfaces } };
  return {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name },
    spec,
  } as KubeObject;
}

export interface SiteOptions {
  /** What each node's network is, changed from a fresh one. */
  network?: (network: Network, index: number) => void;
  node?: (node: Node, index: number) => void;
  pod?: (pod: Pod, index: number) => void;
  /** In force. */
  set?: string;
  objects?: KubeObject[];
}

/** Three workers n1 to n3. */
export function site({ network, node, pod, set, objects = [] }: SiteOptions = {}): Snapshot {
  const base = nodes(3, (object, index) => {
    object.metadata.labels = { ...object.metadata.labels, 'node-role.kubernetes.io/worker': '' };
    object.status = { ...object.status, addresses: [{ type: 'InternalIP', address: `10.0.0.${11 + index}` }] };
    node?.(object, index);
  });
  base.filter(({ kind }) => kind === 'Pod').forEach((object, index) => pod?.(object, index));
  for (const object of base) {
    if (object.kind === 'KubeVirt' && set !== undefined) {
      (object as { spec?: object }).spec = { configuration: { migrations: { network: set } } };
    }
  }
  const states = [0, 1, 2].map((index) => {
    const own = freshNetwork(index);
    network?.(own, index);
    return networkState(`n${index + 1}`, own);
  });
  return snapshotOf([...base, ...states, hyperConverged(set), ...objects]);
}

/** What literally stands where an evidence points to, in the JSON of a network's configuration, too. */
export function literally(snapshot: Snapshot, evidence: Evidence): unknown {
  const [field = '', inside] = evidence.field.split(' | ');
  if (inside === undefined) return literal(snapshot, evidence);
  const text = literal(snapshot, { ...evidence, field });
  const { plugin } = readCni({ spec: { config: String(text) } });
  let value: unknown = plugin;
  for (const key of inside.slice(1).split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return value ?? null;
}
