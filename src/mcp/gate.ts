import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type AuthInfo,
  bearerAuthChallengeResponse,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokenVerifier,
  verifyBearerToken,
} from '@modelcontextprotocol/server';
import { authInfoOf, READ, tokenBearer } from './identity.ts';

export interface GateOptions {
  /** The server's own token, if it has one. */
  token?: string;
  /** Of tokens that an issuer gave out. */
  issued?: OAuthTokenVerifier;
  /** Where clients read who gives out tokens (RFC 9728). */
  metadataUrl?: string;
}

/** Takes the Authorization header; gives who calls, or the answer that refuses (401, 403; 500 if the issuer is away). */
export function bearerGate({
  token,
  issued,
  metadataUrl,
}: GateOptions): (header: string | undefined) => Promise<AuthInfo | Response> {
  const isOwn = token === undefined ? () => false : same(token);
  const verifier: OAuthTokenVerifier = {
    verifyAccessToken: async (given) => {
      if (isOwn(given)) return authInfoOf(tokenBearer, Number.POSITIVE_INFINITY);
      if (issued === undefined)
        throw new OAuthError(OAuthErrorCode.InvalidToken, 'The token is not the one of this server');
      return await issued.verifyAccessToken(given);
    },
  };
  const options = {
    verifier,
    requiredScopes: [READ],
    ...(metadataUrl !== undefined && { resourceMetadataUrl: metadataUrl }),
  };
  return async (header) => {
    try {
      // One token and nothing after it; the SDK would overlook what follows.
      const isBearer = /^Bearer [\x21-\x7e]+$/i.test(header ?? '');
      return await verifyBearerToken(isBearer ? header : undefined, options);
    } catch (error) {
      return bearerAuthChallengeResponse(error, options);
    }
  };
}

/** Compares digests, so that the time it takes tells nothing of the token. */
function same(token: string): (given: string) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(token);
  return (given) => timingSafeEqual(digest(given), wanted);
}
