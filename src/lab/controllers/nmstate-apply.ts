import { type Interface, linkOf, type NetworkState, portsOf, type Route, uplinkOf } from './nmstate-state.ts';
import { contains, parseAddress, parseSubnet } from './whereabouts-addresses.ts';

/** nmstatectl refused a state, or it did not come about; in its words, without `NmstateError: `. */
export class NmstateError extends Error {}

const KINDS: Record<string, string> = {
  ethernet: 'Ethernet',
  vlan: 'Vlan',
  bond: 'Bond',
  'linux-bridge': 'LinuxBridge',
  'ovs-bridge': 'OvsBridge',
  'ovs-interface': 'OvsInterface',
};
const MAIN_TABLE = 254;

const refuse = (message: string): never => {
  throw new NmstateError(`InvalidArgument: ${message}`);
};
const differs = (message: string): never => {
  throw new NmstateError(`VerificationError: ${message}`);
};

/**
 * What a node has after `nmstatectl apply` of a desired state: interfaces it names are changed, made or removed, the rest
 * stays (nmstate 2.2: rust/src/lib/ifaces, query_apply). Throws NmstateError; then nothing is changed.
 */
export function applyState(current: NetworkState, desired: NetworkState): NetworkState {
  let interfaces = structuredClone(current.interfaces ?? []);
  const wanted = (desired.interfaces ?? []).map((one) => resolve(interfaces, one));
  for (const one of wanted) if (one.state === 'absent') interfaces = remove(interfaces, one);
  for (const one of wanted) if (one.state !== 'absent') interfaces = put(interfaces, one);
  for (const one of wanted) if (one.state !== 'absent') interfaces = join(interfaces, one);
  for (const one of wanted) if (one.state === 'up') verify(interfaces, one);
  return {
    ...current,
    interfaces,
    routes: routesOf(current, desired, interfaces),
    'dns-resolver': dnsOf(current, desired),
    ...(desired.ovn === undefined && current.ovn === undefined ? {} : { ovn: ovnOf(current, desired) }),
  };
}

/** A desired interface with its type and state; without a type it is the one that is there. */
function resolve(interfaces: Interface[], desired: Interface): Interface {
  const state = desired.state ?? 'up';
  if (desired.type !== undefined) return { ...desired, state };
  const found = interfaces.filter(({ name }) => name === desired.name);
  if (found.length === 0 && state !== 'absent') {
    refuse(`Failed to find unknown type interface ${desired.name} in current state`);
  }
  if (found.length > 1) refuse(`Found 2+ interface matching desired unknown type interface ${desired.name}`);
  return { ...desired, state, type: found[0]?.type ?? 'unknown' };
}

/** Virtual interfaces go; of hardware, the configuration goes. */
function remove(interfaces: Interface[], desired: Interface): Interface[] {
  const { name, type } = desired;
  const kept = interfaces.flatMap((one) => {
    if (one.name !== name || (type !== 'unknown' && one.type !== type)) return [one];
    if (one.type !== 'ethernet') return [];
    const { controller: _, ...bare } = one;
    return [{ ...bare, ipv4: { enabled: false }, ipv6: { enabled: false } }];
  });
  const names = new Set(kept.map((one) => one.name));
  // Ports of what is gone stand alone; VLANs and OVS interfaces on it go with it.
  return kept
    .filter((one) => one.vlan?.['base-iface'] === undefined || names.has(one.vlan['base-iface']))
    .filter((one) => one.type !== 'ovs-interface' || one.controller === undefined || names.has(one.controller))
    .map((one) => {
      if (one.controller === undefined || kept.some(({ name }) => name === one.controller))
        return withoutPort(one, name);
      const { controller: _, ...free } = one;
      return free;
    });
}

function withoutPort(one: Interface, port: string): Interface {
  if (!portsOf(one).includes(port) || one.name === port) return one;
  const bridge = one.bridge && { ...one.bridge, port: one.bridge.port?.filter(({ name }) => name !== port) ?? [] };
  const bond = one['link-aggregation'];
  return {
    ...one,
    ...(bridge && { bridge }),
    ...(bond && { 'link-aggregation': { ...bond, port: bond.port?.filter((name) => name !== port) ?? [] } }),
  };
}

