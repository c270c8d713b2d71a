import { TLS_STREAM_RATE } from '../../physics/constants.ts';
import type { Bandwidth } from '../../physics/precopy.ts';
import { maxMinRates } from './max-min.ts';

/** One migration's way through the network. */
export interface Path {
  /** The migration's. */
  id?: string;
  source: string;
  target: string;
  /** The migration's own limit, bytes per second; Infinity: none. */
  limit: number;
  connections: number;
  /** Which of the nodes' networks it takes. Default: the pod network. */
  network?: 'pod' | 'migration';
}

/** A node's NICs: what each carries in each direction, bytes per second, and over which the networks go. */
export interface Nics {
  speeds: Readonly<Record<string, number>>;
  pod: string;
  /** The dedicated migration network's; undefined: there is none. */
  migration?: string;
  /** By network: the largest frames that migrations send, and the largest that the way out carries, bytes (MTU). */
  frames?: Partial<Record<'pod' | 'migration', { size: number; carried: number }>>;
}

/**
 * Of the rate of an Ethernet link, the part that TCP's payload can have at an MTU: 40 bytes of IP and TCP headers and 12
 * of time stamps are in a packet; around it 38 bytes of Ethernet, preamble and gap (IEEE 802.3, RFC 7323).
 */
export function payloadShare(mtu: number): number {
  return (mtu - 52) / (mtu + 38);
}

/** The link of those whose full frames do not get through: small ones do, and nobody tells the sender. */
const TOO_LARGE = 'frames too large';

interface Flow {
  /** What the migration gets now. */
  bandwidth(): Bandwidth;
  /** Changes its limit or its connections. */
  change(change: Partial<Pick<Path, 'limit' | 'connections'>>): void;
  close(): void;
}

/** A part of the network that does worse than it should. */
export interface Impairment {
  /** Whether a migration's way leads through it. */
  concerns: (path: Readonly<Path>) => boolean;
  /** Bytes per second that all of them share; 0: nothing passes. */
  line?: number;
  /** Bytes per second that one connection carries at most. */
  stream?: number;
  /** Larger frames are lost. */
  mtu?: number;
}

/** The networks that migrations take: NICs of nodes, full duplex, and nothing between them that could be short. */
export interface Network {
  /** Opens a way; `changed` is called when what it gets changes through others. Never before `open` has returned. */
  open(path: Path, changed: () => void): Flow;
  /** Tells what NICs a node has. Until then it has one, which carries everything. */
  setNics(node: string, nics: Nics): void;
  /** Sets the speed of the NIC that carries a node's migrations, in each direction, bytes per second; 0: the link is down. It lasts until the NIC itself changes. */
  setLinkSpeed(node: string, bytesPerSecond: number): void;
  /** Of the NIC that carries a node's migrations. */
  linkSpeed(node: string): number;
  /** Makes a part of it worse, until what comes back is called. */
  impair(impairment: Impairment): () => void;
}

/**
 * Links shared max-min fairly. A migration uses its source's egress and its target's ingress; besides its own limit it
 * is held back by what its connections carry (`streamRate` each: the TLS proxy between virt-handlers is bound by a CPU
 * a stream).
 */
