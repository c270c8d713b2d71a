import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 24 * 3600 * 1000;

/** PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface Authority {
  ca: string;
  issue: (subject: string, options?: { names?: string[]; expired?: boolean }) => Promise<Certificate>;
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

/** A certificate authority for servers and clients under test. */
export async function makeAuthority(name = 'test-ca'): Promise<Authority> {
  const keys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 10 * day),
    notAfter: new Date(Date.now() + 10 * day),
    extensions: [new x509.BasicConstraintsExtension(true)],
  });
  let serial = 1;
  return {
    ca: root.toString('pem'),
    async issue(subject, { names = ['127.0.0.1', 'localhost'], expired = false } = {}) {
      const own = await generateKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: (serial++).toString(16).padStart(2, '0'),
        subject,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        notBefore: new Date(Date.now() - 2 * day),
        notAfter: new Date(Date.now() + (expired ? -day : day)),
        extensions: [
          new x509.SubjectAlternativeNameExtension(
            names.map((value) => ({ type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const), value })),
          ),
        ],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
    },
  };
}
