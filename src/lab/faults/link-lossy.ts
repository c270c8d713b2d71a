import { fault } from './fault.ts';
import { ends, impairAll } from './links.ts';

/** What TCP carries of an Ethernet frame of 1500 bytes, with time stamps. */
const SEGMENT = 1448;
/** sqrt(3/2): one acknowledgement a packet, losses at random. */
const MATHIS = Math.sqrt(1.5);

/**
 * Bytes per second that one TCP connection with losses carries: MSS/RTT * C/sqrt(p) (Mathis, Semke, Mahdavi, Ott: The
 * Macroscopic Behavior of the TCP Congestion Avoidance Algorithm, CCR 27(3), 1997). It holds for loss-based congestion
 * control (Reno; CUBIC at the round-trip times of a data centre, where it falls back to Reno's growth).
 * @param loss share of the packets
 * @param rtt ms
 */
export function mathisRate(loss: number, rtt: number): number {
  return ((SEGMENT / (rtt / 1000)) * MATHIS) / Math.sqrt(loss);
}

/** A bad cable, a full switch: each connection of a migration is as slow as its losses make it. */
export const linkLossy = fault({
  name: 'link-lossy',
  summary: 'packets of migrations are lost: each connection carries what the Mathis formula leaves of it',
  parameters: { ...ends, loss: 'required', rtt: { default: '1ms' } },
  start: ({ network }, given) => impairAll(network, given, { stream: mathisRate(given.loss, given.rtt) }),
});
