import { X509Certificate } from 'node:crypto';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Credential, Credentials, TlsSettings } from './credentials.ts';
import { ConfigError, KubeError } from './errors.ts';

/** A kubeconfig with its context chosen. */
export interface Chosen {
  config: KubeConfig;
  user: string;
  /** Impersonation headers, if any. */
  headers: Record<string, string | string[]>;
  proxy: boolean;
}

/**
 * The credentials of a kubeconfig user, by way of the client library: it runs exec plugins, refreshes OIDC tokens and
 * reads token files again when they get old. `load` reads the kubeconfig from the start, for when the server says 401.
 */
export function kubeconfigCredentials(first: Chosen, load: () => Promise<Chosen>): Credentials {
  let generation = 0;
  let current = Promise.resolve(first);
  let running: Promise<Credential> | undefined;

  async function apply(): Promise<Credential> {
    const number = generation;
    return { ...(await credentialOf(await current)), generation: number };
  }
  // Plugins are slow, and may ask the user something: run one for all requests that wait.
  function get(): Promise<Credential> {
    running ??= apply().finally(() => (running = undefined));
    return running;
  }
  return {
    get,
    renew(used) {
      if (used.generation === generation) {
        generation++;
        running = undefined;
        const before = current;
        // A kubeconfig that is being rewritten at this moment must not end a long watch.
        current = load().catch(() => before);
      }
      return get();
    },
  };
}

async function credentialOf({ config, user, headers, proxy }: Chosen): Promise<Omit<Credential, 'generation'>> {
  const options: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw explain(error, user, config.getCurrentUser()?.exec !== undefined);
  }
  const authorization = authorizationOf(options);
  return {
    headers: { ...(authorization === undefined ? {} : { Authorization: authorization }), ...headers },
    tls: tlsOf(options),
    ...(proxy ? { agent: keptAlive(options.agent as Agent) } : {}),
  };
}

function authorizationOf({ headers, auth }: RequestOptions): string | undefined {
  const value = (headers as Record<string, string | undefined>)['Authorization'];
  if (value !== undefined) return value.trim();
  return auth ? `Basic ${Buffer.from(auth).toString('base64')}` : undefined;
}

function tlsOf({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions): TlsSettings {
  return {
    ...(ca && { ca: checkedCa(pem(ca)) }),
    ...(cert && { cert: pem(cert) }),
    ...(key && { key: pem(key) }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(servername !== undefined && { servername }),
  };
}

/** The library gives a Buffer for what it read from a kubeconfig, and a string for what a plugin printed. */
function pem(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString() : (value as string);
}

/** Node takes nonsense for an empty CA and then trusts nothing, which would be told as the server's fault. */
function checkedCa(ca: string): string {
  try {
    void new X509Certificate(ca);
    return ca;
  } catch {
    throw new ConfigError('malformed', 'the certificate authority of the kubeconfig cluster is not a PEM certificate');
  }
}

function keptAlive(agent: Agent): Agent {
  // The library's proxy agents would open a tunnel for each request.
  return Object.assign(agent, { keepAlive: true });
}

function explain(error: unknown, user: string, plugin: boolean): KubeError {
  if (error instanceof KubeError) return error;
  const { code, path, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall?.startsWith('spawn') === true) {
    return new ConfigError(
      'credentials',
      `the credential plugin of user "${user}" cannot be run: ${path ?? ''} (${code})`,
    );
  }
  if (code !== undefined && path !== undefined) {
    return new ConfigError('malformed', `${path}, which the kubeconfig names, cannot be read (${code})`);
  }
  // Its status is missing, or it is not JSON: then the message quotes the output, which may hold the token.
  if (plugin && (error instanceof SyntaxError || error instanceof TypeError)) {
    return new ConfigError('credentials', `the credential plugin of user "${user}" did not print an ExecCredential`);
  }
  const line = firstLine(message ?? '');
  return new ConfigError('credentials', `no credentials for user "${user}"${line === '' ? '' : `: ${line}`}`);
}

/** What a plugin said on its standard error, without anything that looks like a token. */
function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.replaceAll(/[\w+/=.-]{40,}/g, '***').slice(0, 200);
}
