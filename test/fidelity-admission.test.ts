import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Lab } from '../src/lab/lab.ts';
import { startLab } from '../src/lab/lab.ts';
import { resources } from '../src/lab/resources.ts';
import type { KubeObject, Pod, VirtualMachineInstance } from '../src/model/objects.ts';
import { scenario, vm } from './fidelity/flows.ts';

// What virt-api refuses, and how: the recorded requests, sent to a lab of KubeVirt 1.9 with the same VMs.

const FOLDER = new URL('fixtures/admission/', import.meta.url);

interface Recording {
  request: { method: string; path: string; headers?: Record<string, string>; contentType?: string; body?: unknown };
  response: { status: number; contentType?: string; retryAfter?: string; body?: unknown };
}

const recorded = (name: string): Recording =>
  JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Recording;

let lab: Lab;
let send: (recording: Recording['request']) => Promise<{ status: number; headers: NodeJS.Dict<unknown>; text: string }>;

/** The recorded condition of a VMI that cannot migrate; what the lab would find itself is another test's matter. */
function unmovable(name: string): void {
  const { message } = recorded(name === 'pinned' ? 'reject-not-migratable' : 'reject-not-migratable-nic').response
    .body as { message: string };
  const [, reason, said] = /Reason: (\w+), Message: (.*)/s.exec(message)!;
  const vmi = lab.store.get<VirtualMachineInstance>(resources.vmis, 'vms', name)!;
  const conditions = (vmi.status?.conditions ?? []).filter(({ type }) => type !== 'LiveMigratable');
  const condition = { type: 'LiveMigratable', status: 'False' as const, reason: reason!, message: said! };
  lab.store.update(resources.vmis, {
    ...vmi,
    status: { ...vmi.status, conditions: [...conditions, condition] },
  });
}

beforeAll(async () => {
  lab = await startLab({ scenario, cnv: 'next', speed: 'stopped', startTime: Date.parse('2026-11-22T20:30:00Z') });
  for (const name of ['web01', 'web02', 'web07', 'web09', 'prod1', 'pinned', 'nm2'])
    lab.store.create(resources.vms, vm(name));
  lab.clock.runUntilIdle();
  const config = parse(lab.kubeconfig) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  send = ({ method, path, headers = {}, contentType, body }) =>
    new Promise((resolve, reject) => {
      const sent = request(`${server}${path}`, {
        method,
        ca: Buffer.from(ca, 'base64'),
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${config.users[0]!.user.token}`,
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
          ...headers,
        },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
});

/** The recording ran without a HyperConverged, which opens feature gates. */
function closeGates(): void {
  const [kubevirt] = lab.store.list<KubeObject & { spec: { configuration: object } }>(resources.kubeVirts);
  const configuration = { ...kubevirt!.spec.configuration, developerConfiguration: { featureGates: [] } };
  lab.store.update(resources.kubeVirts, { ...kubevirt!, spec: { ...kubevirt!.spec, configuration } });
}

/** ra-1 of web01, in flight. */
async function inFlight(): Promise<void> {
  if (lab.store.get(resources.migrations, 'vms', 'ra-1') !== undefined) return;
  await send({
    method: 'POST',
    path: '/apis/kubevirt.io/v1/namespaces/vms/virtualmachineinstancemigrations',
    contentType: 'application/json',
    body: {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name: 'ra-1', namespace: 'vms' },
      spec: { vmiName: 'web01' },
    },
  });
  lab.clock.advanceBy(1000);
  unmovable('pinned');
  unmovable('nm2');
}

afterAll(() => lab.stop());

/** Pods have other names here, and UIDs differ from run to run. */
function here(path: string): string {
  return path.replace(/virt-launcher-(\w+)-\w+/, (_, name: string) => {
    const pods = lab.store.list<Pod>(resources.pods, 'vms');
    return pods.find(({ metadata }) => metadata.name.startsWith(`virt-launcher-${name}-`))!.metadata.name;
  });
}

const normal = (text: string): string => text.replaceAll(/\([0-9a-f]{8}-[0-9a-f-]{27}\)/g, '(<uid>)');

/** In this order: some build on others. */
const ORDERED = [
  'reject-sendto-gate',
  'subresource-migrate-406',
  'subresource-migrate',
  'subresource-migrate-again',
  'evict-first',
  'evict-second',
];
const all = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

describe('virt-api answers as it was recorded', () => {
  test.each([...ORDERED, ...all.filter((name) => !ORDERED.includes(name))])('%s', async (name) => {
    if (name === 'reject-sendto-gate') closeGates();
    else await inFlight();
    const { request: asked, response } = recorded(name);
    const answer = await send({ ...asked, path: here(asked.path) });
    expect(answer.status, answer.text).toBe(response.status);
    expect(answer.headers['content-type']).toBe(response.contentType);
    expect(answer.headers['retry-after']).toBe(response.retryAfter);
    const { body = '' } = response;
    const given: unknown = typeof body === 'string' ? answer.text : JSON.parse(normal(answer.text));
    expect(given).toEqual(typeof body === 'string' ? body : JSON.parse(normal(JSON.stringify(body))));
    expect(lab.faults).toEqual([]);
  });
});
