import type { OwnPath } from '../api/extension.ts';
import type { Cluster } from '../cluster.ts';

/** GET time: the lab's clock, RFC 3339. */
export function labTime({ clock }: Cluster): OwnPath {
  return { path: 'time', methods: ['GET'], handle: () => ({ status: 200, body: { now: clock.iso() } }) };
}
