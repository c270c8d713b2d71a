import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';

/** One user of the lab. */
export interface KubeconfigUser {
  name: string;
  token: string;
  /** The name of their context; default `CLUSTER-USER`. */
  context?: string;
  /** Where their context starts, if not where those of others do. */
  namespace?: string;
}

export interface KubeconfigOptions {
  /** `https://127.0.0.1:PORT`. */
  server: string;
  /** The CA, PEM. */
  ca: string;
  /** A context each; the first one is current. */
  users: KubeconfigUser[];
  /** Of the cluster. */
  name: string;
  namespace: string;
}

/** A kubeconfig as YAML. */
export function renderKubeconfig({ server, ca, users, name, namespace }: KubeconfigOptions): string {
  const contextOf = (user: KubeconfigUser): string => user.context ?? `${name}-${user.name}`;
  const [first] = users;
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
      users: users.map((user) => ({ name: `${name}-${user.name}`, user: { token: user.token } })),
      contexts: users.map((user) => ({
        name: contextOf(user),
        context: { cluster: name, user: `${name}-${user.name}`, namespace: user.namespace ?? namespace },
      })),
      'current-context': first === undefined ? '' : contextOf(first),
    },
    { lineWidth: 0 },
  );
}

/** Writes a kubeconfig that only its owner may read: it holds tokens. */
export async function writeKubeconfig(path: string, options: KubeconfigOptions): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, renderKubeconfig(options), { mode: 0o600 });
  // An older file keeps its mode when it is written again.
  await chmod(path, 0o600);
}
