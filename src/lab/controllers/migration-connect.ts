import type { VirtualMachineInstance } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { disbelief } from './handler-certificates.ts';
import { handlerPod, migrationWay } from './handler-pods.ts';
import { logTo } from './launcher-log.ts';
import { virError } from './libvirt-failure.ts';

/** Linux gives a connection up that nobody answers: tcp_syn_retries 6, that is 127 s. */
export const DIAL_TIMEOUT = 127_000;
/** How long it takes to hear from a machine that refuses, or does not believe a certificate. */
const AT_ONCE = 20;

const NO_PROXY = 'unable to create outbound leg of proxy to host';

/** A connection that does not come about. */
export interface NoConnection {
  afterMs: number;
  /** As MigrateToURI3 returns it. */
  error: string;
  /** The virt-handlers log why: it stands nowhere else. */
  tell(): void;
}

type Ends = { source: string; target: string };

/**
 * Why the source's virt-handler gets no connection to the target's (KubeVirt pkg/virt-handler/migration-proxy): the
 * target listens on a network that the source is not on, a firewall is between them, or one does not believe the
 * other's certificate. Undefined: it gets one.
 */
export function connectionProblem(cluster: Cluster, ends: Ends, vmi: VirtualMachineInstance): NoConnection | undefined {
  const address = vmi.status?.migrationState?.targetNodeAddress;
  const firewalls = [...cluster.broken.firewalls].flatMap((how) => how(ends) ?? []);
  if (migrationWay(cluster, { ...ends, address }) === undefined || firewalls.includes('drop')) {
    return notConnected(cluster, ends, vmi);
  }
  if (firewalls.length > 0) return refused(cluster, ends, vmi, 'connect: no route to host');
  return untrusted(cluster, ends, vmi);
}

/** Nobody answers. */
export function notConnected(cluster: Cluster, ends: Ends, vmi: VirtualMachineInstance): NoConnection {
  return { ...refused(cluster, ends, vmi, 'connect: connection timed out'), afterMs: DIAL_TIMEOUT };
}

function refused(cluster: Cluster, { source }: Ends, vmi: VirtualMachineInstance, why: string): NoConnection {
  const reason = `dial tcp ${listener(vmi)}: ${why}`;
  return {
    afterMs: AT_ONCE,
    error: notOpened(vmi),
    tell: () => logProxy(cluster, source, vmi, NO_PROXY, reason),
  };
}

/**
 * Certificates are checked on both sides, each by its own clock. The client looks first; in TLS 1.3 it has its
 * connection by the time the server looks, and learns of a refusal when it reads.
 */
function untrusted(cluster: Cluster, { source, target }: Ends, vmi: VirtualMachineInstance): NoConnection | undefined {
  const bad = 'remote error: tls: bad certificate';
  const outward = 'error encountered copying data to outbound connection';
  const inward = 'error encountered copying data into inbound connection';
  const [ofClient, ofServer] = [disbelief(cluster, source), disbelief(cluster, target)];
  if (ofClient === undefined && ofServer === undefined) return undefined;
  return {
    afterMs: AT_ONCE,
    error: notOpened(vmi),
    tell: () => {
      if (ofClient !== undefined) {
        logProxy(cluster, source, vmi, NO_PROXY, ofClient);
        logProxy(cluster, target, vmi, outward, bad);
      } else {
        logProxy(cluster, target, vmi, outward, ofServer ?? '');
        logProxy(cluster, source, vmi, inward, bad);
      }
    },
  };
}

/** libvirt's text is inferred from its source (qemuMigrationSrcPerformPeer2Peer), not recorded: the proxy just hangs up on it. */
function notOpened(vmi: VirtualMachineInstance): string {
  const socket = `/var/run/kubevirt/migrationproxy/${vmi.metadata.uid ?? ''}-source.sock`;
  return virError(
    9,
    10,
    `operation failed: Failed to connect to remote libvirt URI qemu+unix:///session?socket=${socket}: End of file while reading data: Input/output error`,
  );
}

/** Where the target listens for libvirt. */
function listener({ status }: VirtualMachineInstance): string {
  const { targetNodeAddress = '', targetDirectMigrationNodePorts = {} } = status?.migrationState ?? {};
  const port = Object.entries(targetDirectMigrationNodePorts).find(([, what]) => what === 0)?.[0] ?? '';
  return `${targetNodeAddress}:${port}`;
}

function logProxy(cluster: Cluster, node: string, vmi: VirtualMachineInstance, msg: string, reason: string): void {
  const pod = handlerPod(cluster, node);
  const uid = vmi.metadata.uid ?? '';
  if (pod === undefined) return;
  logTo(cluster, pod, 'virt-handler', msg, 'error', { outbound: listener(vmi), reason, uid });
}
