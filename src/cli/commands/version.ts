import { type Command, Option } from 'commander';
import { resources } from '../../cluster/resources.ts';
import { ApiError } from '../../kube/errors.ts';
import type { KubeClient, Resource } from '../../kube/types.ts';
import { exit } from '../../model/errors.ts';
import type { HyperConverged } from '../../model/objects.ts';
import { plain } from '../../model/plain.ts';
import { openCluster, readSnapshotFile, tellUnknownVersion } from '../cluster.ts';
import type { Invocation, Io } from '../context.ts';
import { type ConnectionFlags, connectionFlags, type SnapshotFlag, snapshotFlag } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { version } from '../version.ts';

type Flags = ConnectionFlags & SnapshotFlag & { client?: boolean; output?: 'json' | 'yaml' };

interface ClusterVersions {
  kubernetes?: string;
  kubevirt?: string;
  hyperConverged?: string;
}

export function versionCommand(program: Command, { io, run }: Invocation): void {
  const command = program
    .command('version')
    .description('Show the versions of Ferry and of the cluster.')
    .option('--client', 'of Ferry only; asks no cluster')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']))
    .action((flags: Flags) => run(async () => await show(io, flags)));
  snapshotFlag(connectionFlags(command));
}

async function show(io: Io, flags: Flags): Promise<0> {
  const client = { version, node: process.versions.node };
  // What is known is told even when the cluster can't be asked.
  if (flags.output === undefined) io.stdout.write(`Ferry: ${version}\n`);
  const cluster = flags.client ? undefined : await readVersions(io, flags);
  if (flags.output !== undefined) {
    const body = document('Version', { client, ...(cluster !== undefined && { cluster }) });
    io.stdout.write(await renderDocument(body, flags.output));
  } else if (cluster !== undefined) {
    io.stdout.write(`Kubernetes: ${shown(cluster.kubernetes)}\n`);
    io.stdout.write(`KubeVirt: ${shown(cluster.kubevirt)}\n`);
    io.stdout.write(`HyperConverged: ${shown(cluster.hyperConverged)}\n`);
    tellUnknownVersion(io, cluster.kubevirt);
  }
  return exit.ok;
}

async function readVersions(io: Io, flags: Flags): Promise<ClusterVersions> {
  if (flags.snapshot !== undefined) return (await readSnapshotFile(io, flags.snapshot)).versions;
  const client = await openCluster(io, flags);
  try {
    const [kubernetes, kubevirt, hyperConverged] = await Promise.all([
      gitVersion(client, '/version', io.signal),
      gitVersion(client, '/apis/subresources.kubevirt.io/v1/version', io.signal),
      hyperConvergedVersion(client, io.signal),
    ]);
    return {
      ...(kubernetes !== undefined && { kubernetes }),
      ...(kubevirt !== undefined && { kubevirt }),
      ...(hyperConverged !== undefined && { hyperConverged }),
    };
  } finally {
    client.close();
  }
}

async function gitVersion(client: KubeClient, path: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await ifServed(client.raw('GET', path, { signal, headers: { accept: 'application/json, */*' } }));
  return answer === undefined ? undefined : (JSON.parse(answer.text) as { gitVersion?: string }).gitVersion;
}

async function hyperConvergedVersion(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  // v1 came with HyperConverged 1.18 (facts/kubevirt.md A10).
  for (const served of ['v1', 'v1beta1']) {
    const resource: Resource = { ...resources.hyperConvergeds, version: served };
    const found = await ifServed(client.list<HyperConverged>(resource, { signal }));
    const versions = found?.items[0]?.status?.versions ?? [];
    if (found !== undefined) return (versions.find(({ name }) => name === 'operator') ?? versions[0])?.version;
  }
  return undefined;
}

/** Undefined where the cluster does not have it, or does not let us see it. */
async function ifServed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 403)) return undefined;
    throw error;
  }
}

function shown(text: string | undefined): string {
  return text === undefined ? 'not known' : plain(text);
}
