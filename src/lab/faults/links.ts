import type { Impairment, Network, Path } from '../hypervisor/network.ts';
import type { Stop } from './fault.ts';

/** Parameters of faults of links: all of a node's, or those between two. */
export const ends = { node: 'required', 'to-node': 'optional' } as const;

interface Ends {
  node: string;
  'to-node'?: string;
}

/** The directions that a fault of links concerns: each is a link of its own, as full duplex has it. */
export function directions({ node, 'to-node': other }: Ends): ((path: Pick<Path, 'source' | 'target'>) => boolean)[] {
  return [
    ({ source, target }) => source === node && (other === undefined || target === other),
    ({ source, target }) => target === node && (other === undefined || source === other),
  ];
}

/** The same in each direction. */
export function impairAll(network: Network, given: Ends, worse: Omit<Impairment, 'concerns'>): Stop {
  const stops = directions(given).map((concerns) => network.impair({ ...worse, concerns }));
  return () => {
    for (const stop of stops) stop();
  };
}
