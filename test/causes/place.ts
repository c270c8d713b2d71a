import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../src/cli/testing/run.ts';
import type { Diagnosis } from '../../src/diagnose/diagnose.ts';
import { type Lab, type LabOptions, startLab } from '../../src/lab/lab.ts';
import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../src/model/objects.ts';
import { versions } from '../../src/model/versions/index.ts';

export const since = (minor: number): string[] =>
  versions.filter((version) => version.minor >= minor).map(({ cnv }) => cnv);

/** Every release that the lab can be. */
export const releases = versions.map(({ cnv }) => cnv);

export interface Place {
  lab: Lab;
  send: (method: string, path: string, body?: unknown, type?: string) => Promise<{ status: number; body: unknown }>;
  patch: (path: string, body: unknown) => Promise<void>;
  /** Lets lab time pass. */
  pass: (seconds: number) => void;
  /** Lets lab time pass until something holds. */
  until: (holds: () => boolean, seconds?: number) => void;
  vmi: (namespace: string, name: string) => VirtualMachineInstance;
  /** Ids of all that `ferry diagnose` finds, the cause first, and its document. */
  diagnose: (...argv: string[]) => Promise<{ ids: string[]; document: Diagnosis; code: number }>;
}

const places: { lab: Lab; folder: string }[] = [];

afterEach(async () => {
  for (const { lab, folder } of places.splice(0)) {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(lab.faults).toEqual([]);
  }
});

export async function open(options: LabOptions = {}): Promise<Place> {
  const lab = await startLab({
    speed: 'stopped',
    startTime: Date.parse('2026-03-01T08:00:00Z'),
    seed: 'causes',
    ...options,
  });
  const folder = mkdtempSync(join(tmpdir(), 'ferry-causes-'));
  places.push({ lab, folder });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  const config = parse(lab.kubeconfig) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const ca = Buffer.from(config.clusters[0]!.cluster['certificate-authority-data'], 'base64');
  const send: Place['send'] = (method, path, body, type = 'application/json') =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${config.users[0]?.user.token}`, 'content-type': type };
      const sent = request(`${lab.url}${path}`, { method, headers, ca, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : text }),
        );
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    lab,
    send,
    patch: async (path, body) => {
      const { status, body: answer } = await send('PATCH', path, body, 'application/merge-patch+json');
      expect([path, status, status < 300 ? undefined : answer]).toEqual([path, 200, undefined]);
    },
    pass: (seconds) => {
      for (let step = 0; step < seconds; step++) lab.clock.advanceBy(1000);
    },
    until: (holds, seconds = 900) => {
      for (let step = 0; step < seconds; step++) {
        if (holds()) return;
        lab.clock.advanceBy(1000);
      }
      throw new Error('it never held');
    },
    vmi: (namespace, name) => lab.store.get<VirtualMachineInstance>(VMIS, namespace, name)!,
    diagnose: async (...argv) => {
      const ran = await run(['diagnose', ...argv, '-o', 'json', '--kubeconfig', kubeconfig], { env: { HOME: folder } });
      expect([argv.join(' '), ran.stderr]).toEqual([argv.join(' '), '']);
      const document = JSON.parse(ran.stdout) as Diagnosis;
      const ids = [document.cause, ...document.also].flatMap((found) => (found === undefined ? [] : [found.cause]));
      return { ids, document, code: ran.code };
    },
  };
}

export const VMIS = 'virtualmachineinstances.kubevirt.io';

export const MIGRATIONS = 'virtualmachineinstancemigrations.kubevirt.io';

export const NODES = '/api/v1/nodes';

export const vmPath = (namespace: string, name: string): string =>
  `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines/${name}`;

export const HCO = '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';

export const cordon = (place: Place, node: string): Promise<void> =>
  place.patch(`${NODES}/${node}`, { spec: { unschedulable: true } });

export function launcherOf(place: Place, namespace: string, name: string): Pod {
  const vmi = place.vmi(namespace, name);
  return place.lab.store
    .list<Pod>('pods', namespace)
    .find(
      ({ metadata, spec }) =>
        metadata.labels?.['kubevirt.io/created-by'] === vmi.metadata.uid && spec?.nodeName === vmi.status?.nodeName,
    )!;
}

/** As kubectl drain does, once. */
export function evict(place: Place, namespace: string, name: string): Promise<{ status: number; body: unknown }> {
  const { metadata } = launcherOf(place, namespace, name);
  return place.send('POST', `/api/v1/namespaces/${namespace}/pods/${metadata.name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: metadata.name, namespace },
  });
}

export function migrate(
  place: Place,
  namespace: string,
  name: string,
  more: object = {},
): Promise<{ status: number; body: unknown }> {
  return place.send('POST', `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstancemigrations`, {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { generateName: 'by-hand-', ...more },
    spec: { vmiName: name },
  });
}

export const WEB = ['shop', 'storefront-web-1'] as const;

export const ofWeb = ['storefront-web-1', '-n', 'shop'] as const;

export const migrationsOf = (place: Place, name: string): VirtualMachineInstanceMigration[] =>
  place.lab.store.list<VirtualMachineInstanceMigration>(MIGRATIONS).filter(({ spec }) => spec.vmiName === name);
