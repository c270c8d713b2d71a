import type { KubeObject, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import type { MigrationProgress } from '../hypervisor/hypervisor.ts';
import type { LauncherLine } from './libvirt-failure.ts';

const CONTAINERS: Record<string, string> = { 'virt-launcher': 'compute' };

/** Writes a line as KubeVirt's components log: one JSON object. */
export function logTo(
  cluster: Pick<Cluster, 'clock' | 'logs'>,
  pod: KubeObject,
  component: string,
  msg: string,
  level: 'info' | 'warning' | 'error' = 'info',
  fields: Record<string, string> = {},
): void {
  const time = cluster.clock.now();
  const timestamp = new Date(time).toISOString().replace('Z', '000Z');
  const text = JSON.stringify({ component, ...fields, level, msg, timestamp });
  cluster.logs.write(pod.metadata.uid ?? '', CONTAINERS[component] ?? component, { time, text });
}

/** The line virt-launcher's migration monitor writes every tenth poll, 4 s (facts/kubevirt.md D1). */
export function logMigration(cluster: Cluster, pod: Pod | undefined, uid: string, progress: MigrationProgress): void {
  if (pod === undefined) return;
  const mib = (bytes: number): number => Math.floor(bytes / 2 ** 20);
  const mbps = (bytes: number): number => Math.floor((bytes * 8) / 1e6);
  const downtime = progress.transferRate > 0 ? Math.floor((progress.remainingBytes / progress.transferRate) * 1000) : 0;
  const pages = Math.floor(progress.processedBytes / 4096);
  const info =
    `Migration info for ${uid}: TimeElapsed:${Math.floor(progress.elapsedMs)}ms ` +
    `DataProcessed:${mib(progress.processedBytes)}MiB DataRemaining:${mib(progress.remainingBytes)}MiB DataTotal:${mib(progress.totalBytes)}MiB ` +
    `MemoryProcessed:${mib(progress.processedBytes)}MiB MemoryRemaining:${mib(progress.remainingBytes)}MiB MemoryTotal:${mib(progress.totalBytes)}MiB ` +
    `MemoryBandwidth:${mbps(progress.transferRate)}Mbps DirtyRate:${mbps(progress.dirtyRate)}Mbps ` +
    `Iteration:${progress.iteration} PostcopyRequests:0 ConstantPages:0 NormalPages:${pages} NormalData:${mib(pages * 4096)}MiB ` +
    `ExpectedDowntime:${downtime}ms DiskMbps:0`;
  logTo(cluster, pod, 'virt-launcher', info, 'info', { pos: 'live-migration-source.go:756' });
}

/** Lines that virt-launcher writes about its guest. */
export function logGuest(
  cluster: Cluster,
  pod: Pod | undefined,
  { metadata }: VirtualMachineInstance,
  lines: readonly LauncherLine[],
): void {
  if (pod === undefined) return;
  const about = { kind: '', name: metadata.name, namespace: metadata.namespace ?? '', uid: metadata.uid ?? '' };
  for (const { level, msg, reason } of lines) {
    logTo(cluster, pod, 'virt-launcher', msg, level, { ...about, ...(reason !== undefined && { reason }) });
  }
}
