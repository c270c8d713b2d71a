import type { Agent } from 'node:http';

/** Certificates and keys are PEM. */
export interface TlsSettings {
  ca?: string;
  cert?: string;
  key?: string;
  rejectUnauthorized?: boolean;
  servername?: string;
}

/** What one request needs to be let in. Holds secrets: never log it. */
export interface Credential {
  /** Grows with every renewal. */
  generation: number;
  /** Authorization and impersonation. */
  headers: Record<string, string | string[]>;
  tls: TlsSettings;
  /** Set when the kubeconfig names a proxy. */
  agent?: Agent;
}

/** A user's credentials, which may expire. */
export interface Credentials {
  /** The credential that is good now. Throws ConfigError. */
  get(): Promise<Credential>;
  /** After a 401 with `used`: reads files and runs plugins again, unless that has happened since. Throws ConfigError. */
  renew(used: Credential): Promise<Credential>;
}

/** Whether a server that refused `a` has any reason to accept `b`. */
export function sameCredential(a: Credential, b: Credential): boolean {
  return a.headers['Authorization'] === b.headers['Authorization'] && tlsKey(a.tls) === tlsKey(b.tls);
}

/** Equal for equal TLS settings. */
export function tlsKey({ ca, cert, key, rejectUnauthorized, servername }: TlsSettings): string {
  return JSON.stringify([ca, cert, key, rejectUnauthorized, servername]);
}

/** Credentials that never change. */
export function fixedCredentials(credential: Omit<Credential, 'generation'>): Credentials {
  const fixed = { generation: 0, ...credential };
  return { get: () => Promise.resolve(fixed), renew: () => Promise.resolve(fixed) };
}
