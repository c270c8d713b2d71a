import type { Pod } from '../model/objects.ts';
import type { Cluster } from './cluster.ts';

/** What faults (src/lab/faults/) have broken, for the controllers that play the broken part. */
export interface Broken {
  /** Pods that no kubelet can start. */
  unstartable: Set<(pod: Pod) => boolean>;
  /** How far the clocks of nodes are ahead, ms. */
  nodeClocks: Map<string, number>;
}

export function nothingBroken(): Broken {
  return { unstartable: new Set(), nodeClocks: new Map() };
}

/** What a node's clock shows, ms since the epoch. */
export function nodeNow({ clock, broken }: Pick<Cluster, 'clock' | 'broken'>, node: string): number {
  return clock.now() + (broken.nodeClocks.get(node) ?? 0);
}
