import { TLS_STREAM_RATE } from '../../physics/constants.ts';
import type { Bandwidth } from '../../physics/precopy.ts';
import { maxMinRates } from './max-min.ts';

/** One migration's way through the network. */
export interface Path {
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

/** The migration network: a NIC a node, full duplex, and nothing between them that could be short. */
export interface Network {
  /** Opens a way; `changed` is called when what it gets changes through others. Never before `open` has returned. */
  open(path: Path, changed: () => void): Flow;
  /** Sets the speed of a node's NIC in each direction, bytes per second; 0: the link is down. */
  setLinkSpeed(node: string, bytesPerSecond: number): void;
  linkSpeed(node: string): number;
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
  const linkSpeed = (node: string): number => speeds.get(node) ?? nicSpeed;

  const share = (cause?: object): void => {
    const all = [...flows];
    const capacity = new Map<string, number>();
    const demands = all.map(({ path }) => {
      const links = linksOf(path);
      capacity.set(links[0], linkSpeed(path.source));
      capacity.set(links[1], linkSpeed(path.target));
      return { links, cap: Math.min(path.limit, path.connections * streamRate) };
    });
    const rates = maxMinRates(capacity, demands);
    const spare = new Map(capacity);
    demands.forEach(({ links }, index) => {
      for (const link of links) spare.set(link, (spare.get(link) ?? 0) - (rates[index] ?? 0));
    });
    const woken = all.filter((flow, index) => {
      const { path, now } = flow;
      const rate = rates[index] ?? 0;
      const limited = path.limit < Infinity && rate >= path.limit * (1 - 1e-9);
      // Under its own limit a migration sends in bursts, at what nobody else uses of its way.
      const room = rate + Math.max(0, Math.min(...linksOf(path).map((link) => spare.get(link) ?? 0)));
      const line = limited ? Math.max(path.limit, Math.min(room, path.connections * streamRate)) : rate;
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
  };
}

function linksOf({ source, target }: Path): [string, string] {
  return [`${source} out`, `${target} in`];
}
