import { Agent, request } from 'node:https';
import { afterEach, expect, test } from 'vitest';
import { type Lab, startLab } from './lab.ts';

// HyperConverged of a whole lab, through its kubeconfig.

let lab: Lab | undefined;

afterEach(async () => {
  await lab?.stop();
  expect(lab?.faults).toEqual([]);
});

interface Answer {
  status: number;
  body: { spec: Record<string, unknown>; message?: string };
}

function send(method: string, path: string, body?: unknown): Promise<Answer> {
  const { url, kubeconfig } = lab!;
  const field = (name: string): string => new RegExp(`${name}: (\\S+)`).exec(kubeconfig)?.[1] ?? '';
  const ca = Buffer.from(field('certificate-authority-data'), 'base64').toString();
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      {
        method,
        agent: new Agent({ ca }),
        headers: { authorization: `Bearer ${field('token')}`, 'content-type': 'application/merge-patch+json' },
      },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const HCO = 'namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';
const KUBEVIRT = '/apis/kubevirt.io/v1/namespaces/openshift-cnv/kubevirts/kubevirt-kubevirt-hyperconverged';
const migrations = async (): Promise<unknown> =>
  ((await send('GET', KUBEVIRT)).body.spec['configuration'] as Record<string, unknown>)['migrations'];

test.each([
  ['4.22', 150],
  ['next', 20],
])(
  'in a lab with OpenShift Virtualization %s both versions show one HyperConverged, whose settings prevail',
  async (cnv, timeout) => {
    lab = await startLab({ scenario: 'small', cnv, speed: 'stopped', startTime: Date.parse('2026-03-01T08:00:00Z') });
    const v1 = `/apis/hco.kubevirt.io/v1/${HCO}`;
    const v1beta1 = `/apis/hco.kubevirt.io/v1beta1/${HCO}`;
    expect((await send('GET', v1beta1)).body.spec['liveMigrationConfig']).toMatchObject({
      completionTimeoutPerGiB: timeout,
    });
    const patch = { spec: { virtualization: { liveMigrationConfig: { parallelMigrationsPerCluster: 12 } } } };
    expect((await send('PATCH', v1, patch)).status).toBe(200);
    expect((await send('GET', v1beta1)).body.spec['liveMigrationConfig']).toMatchObject({
      parallelMigrationsPerCluster: 12,
    });
    lab.clock.advanceBy(5000);
    expect(await migrations()).toMatchObject({ parallelMigrationsPerCluster: 12, completionTimeoutPerGiB: timeout });
    const edit = { spec: { configuration: { migrations: { parallelMigrationsPerCluster: 99 } } } };
    expect((await send('PATCH', KUBEVIRT, edit)).status).toBe(200);
    lab.clock.advanceBy(5000);
    expect(await migrations()).toMatchObject({ parallelMigrationsPerCluster: 12 });
  },
);
