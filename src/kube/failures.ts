import { ConnectionError, type KubeError, TlsError, type TlsProblem } from './errors.ts';

const tlsProblems: Record<string, TlsProblem> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  CERT_SIGNATURE_FAILURE: 'untrusted',
  CERT_REVOKED: 'untrusted',
  INVALID_CA: 'untrusted',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'hostname',
  EPROTO: 'protocol',
};

const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);

/** The typed error for what node's http, tls, net and dns throw. `connected`: the request may have been sent. */
export function connectionFailure(error: unknown, server: string, connected: boolean): KubeError {
  const code = codeOf(error);
  const problem = tlsProblems[code] ?? (/^ERR_(SSL|TLS)_/.test(code) ? 'protocol' : undefined);
  if (problem !== undefined) return new TlsError(tlsMessage(problem, code, server), problem, code);
  const maybeSent = connected && !neverSent.has(code);
  return new ConnectionError(connectionMessage(code, server, maybeSent), code, maybeSent);
}

function codeOf(error: unknown): string {
  // An address with several IPs fails with an AggregateError; its members say why.
  const cause = error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as unknown) : error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

function tlsMessage(problem: TlsProblem, code: string, server: string): string {
  switch (problem) {
    case 'untrusted':
      return `the certificate of ${server} is not signed by the certificate authority that the kubeconfig trusts`;
    case 'expired':
      return code === 'CERT_NOT_YET_VALID'
        ? `the certificate of ${server} is not valid yet`
        : `the certificate of ${server} has expired`;
    case 'hostname':
      return `the certificate of ${server} is for another host name`;
    default:
      return `no TLS connection with ${server} could be made (${code})`;
  }
}

function connectionMessage(code: string, server: string, maybeSent: boolean): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `the connection to ${server} was refused`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name of ${server} cannot be resolved`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `${server} cannot be reached (${code})`;
    default:
      return maybeSent ? `the connection to ${server} was lost (${code})` : `no connection to ${server} (${code})`;
  }
}
