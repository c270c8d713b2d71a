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
}

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
  concerns(path: Readonly<Path>): boolean;
  /** Bytes per second that all of them share; 0: nothing passes. */
  line?: number;
  /** Bytes per second that one connection carries at most. */
  stream?: number;
}

/** The migration network: a NIC a node, full duplex, and nothing between them that could be short. */
export interface Network {
  /** Opens a way; `changed` is called when what it gets changes through others. Never before `open` has returned. */
  open(path: Path, changed: () => void): Flow;
  /** Sets the speed of a node's NIC in each direction, bytes per second; 0: the link is down. */
  setLinkSpeed(node: string, bytesPerSecond: number): void;
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
  const speeds = new Map(Object.entries(nicSpeeds));
  const flows = new Set<{ path: Path; now: Bandwidth; changed: () => void }>();
  const impairments = new Map<string, Impairment>();
  let impaired = 0;
  const linkSpeed = (node: string): number => speeds.get(node) ?? nicSpeed;

  const share = (cause?: object): void => {
    const all = [...flows];
    const capacity = new Map<string, number>();
    const demands = all.map(({ path }) => {
      const [out, into] = linksOf(path);
      const links = [out, into];
      capacity.set(out, linkSpeed(path.source));
      capacity.set(into, linkSpeed(path.target));
      let stream = streamRate;
      for (const [name, { concerns, line, stream: most = Infinity }] of impairments) {
        if (!concerns(path)) continue;
        stream = Math.min(stream, most);
        if (line === undefined) continue;
        links.push(name);
        capacity.set(name, line);
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
    setLinkSpeed(node, bytesPerSecond) {
      speeds.set(node, bytesPerSecond);
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

function linksOf({ source, target }: Path): [string, string] {
  return [`${source} out`, `${target} in`];
}