export function createNetwork({
  nicSpeed,
  nicSpeeds = {},
  streamRate = TLS_STREAM_RATE,
}: {
  /** Of nodes that `nicSpeeds` does not name, bytes per second. */
  nicSpeed: number;
  nicSpeeds?: Readonly<Record<string, number>>;
  streamRate?: number;
}): Network {
  const nodes = new Map<string, Nics>();
  /** By link: what was set instead of the NIC's own speed. */
  const overrides = new Map<string, number>();
  const flows = new Set<{ path: Path; now: Bandwidth; changed: () => void }>();
  const impairments = new Map<string, Impairment>();
  let impaired = 0;
  const nicOf = (node: string, network: 'pod' | 'migration'): string => {
    const nics = nodes.get(node);
    return (network === 'migration' ? nics?.migration : undefined) ?? nics?.pod ?? '';
  };
  const speedOf = (node: string, nic: string): number =>
    overrides.get(`${node}/${nic}`) ?? nodes.get(node)?.speeds[nic] ?? nicSpeeds[node] ?? nicSpeed;
  const linkSpeed = (node: string): number => speedOf(node, nicOf(node, 'migration'));

  /** TCP agrees on the smaller of both ends; what is between them is not asked. */
  const framesOf = ({ source, target, network = 'pod' }: Path): { size: number; carried: number } => {
    const [from, to] = [source, target].map((node) => nodes.get(node)?.frames?.[network]);
    if (from === undefined || to === undefined) return { size: 0, carried: Infinity };
    return { size: Math.min(from.size, to.size), carried: Math.min(from.carried, to.carried) };
  };

  const share = (cause?: object): void => {
    const all = [...flows];
    const capacity = new Map<string, number>();
    const demands = all.map(({ path }) => {
      const [from, to] = [path.source, path.target].map((node) => nicOf(node, path.network ?? 'pod'));
      const out = `${path.source}/${from ?? ''} out`;
      const into = `${path.target}/${to ?? ''} in`;
      const links = [out, into];
      capacity.set(out, speedOf(path.source, from ?? ''));
      capacity.set(into, speedOf(path.target, to ?? ''));
      let stream = streamRate;
      const { size, carried } = framesOf(path);
      let largest = carried;
      for (const [name, { concerns, line, stream: most = Infinity, mtu = Infinity }] of impairments) {
        if (!concerns(path)) continue;
        stream = Math.min(stream, most);
        largest = Math.min(largest, mtu);
        if (line === undefined) continue;
        links.push(name);
        capacity.set(name, line);
      }
      if (size > largest) {
        links.push(TOO_LARGE);
        capacity.set(TOO_LARGE, 0);
      }
      const carries = path.connections * stream;
      return { links, carries, cap: Math.min(path.limit, carries) };
    });
    const rates = maxMinRates(capacity, demands);
    const spare = new Map(capacity);
    demands.forEach(({ links }, index) => {
      for (const link of links) spare.set(link, (spare.get(link) ?? 0) - (rates[index] ?? 0));
    });
    const woken = all.filter((flow, index) => {
      const { path, now } = flow;
      const { links, carries } = demands[index] ?? { links: [], carries: 0 };
      const rate = rates[index] ?? 0;
      const limited = path.limit < Infinity && rate >= path.limit * (1 - 1e-9);
      // Under its own limit a migration sends in bursts, at what nobody else uses of its way.
      const room = rate + Math.max(0, Math.min(...links.map((link) => spare.get(link) ?? 0)));
      const line = limited ? Math.max(path.limit, Math.min(room, carries)) : rate;
      const same = now.line === line && now.limit === path.limit;
      flow.now = { line, limit: path.limit };
      return !same && flow !== cause;
    });
    for (const flow of woken) if (flows.has(flow)) flow.changed();
  };

  return {
    linkSpeed,
    open(path, changed) {
      const flow = { path: { ...path }, now: { line: 0, limit: path.limit }, changed };
      flows.add(flow);
      share(flow);
      return {
        bandwidth: () => flow.now,
        change(change) {
          Object.assign(flow.path, change);
          if (flows.has(flow)) share(flow);
        },
        close() {
          if (flows.delete(flow)) share();
        },
      };
    },
    setNics(node, nics) {
      const before = nodes.get(node);
      for (const nic in nics.speeds) if (before?.speeds[nic] !== nics.speeds[nic]) overrides.delete(`${node}/${nic}`);
      nodes.set(node, nics);
      share();
    },
    setLinkSpeed(node, bytesPerSecond) {
      overrides.set(`${node}/${nicOf(node, 'migration')}`, bytesPerSecond);
      share();
    },
    impair(impairment) {
      const name = `impairment ${++impaired}`;
      impairments.set(name, impairment);
      share();
      return () => {
        impairments.delete(name);
        share();
      };
    },
  };
}
