import { DIAL_TIMEOUT } from '../controllers/migration-connect.ts';
import { fault } from './fault.ts';
import { directions, ends, impairAll } from './links.ts';

/**
 * libvirt gives a peer up after keepalive_interval * (keepalive_count + 1) without an answer (qemu.conf: 5 s and 5; it
 * holds for the connection of a peer-to-peer migration), ms.
 */
const KEEPALIVE = 30_000;
/**
 * What migrations send vanishes; the cluster's own network is left alone. An outage that libvirt's keepalive outlives
 * only costs time: QEMU goes on by itself (facts/qemu.md, tc link down 3 s).
 */
export const linkDown = fault({
  name: 'link-down',
  summary: 'nothing of migrations gets through: those that copy fail after 30 s, those that begin after 127 s',
  parameters: ends,
  start: ({ cluster, network, handler }, given) => {
    const { clock } = cluster;
    const since = clock.now();
    const mend = impairAll(network, given, { line: 0 });
    const concerned = directions(given);
    const watch = clock.every(1000, () => {
      for (const job of handler.active()) {
        if (!concerned.some((concerns) => concerns(job))) continue;
        const began = clock.now() - job.progress.elapsedMs;
        const connected = began < since;
        if (clock.now() < (connected ? since + KEEPALIVE : began + DIAL_TIMEOUT)) continue;
        handler.lose(({ vmi }) => vmi === job.vmi, connected ? 'broke' : 'never came about');
      }
    });
    return () => {
      watch.cancel();
      mend();
    };
  },
});
