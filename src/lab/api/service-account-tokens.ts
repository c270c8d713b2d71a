import { createHash, createPrivateKey, randomUUID, sign } from 'node:crypto';
import type { KubeObject } from '../../model/objects.ts';
import type { Certificates } from '../certificates.ts';
import type { Subresource } from './extension.ts';
import { serviceAccountGroups, serviceAccountName } from './rbac/rights.ts';
import { isObject } from './schema/structural.ts';
import { invalid, notFound } from './status.ts';
import { type Store, seconds } from './store.ts';
import type { TokenBook } from './token-book.ts';

const ISSUER = 'https://kubernetes.default.svc';
/** Seconds a token lives if nobody says, and at least (pkg/apis/authentication: defaults and validation). */
const LIFETIME = 3600;
const SHORTEST = 600;

interface Spec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: unknown;
}

/** POST serviceaccounts/NAME/token, what `kubectl create token` sends: a signed token that expires, or dies with its account. */
export function serviceAccountTokens(server: {
  store: Store;
  clock: { now(): number };
  tokens: TokenBook;
  certificates: Certificates;
}): Subresource {
  const { store, clock, tokens, certificates } = server;
  return {
    resource: 'serviceaccounts',
    subresource: 'token',
    methods: ['POST'],
    kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    handle: ({ namespace = '', name, body }) => {
      const account = store.get('serviceaccounts', namespace, name);
      if (account === undefined) throw notFound('serviceaccounts', name);
      const spec: Spec = isObject(body) && isObject(body['spec']) ? body['spec'] : {};
      const lifetime = spec.expirationSeconds ?? LIFETIME;
      if (lifetime < SHORTEST) {
        throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
          {
            reason: 'FieldValueInvalid',
            message: `Invalid value: ${lifetime}: may not specify a duration less than 10 minutes`,
            field: 'spec.expirationSeconds',
          },
        ]);
      }
      const now = clock.now();
      const expires = Math.floor(now / 1000) * 1000 + lifetime * 1000;
      const audiences = spec.audiences?.length ? spec.audiences : [ISSUER];
      const { uid = '' } = account.metadata;
      const id = randomUUID();
      const token = signed(certificates.key, {
        aud: audiences,
        exp: expires / 1000,
        iat: Math.floor(now / 1000),
        iss: ISSUER,
        jti: id,
        'kubernetes.io': { namespace, serviceaccount: { name, uid } },
        nbf: Math.floor(now / 1000),
        sub: serviceAccountName(namespace, name),
      });
      // One that is not meant for the API server is not let in.
      if (audiences.includes(ISSUER)) {
        const user = {
          name: serviceAccountName(namespace, name),
          uid,
          groups: serviceAccountGroups(namespace),
          extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`] },
        };
        const valid = (): boolean =>
          store.get<KubeObject>('serviceaccounts', namespace, name)?.metadata.uid === account.metadata.uid;
        tokens.add(token, user, { expires, valid });
      }
      return {
        status: 201,
        body: {
          kind: 'TokenRequest',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { name, namespace, creationTimestamp: seconds(now) },
          spec: { audiences, expirationSeconds: lifetime, boundObjectRef: spec.boundObjectRef ?? null },
          status: { token, expirationTimestamp: seconds(expires) },
        },
      };
    },
  };
}

/** A JSON Web Token (ES256). */
function signed(key: string, claims: object): string {
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const kid = createHash('sha256').update(key).digest('base64url');
  const content = `${encoded({ alg: 'ES256', kid })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(content), {
    key: createPrivateKey(key),
    dsaEncoding: 'ieee-p1363',
  });
  return `${content}.${signature.toString('base64url')}`;
}
