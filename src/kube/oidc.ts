import { readFileSync } from 'node:fs';
import { Agent, type RequestOptions } from 'node:https';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { OpenIDConnectAuth } from '@kubernetes/client-node/dist/oidc_auth.js';
import { ConfigError } from './errors.ts';
import { open, readText } from './exchange.ts';

const provider = 'ferry-oidc';
/** Milliseconds for each of the two requests of a refresh. */
const limit = 30_000;

type Settings = Record<string, string | undefined>;

/** A kubeconfig user's `auth-provider: oidc`, to be served by `oidc` below instead of the client library's own. */
export function asOidcUser(user: Record<string, unknown>): Record<string, unknown> {
  const given = user['auth-provider'] as { name?: unknown } | undefined;
  return given?.name === 'oidc' ? { ...user, 'auth-provider': { ...given, name: provider } } : user;
}

/**
 * OIDC by the client library, but for the refresh of a token: in its version 2.0.1 that never works (it gives
 * openid-client the issuer as text and, with an own CA, an answer that is no Response; it leaves out the client's
 * secret; and it takes a token's remaining seconds for the time of its end).
 */
export const oidc = {
  isAuthProvider: (user: User): boolean => (user.authProvider as { name?: string } | null)?.name === provider,
  async applyAuthentication(user: User, options: RequestOptions): Promise<void> {
    const { config = {} } = user.authProvider as { config?: Settings };
    // A new one each time reads the end of the token from the token itself, which stays with the user.
    await new OpenIDConnectAuth().applyAuthentication(user, options, {
      refresh: (token: string) => refresh(config, token),
    });
  },
};

/** OpenID Connect Core 1.0, section 12, with the token endpoint found as in OpenID Connect Discovery 1.0, section 4. */
async function refresh(
  settings: Settings,
  token: string,
): Promise<{ id_token: string; refresh_token: string; expires_at: number }> {
  const issuer = (settings['idp-issuer-url'] ?? '').replace(/\/+$/, '');
  const secret = settings['client-secret'] || undefined;
  const agent = new Agent({ ca: authority(settings) });
  const { token_endpoint: endpoint } = await ask(agent, `${issuer}/.well-known/openid-configuration`);
  if (endpoint === undefined) throw refused(issuer);
  const answer = await ask(agent, endpoint, {
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: settings['client-id'] ?? '',
    ...(secret === undefined ? {} : { client_secret: secret }),
  });
  const id = answer['id_token'];
  if (id === undefined) throw refused(issuer);
  // The end of the token is read from it; issuers that do not rotate refresh tokens leave them out.
  return { id_token: id, refresh_token: answer['refresh_token'] ?? token, expires_at: 0 };
}

async function ask(agent: Agent, address: string, form?: Record<string, string>): Promise<Settings> {
  const url = URL.parse(address);
  if (url?.protocol !== 'https:') throw refused(address);
  const headers = {
    accept: 'application/json',
    ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
  };
  const body = form && new URLSearchParams(form).toString();
  const opened = await open({ method: form ? 'POST' : 'GET', url, headers, body, agent, timeout: limit });
  const text = await readText(opened);
  if (opened.response.statusCode !== 200) throw refused(url.origin);
  try {
    return JSON.parse(text) as Settings;
  } catch {
    throw refused(url.origin);
  }
}

function authority(settings: Settings): string | undefined {
  const [file, data] = [settings['idp-certificate-authority'], settings['idp-certificate-authority-data']];
  if (file !== undefined) return readFileSync(file, 'utf8');
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString();
}

function refused(issuer: string): ConfigError {
  return new ConfigError('credentials', `the identity provider ${issuer} did not refresh the token: log in again`);
}