/** Changes an interface, or makes it. */
function put(interfaces: Interface[], desired: Interface): Interface[] {
  const { name, type, state } = desired;
  const current = interfaces.find((one) => one.name === name && one.type === type);
  if (current === undefined) {
    if (state === 'up' && type === 'ethernet') refuse(`Ethernet interface ${name} does not exists`);
    if (state !== 'up') return interfaces;
    if (type === 'vlan' && desired.vlan?.['base-iface'] === undefined) {
      refuse(`Missing 'vlan.base-iface' for interface '${name}'`);
    }
    return [...interfaces, created(interfaces, desired)];
  }
  const { mtu } = desired;
  const [least, most] = [current['min-mtu'], current['max-mtu']];
  if (mtu !== undefined && most !== undefined && mtu > most) {
    refuse(`Desired MTU ${mtu} for interface ${name} is bigger than maximum allowed MTU ${most}`);
  }
  if (mtu !== undefined && least !== undefined && mtu < least) {
    refuse(`Desired MTU ${mtu} for interface ${name} is smaller than minimum allowed MTU ${least}`);
  }
  const withIp = [desired.ipv4, desired.ipv6].some((ip) => ip?.enabled === true);
  if (withIp && current.controller !== undefined && type !== 'ovs-interface') {
    refuse(`Interface ${name} cannot have IP enabled as it is attached to a controller where IP is not allowed`);
  }
  return interfaces.map((one) => (one === current ? merged(current, desired) : one));
}

function merged(current: Interface, desired: Interface): Interface {
  const sections = ['ipv4', 'ipv6', 'vlan', 'bridge', 'link-aggregation', 'ethernet'] as const;
  const deep = Object.fromEntries(
    sections.flatMap((key) => (desired[key] === undefined ? [] : [[key, { ...current[key], ...desired[key] }]])),
  );
  return { ...current, ...desired, ...deep };
}

/** A new virtual interface: MTU and MAC address from what it stands on, unless it says otherwise. */
function created(interfaces: Interface[], desired: Interface): Interface {
  const base = desired.vlan?.['base-iface'] ?? portsOf(desired)[0];
  const below = interfaces.find(({ name }) => name === base);
  const mac = below?.['mac-address'];
  return {
    mtu: below?.mtu ?? 1500,
    ...(mac === undefined ? {} : { 'mac-address': mac }),
    ipv4: { enabled: false },
    ipv6: { enabled: false },
    ...desired,
  };
}

/** Takes the ports of a bridge or bond in; an OVS bridge makes those that are not there. */
function join(interfaces: Interface[], desired: Interface): Interface[] {
  let all = interfaces;
  for (const port of portsOf(desired)) {
    const known = all.some((one) => one.name === port && one.type !== desired.type);
    if (!known && desired.type === 'ovs-bridge') {
      const internal = { name: port, type: 'ovs-interface', state: 'up', mtu: 1500, controller: desired.name };
      all = [...all, { ...internal, ipv4: { enabled: false }, ipv6: { enabled: false } }];
    } else if (!known && !all.some((one) => one.name === port)) {
      differs(`Failed to find desired interface ${port} Unknown`);
    }
    // A port leaves the controller it had.
    all = all.map((one) => {
      if (one.name === port && one.type !== 'ovs-bridge') return { ...one, controller: desired.name };
      return one.name === desired.name && one.type === desired.type ? one : withoutPort(one, port);
    });
  }
  return all;
}

