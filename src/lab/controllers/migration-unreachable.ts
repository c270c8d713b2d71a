import type { Cluster } from '../cluster.ts';
import { handlerPod } from './handler-pods.ts';
import { logTo } from './launcher-log.ts';

/** How long Linux tries to open a connection that nobody answers (tcp_syn_retries = 6), ms. */
export const DIAL_TIMEOUT = 127_000;

/**
 * The failure of a migration whose source can't reach where the target listens; the source's virt-handler logs why
 * (KubeVirt pkg/virt-handler/migration-proxy, handleConnection). libvirt's text is inferred from its source, not recorded.
 */
export function unreachable(cluster: Cluster, { source, uid }: { source: string; uid: string }): string {
  const pod = handlerPod(cluster, source);
  if (pod !== undefined) {
    logTo(cluster, pod, 'virt-handler', 'unable to create outbound leg of proxy to host', 'error', {
      reason: 'dial tcp: connect: connection timed out',
      uid,
    });
  }
  return `Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=9, Domain=10, Message='operation failed: Failed to connect to remote libvirt URI qemu+unix:///session?socket=/var/run/kubevirt/migrationproxy/${uid}-source.sock: End of file while reading data: Input/output error')`;
}
