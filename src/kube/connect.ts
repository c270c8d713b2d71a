import { HttpKubeClient } from './client.ts';
import type { Place } from './context.ts';
import { type Credentials, fixedCredentials, type TlsSettings } from './credentials.ts';
import { ConfigError } from './errors.ts';
import { kubeconfigCredentials } from './kubeconfig-credentials.ts';
import { realSurroundings, type Surroundings } from './surroundings.ts';
import { realTiming, type Timing } from './timing.ts';
import { Transport } from './transport.ts';

export interface ConnectOptions {
  /** A kubeconfig file; default: KUBECONFIG, else ~/.kube/config, else the pod's service account. */
  kubeconfig?: string | undefined;
  context?: string | undefined;
  namespace?: string | undefined;
  /** Impersonation. */
  as?: string | undefined;
  asGroup?: string[] | undefined;
  /** Milliseconds for one request; 0: no limit. */
  requestTimeout?: number | undefined;
  /** `ferry/1.2.3`. */
  userAgent?: string | undefined;
}

export interface DirectOptions {
  server: string;
  /** PEM; default: the authorities that node trusts. */
  ca?: string;
  token?: string;
  /** PEM, of a client certificate. */
  cert?: string;
  key?: string;
  context?: string;
  namespace?: string;
  requestTimeout?: number;
  userAgent?: string;
}

/** The API server gives ordinary requests 60 s (kube-apiserver --request-timeout); longer than that nothing comes. */
const defaultTimeout = 70_000;

/**
 * A client for the cluster that a kubeconfig, or the pod this runs in, names. Reads files, but sends nothing and runs
 * no plugin yet. Throws ConfigError.
 */
export async function connect(
  options: ConnectOptions = {},
  timing: Timing = realTiming,
  surroundings: Surroundings = realSurroundings(),
): Promise<HttpKubeClient> {
  // Only now: with the client library and the YAML parser it is most of what Ferry takes to start. The library comes by
  // its subpath, which loads in two thirds of the time of the whole.
  const { findContext } = await import('./context.ts');
  const load = (): Promise<Place> => findContext(options, surroundings);
  const place = await load();
  return client(place, options, kubeconfigCredentials(place, load), timing);
}

/** A client for a server whose address and credentials are at hand. */
export function connectDirect(options: DirectOptions, timing: Timing = realTiming): HttpKubeClient {
  const { server, token, ca, cert, key, context, namespace = 'default' } = options;
  const tls: TlsSettings = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return client({ server, context, namespace }, options, fixedCredentials({ headers, tls }), timing);
}

function client(
  { server, context, namespace }: Pick<Place, 'server' | 'context' | 'namespace'>,
  { requestTimeout = defaultTimeout, userAgent = 'ferry' }: Pick<ConnectOptions, 'requestTimeout' | 'userAgent'>,
  credentials: Credentials,
  timing: Timing,
): HttpKubeClient {
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new ConfigError('malformed', `the cluster's server is not an http(s) address: ${server}`);
  }
  const transport = new Transport({ server, credentials, timeout: requestTimeout, userAgent, timing });
  return new HttpKubeClient(transport, { server, context, namespace });
}
