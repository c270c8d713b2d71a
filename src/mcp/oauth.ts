import { OAuthError, OAuthErrorCode, type OAuthTokenVerifier } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { FerryError } from '../model/errors.ts';
import { authInfoOf } from './identity.ts';

/** Signatures that only the issuer can make: a token signed with a shared secret, or not at all, is none. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** ms for the issuer to answer. */
const PATIENCE = 5000;
/** What may be wrong with a token; any other error is the issuer's or ours. */
const WRONG: Record<string, string> = {
  ERR_JWT_EXPIRED: 'The token has expired',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The token is not signed by the issuer',
  ERR_JWKS_NO_MATCHING_KEY: 'The token is not signed with a key of the issuer',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The token does not name its key',
  ERR_JOSE_ALG_NOT_ALLOWED: 'The token is signed in a way that is not accepted',
  ERR_JOSE_NOT_SUPPORTED: 'The token is signed in a way that is not accepted',
  ERR_JWS_INVALID: 'The token is not a JWT',
  ERR_JWT_INVALID: 'The token is not a JWT',
};

/**
 * Accepts the tokens that an issuer gave out for an audience: JWTs (RFC 9068), verified with the keys the issuer
 * publishes, which are read again when a token names one that is not known yet (at most every 30 s) and after 10 min.
 * Rejects with FERRY_E_UNREACHABLE if the issuer does not answer, FERRY_E_USAGE if it is not one to be trusted.
 */
export async function issuedTokens(issuer: string): Promise<(audience: string) => OAuthTokenVerifier> {
  const keys = createRemoteJWKSet(await keysOf(issuer), { timeoutDuration: PATIENCE });
  return (audience) => {
    const wanted = { issuer, audience, algorithms: ALGORITHMS, requiredClaims: ['exp', 'sub'] };
    return {
      verifyAccessToken: async (token) => {
        const { payload } = await jwtVerify(token, keys, wanted).catch((error: unknown) => {
          throw refusal(error);
        });
        const { sub = '', exp = 0 } = payload;
        // Unique among issuers, as Kubernetes names users of OpenID Connect by default.
        const identity = { subject: `${issuer}#${sub}`, scopes: scopesOf(payload) };
        const client = payload['client_id'] ?? payload['azp'];
        return authInfoOf(identity, exp, typeof client === 'string' ? client : '');
      },
    };
  };
}

function refusal(error: unknown): OAuthError {
  const { code = '', claim } = error as { code?: string; claim?: string };
  const claims: Record<string, string> = {
    aud: 'The token is for another audience',
    iss: 'The token is from another issuer',
    nbf: 'The token is not valid yet',
  };
  const wrong =
    code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' ? (claims[claim ?? ''] ?? 'The token lacks a claim') : WRONG[code];
  if (wrong !== undefined) return new OAuthError(OAuthErrorCode.InvalidToken, wrong);
  return new OAuthError(OAuthErrorCode.ServerError, 'The keys of the issuer could not be read');
}

/** `scope` is one string (RFC 9068); some issuers say `scp`, a string or a list. */
function scopesOf(payload: JWTPayload): string[] {
  const given: unknown[] = [payload['scope'], payload['scp']].flat();
  return given.flatMap((each) => (typeof each === 'string' ? each.split(' ') : [])).filter((each) => each !== '');
}

/** Where the issuer publishes its keys, from its metadata: RFC 8414, then OpenID Connect Discovery in both spellings. */
async function keysOf(issuer: string): Promise<URL> {
  const base = trusted(issuer, '--oauth-issuer');
  const path = base.pathname === '/' ? '' : base.pathname.replace(/\/$/, '');
  const places = [
    `${base.origin}/.well-known/oauth-authorization-server${path}`,
    `${base.origin}/.well-known/openid-configuration${path}`,
    `${base.origin}${path}/.well-known/openid-configuration`,
  ];
  let last: unknown;
  for (const place of new Set(places)) {
    let told: { issuer?: unknown; jwks_uri?: unknown };
    try {
      const answer = await fetch(place, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE) });
      if (!answer.ok) {
        await answer.body?.cancel();
        continue;
      }
      told = ((await answer.json()) as typeof told | null) ?? {};
    } catch (error) {
      last = error;
      continue;
    }
    if (told.issuer !== issuer) {
      const message = `${place} speaks for another issuer than ${issuer}: ${String(told.issuer)}`;
      throw new FerryError('FERRY_E_USAGE', message, 'Give --oauth-issuer as the issuer writes itself.');
    }
    return trusted(String(told.jwks_uri), `jwks_uri of ${issuer}`);
  }
  const message = `the issuer ${issuer} does not tell its metadata`;
  const hint = `None of these answered: ${places.join(', ')}.`;
  throw new FerryError('FERRY_E_UNREACHABLE', message, hint, { cause: last });
}

/** An address that nobody in between can answer for: https, or on this machine. */
function trusted(address: string, what: string): URL {
  const url = URL.parse(address);
  const isLocal = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return url;
  throw new FerryError('FERRY_E_USAGE', `${what} is no https address: ${address}`, 'Keys are trusted over https only.');
}
