import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { ConfigError } from './errors.ts';
import { inCluster, kubeconfigFiles, type Merged, type Named, readKubeconfig } from './kubeconfig.ts';
import type { Chosen } from './kubeconfig-credentials.ts';
import { asOidcUser, oidc } from './oidc.ts';
import type { Surroundings } from './surroundings.ts';

export interface ContextOptions {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  namespace?: string | undefined;
  as?: string | undefined;
  asGroup?: string[] | undefined;
}

/** Where a context leads. */
export interface Place extends Chosen {
  server: string;
  /** Undefined without a kubeconfig. */
  context: string | undefined;
  namespace: string;
}

/** Reads the kubeconfig, or the pod's service account, and picks the context. Throws ConfigError. */
export async function findContext(options: ContextOptions, surroundings: Surroundings): Promise<Place> {
  const files = kubeconfigFiles(options.kubeconfig, surroundings);
  if (files !== undefined) return choose(await readKubeconfig(files), options);
  const pod = inCluster(surroundings);
  if (pod !== undefined) return { ...choose(pod, options), context: undefined };
  throw new ConfigError(
    'no-kubeconfig',
    'there is no kubeconfig (neither KUBECONFIG nor ~/.kube/config), and this is not a pod of a cluster',
  );
}

function choose(merged: Merged, options: ContextOptions): Place {
  const context = options.context ?? (merged['current-context'] || undefined);
  const known = merged.contexts.map(({ name }) => name).join(', ') || 'none';
  if (context === undefined) {
    throw new ConfigError('no-context', `the kubeconfig has no current context (its contexts: ${known})`);
  }
  const chosen = merged.contexts.find(({ name }) => name === context);
  if (chosen === undefined) {
    throw new ConfigError(
      'unknown-context',
      `there is no context "${context}" in the kubeconfig (its contexts: ${known})`,
    );
  }
  // Only what the context uses goes on: an entry nobody asked for may be broken.
  const names = section(chosen, 'context');
  const clusterName = text(names['cluster']);
  const userName = text(names['user']);
  const cluster = merged.clusters.find(({ name }) => name === clusterName);
  if (cluster === undefined) {
    const message = `context "${context}" names cluster "${clusterName}", which is not in the kubeconfig`;
    throw new ConfigError('missing-cluster', message);
  }
  const user = userName === '' ? { name: '' } : merged.users.find(({ name }) => name === userName);
  if (user === undefined) {
    const message = `context "${context}" names user "${userName}", which is not in the kubeconfig`;
    throw new ConfigError('missing-user', message);
  }
  const headers = impersonation(options, section(user, 'user'));
  const server = text(section(cluster, 'cluster')['server']);
  const config = toKubeConfig({
    clusters: [{ name: 'cluster', cluster: transportOf(cluster, server) }],
    // Without a user the library would leave out the cluster's certificate authority, too.
    users: [{ name: 'user', user: asOidcUser(withExecInfo(section(user, 'user'), section(cluster, 'cluster'))) }],
    contexts: [{ name: context, context: { cluster: 'cluster', user: 'user' } }],
    'current-context': context,
  });
  return {
    config,
    user: user.name,
    headers,
    proxy: config.clusters[0]?.proxyUrl !== undefined,
    server,
    context,
    namespace: options.namespace ?? (text(names['namespace']) || 'default'),
  };
}

type Section = Record<string, unknown>;

function section(entry: Named, key: string): Section {
  const value = entry[key];
  return typeof value === 'object' && value !== null ? (value as Section) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function transportOf(cluster: Named, server: string): unknown {
  // The library refuses http, as of `kubectl proxy`, unless certificates are not to be checked: there are none.
  return server.startsWith('http:') ? { server, 'insecure-skip-tls-verify': true } : cluster['cluster'];
}

function impersonation({ as, asGroup }: ContextOptions, user: Section): Record<string, string | string[]> {
  const name = as ?? (typeof user['as'] === 'string' ? user['as'] : undefined);
  // Naming a user on the command line replaces the kubeconfig's whole impersonation, as in kubectl.
  const inherited = as === undefined && Array.isArray(user['as-groups']) ? user['as-groups'].map(String) : [];
  const groups = asGroup ?? inherited;
  if (name === undefined && groups.length > 0) {
    throw new ConfigError('malformed', 'a group can be impersonated only together with a user');
  }
  if (name === undefined) return {};
  return { 'Impersonate-User': name, ...(groups.length > 0 ? { 'Impersonate-Group': groups } : {}) };
}

/** Plugins learn from KUBERNETES_EXEC_INFO what they are asked; the client library does not set it, kubectl does. */
function withExecInfo(user: Section, cluster: Section): Section {
  const exec = user['exec'] as (Section & { env?: unknown }) | undefined;
  if (typeof exec !== 'object' || exec === null) return user;
  const about = { ...cluster };
  // A path would mean nothing to the plugin.
  delete about['certificate-authority'];
  const info = {
    apiVersion: exec['apiVersion'],
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec['provideClusterInfo'] === true ? { cluster: about } : {}) },
  };
  const env = Array.isArray(exec.env) ? (exec.env as unknown[]) : [];
  return { ...user, exec: { ...exec, env: [...env, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }] } };
}

/** The client library's KubeConfig of a merged kubeconfig. */
function toKubeConfig(merged: Merged): KubeConfig {
  const config = new KubeConfig();
  config.addAuthenticator(oidc);
  try {
    config.loadFromString(JSON.stringify(merged));
  } catch (error) {
    // Such as "clusters[0].cluster.server is missing".
    throw new ConfigError('malformed', `the kubeconfig is malformed: ${(error as Error).message}`);
  }
  return config;
}
