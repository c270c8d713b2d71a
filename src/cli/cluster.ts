import { type Need, tellingAllMissing } from '../cluster/rights.ts';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { plain } from '../model/plain.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { versionRemark } from '../model/versions/index.ts';
import { type Io, note } from './context.ts';
import type { ConnectionFlags, ScopeFlags, SnapshotFlag } from './flags.ts';
import { version } from './version.ts';

/** A client for the cluster that the flags and the environment name. The caller closes it. */
export async function openCluster(io: Io, flags: ConnectionFlags & { namespace?: string }): Promise<KubeClient> {
  const [{ connect }, { realTiming }, { realSurroundings }] = await Promise.all([
    import('../kube/connect.ts'),
    import('../kube/timing.ts'),
    import('../kube/kubeconfig.ts'),
  ]);
  const { kubeconfig, context, namespace, as, asGroup, requestTimeout } = flags;
  const surroundings = { ...realSurroundings(), env: io.env, ...(io.env['HOME'] && { home: io.env['HOME'] }) };
  const options = { kubeconfig, context, namespace, as, asGroup, requestTimeout, userAgent: `ferry/${version}` };
  return await connect(options, realTiming, surroundings);
}

/** What a read-only command works on. */
export interface Reading {
  snapshot: Snapshot;
  /** The namespace to look in; undefined: all that are in the Snapshot. */
  namespace: string | undefined;
  /** Where the Snapshot came from, unless it was a file. Closed when the command ends. */
  client: KubeClient | undefined;
  /** Reads it once more, as it is now. */
  again(): Promise<Reading>;
}

/** Reads the cluster, or the file that --snapshot names, and gives it to `use`. */
export async function withSnapshot<T>(
  io: Io,
  flags: ConnectionFlags & ScopeFlags & SnapshotFlag & { everyNamespace?: boolean; needs?: readonly Need[] },
  use: (reading: Reading) => Promise<T>,
): Promise<T> {
  const all = flags.allNamespaces === true || flags.everyNamespace === true;
  if (flags.snapshot !== undefined) {
    const snapshot = await readSnapshotFile(io, flags.snapshot);
    tellWhatIsNotHeld(io, snapshot, all ? undefined : flags.namespace);
    tellUnknownVersion(io, snapshot.versions.kubevirt);
    const reading: Reading = {
      snapshot,
      namespace: all ? undefined : flags.namespace,
      client: undefined,
      again: () => Promise.resolve(reading),
    };
    return await use(reading);
  }
  const client = await openCluster(io, flags);
  try {
    const { readSnapshot, requireKubeVirt } = await import('../cluster/snapshot.ts');
    const namespace = all ? undefined : client.namespace;
    const read = async (): Promise<Reading> => {
      const snapshot = await readSnapshot(client, {
        namespaces: namespace === undefined ? [] : [namespace],
        signal: io.signal,
      });
      requireKubeVirt(snapshot);
      return { snapshot, namespace, client, again: read };
    };
    const reading = await read();
    tellUnknownVersion(io, reading.snapshot.versions.kubevirt);
    return await tellingAllMissing(client, namespace, flags.needs ?? [], () => use(reading));
  } finally {
    client.close();
  }
}

/** What Ferry knows of versions ends somewhere: beyond that it goes by the nearest. */
export function tellUnknownVersion(io: Io, kubevirt: string | undefined): void {
  const remark = versionRemark(kubevirt);
  if (remark !== undefined) note(io, `note: ${plain(remark)}`);
}

/** A Snapshot of some namespaces must not pass for one of the namespace, or of all, that was asked for. */
function tellWhatIsNotHeld(io: Io, { namespaces }: Snapshot, asked: string | undefined): void {
  if (namespaces.length === 0 || (asked !== undefined && namespaces.includes(asked))) return;
  note(io, `note: this snapshot holds the VMs of ${namespaces.join(', ')} only`);
}

/** The Snapshot that --snapshot names; `-` is standard input. Throws FERRY_E_FILE and FERRY_E_BAD_SNAPSHOT. */
export async function readSnapshotFile(io: Io, file: string): Promise<Snapshot> {
  const { parseSnapshot } = await import('../cluster/saved-snapshot.ts');
  if (file === '-') {
    let text = '';
    for await (const chunk of io.stdin) text += String(chunk);
    return await parseSnapshot(text, 'standard input');
  }
  const { readFile } = await import('node:fs/promises');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(file, error);
  }
  return await parseSnapshot(text, file);
}

/** A file that can't be read or written. */
export function fileError(file: string, error: unknown): FerryError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'does not exist' : `cannot be used (${code ?? 'unknown error'})`;
  return new FerryError('FERRY_E_FILE', `${file} ${why}`, 'Check the path and its permissions.');
}
