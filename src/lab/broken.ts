import type { Pod } from '../model/objects.ts';

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
