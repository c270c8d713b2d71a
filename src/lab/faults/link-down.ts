import { fault } from './fault.ts';
import { directions, ends, impairAll } from './links.ts';

/**
 * libvirt gives a peer up after keepalive_interval * (keepalive_count + 1) without an answer (qemu.conf: 5 s and 5; it
 * holds for the connection of a peer-to-peer migration), ms.
 */
const KEEPALIVE = 30_000;
/** Linux gives a connection up that is not answered: tcp_syn_retries 6, that is 127 s. virt-handler's proxy then hangs up on libvirt. */
const CONNECT = 127_000;
const NOT_CONNECTED =
  "Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=38, Domain=7, Message='End of file while reading data: Input/output error')";

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
        if (clock.now() < (connected ? since + KEEPALIVE : began + CONNECT)) continue;
        handler.lose(({ vmi }) => vmi === job.vmi, connected ? undefined : NOT_CONNECTED);
      }
    });
    return () => {
      watch.cancel();
      mend();
    };
  },
});
