import type { AuthInfo } from '@modelcontextprotocol/server';

/** What a token must carry to read, and to change something as well. */
export const READ = 'ferry:read';
export const WRITE = 'ferry:write';

/** Who calls a tool. Not who the cluster sees: that is always the user of the server's kubeconfig. */
export interface Identity {
  subject: string;
  scopes: readonly string[];
}

/** Who started the server and talks to it over standard input: may do whatever the server may. */
export const starter: Identity = { subject: 'local', scopes: [READ, WRITE] };

/** Who bears the server's own token: whoever was given it. */
export const tokenBearer: Identity = { subject: 'token', scopes: [READ, WRITE] };

/**
 * What the SDK hands on with a request: who called, until when that holds (seconds since 1970), and never the token
 * itself, so that nothing behind the gate could pass it on.
 */
export function authInfoOf({ subject, scopes }: Identity, expiresAt: number, clientId = ''): AuthInfo {
  return { token: '', clientId, scopes: [...scopes], expiresAt, extra: { subject } };
}

/** Who called: what the gate found out over HTTP (http.ts); over stdio there is only one who can call. */
export function identityOf(auth: AuthInfo | undefined): Identity {
  if (auth === undefined) return starter;
  return { subject: String(auth.extra?.['subject']), scopes: auth.scopes };
}
