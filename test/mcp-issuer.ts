import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** A tiny OAuth issuer on 127.0.0.1: its metadata, its keys, and tokens with whatever is asked for. */
export interface Issuer {
  url: string;
  /** A token; what `claims` sets to undefined is left out. Valid for 5 min unless it says otherwise. */
  sign(claims: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>;
  /** From now on signs with a new key and publishes that one only. */
  rotate(): Promise<void>;
  /** What it was asked for. */
  asked: string[];
  /** Answers with nothing but errors. */
  break(): void;
  stop(): Promise<void>;
}

export async function startIssuer({ path = '', says }: { path?: string; says?: string } = {}): Promise<Issuer> {
  let round = 0;
  const make = async () => {
    const kid = `key-${round++}`;
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
  };
  let key = await make();
  let isBroken = false;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const documents: Record<string, object> = {
      [`/.well-known/oauth-authorization-server${path}`]: { issuer: says ?? url, jwks_uri: `${url}/keys` },
      [`${path}/keys`]: { keys: [key.jwk] },
    };
    const document = documents[request.url ?? ''];
    response.writeHead(isBroken ? 500 : document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isBroken ? {} : (document ?? {})));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return {
    url,
    asked,
    sign: (claims, header = {}) =>
      new SignJWT({ iss: url, exp: Math.floor(Date.now() / 1000) + 300, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'at+jwt', ...header })
        .sign(key.privateKey),
    rotate: async () => {
      key = await make();
    },
    break: () => {
      isBroken = true;
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
