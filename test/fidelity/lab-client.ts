import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { parse } from 'yaml';
import type { Lab } from '../../src/lab/lab.ts';

/** An answer of a lab. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: unknown;
}

interface Kubeconfig {
  clusters: { cluster: { 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

/** Asks a lab as its admin; `body`, if given, is sent by POST. */
export function ask(lab: Lab, path: string, accept = 'application/json', body?: object): Promise<Answer> {
  const { clusters, users } = parse(lab.kubeconfig) as Kubeconfig;
  return new Promise((resolve, reject) => {
    const sent = request(`${lab.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ca: Buffer.from(clusters[0]!.cluster['certificate-authority-data'], 'base64'),
      headers: {
        accept,
        authorization: `Bearer ${users[0]!.user.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as unknown }),
      );
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