/** What nmstate compares after it has applied: an interface that did not come up, an MTU the kernel does not allow. */
function verify(interfaces: Interface[], { name, type }: Interface): void {
  const one = interfaces.find((each) => each.name === name && each.type === type);
  const kind = KINDS[type] ?? type;
  const base = one?.vlan?.['base-iface'];
  const below =
    base === undefined ? undefined : interfaces.find((each) => each.name === base && each.type !== 'ovs-bridge');
  if (one === undefined || (base !== undefined && below === undefined)) {
    return differs(`Failed to find desired interface ${name} ${kind}`);
  }
  const most = below?.mtu ?? Number.POSITIVE_INFINITY;
  if ((one.mtu ?? 0) > most) {
    differs(`Verification failure: ${name}.interface.mtu desire '${one.mtu ?? 0}', current '${most}'`);
  }
}

function routesOf(current: NetworkState, desired: NetworkState, interfaces: Interface[]): NetworkState['routes'] {
  const up = { interfaces };
  const alive = (route: Route): boolean => {
    const link = linkOf(up, route['next-hop-interface']);
    return link?.ipv4?.enabled === true || link?.ipv6?.enabled === true;
  };
  const asked = desired.routes?.config ?? [];
  const dropped = (route: Route): boolean =>
    asked.some(
      (one) =>
        one.state === 'absent' &&
        (one.destination ?? route.destination) === route.destination &&
        (one['next-hop-interface'] ?? route['next-hop-interface']) === route['next-hop-interface'],
    );
  const added = asked.filter(({ state }) => state !== 'absent').map((one) => ({ 'table-id': MAIN_TABLE, ...one }));
  const same = (a: Route, b: Route): boolean =>
    a.destination === b.destination && a['next-hop-interface'] === b['next-hop-interface'];
  const next = (routes: Route[] = []): Route[] => [
    ...routes.filter((route) => alive(route) && !dropped(route) && !added.some((one) => same(one, route))),
    ...added.filter(alive),
  ];
  return { running: next(current.routes?.running), config: next(current.routes?.config) };
}

function dnsOf(current: NetworkState, desired: NetworkState): NetworkState['dns-resolver'] {
  const config = desired['dns-resolver']?.config;
  return config === undefined ? (current['dns-resolver'] ?? {}) : { running: config, config };
}

function ovnOf(current: NetworkState, desired: NetworkState): NonNullable<NetworkState['ovn']> {
  const asked = desired.ovn?.['bridge-mappings'] ?? [];
  const kept = (current.ovn?.['bridge-mappings'] ?? []).filter(
    ({ localnet }) => !asked.some((one) => one.localnet === localnet),
  );
  return { 'bridge-mappings': [...kept, ...asked.filter(({ state }) => state !== 'absent')] };
}

/**
 * Whether the default gateway answers a ping: there is a default route, its interface has an address next to the
 * gateway's, and something with a carrier leads out.
 */
export function reachesGateway(state: NetworkState): boolean {
  return (state.routes?.running ?? []).some((route) => {
    const gateway = parseAddress(route['next-hop-address'] ?? '');
    if (!['0.0.0.0/0', '::/0'].includes(route.destination) || gateway === undefined) return false;
    const name = route['next-hop-interface'];
    const link = linkOf(state, name);
    const near = [...(link?.ipv4?.address ?? []), ...(link?.ipv6?.address ?? [])].some((address) => {
      const subnet = parseSubnet(`${address.ip}/${address['prefix-length']}`);
      return subnet !== undefined && contains(subnet, gateway);
    });
    return near && (uplinkOf(state, name)?.speed ?? 0) > 0;
  });
}

/** kubernetes-nmstate adds trunk filtering to ports of Linux bridges that say nothing of VLANs (pkg/bridge). */
export function withDefaultVlans(desired: NetworkState): NetworkState {
  if (desired.interfaces === undefined) return desired;
  const trunk = { mode: 'trunk', 'trunk-tags': [{ 'id-range': { min: 2, max: 4094 } }] };
  return {
    ...desired,
    interfaces: desired.interfaces.map((one) =>
      one.type === 'linux-bridge' && one.state === 'up' && one.bridge?.port !== undefined
        ? { ...one, bridge: { ...one.bridge, port: one.bridge.port.map((port) => ({ vlan: trunk, ...port })) } }
        : one,
    ),
  };
}
