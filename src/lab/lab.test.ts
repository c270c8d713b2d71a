import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { type Lab, type LabOptions, startLab } from './lab.ts';
import { resources } from './resources.ts';

const running: Lab[] = [];

async function start(options: LabOptions): Promise<Lab> {
  const lab = await startLab(options);
  running.push(lab);
  return lab;
}

afterEach(async () => {
  for (const lab of running.splice(0)) {
    await lab.stop();
    expect(lab.faults).toEqual([]);
  }
});

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

/** A request as a user of the lab's kubeconfig; over TLS that is verified. */
function call(
  lab: Lab,
  method: string,
  path: string,
  body?: unknown,
  user = 0,
): Promise<{ status: number; text: string }> {
  const config = parse(lab.kubeconfig) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${config.users[user]?.user.token}`,
      accept: 'application/json, */*',
      'content-type': 'application/json',
    };
    const sent = request(`${server}${path}`, { method, headers, ca: Buffer.from(ca, 'base64') }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function get<T>(lab: Lab, path: string): Promise<T> {
  const { status, text } = await call(lab, 'GET', path);
  expect([path, status]).toEqual([path, 200]);
  return JSON.parse(text) as T;
}

const VMIMS = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations';
const vmim = (name: string, vmiName: string) => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstanceMigration',
  metadata: { name },
  spec: { vmiName },
});

/** Resolves when something in the store holds. */
function reached(lab: Lab, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = lab.store.subscribe(() => {
      if (!holds()) return;
      stop();
      resolve();
    });
  });
}

const ended = (lab: Lab, name: string): Promise<void> =>
  reached(lab, () => {
    const migration = lab.store.get<VirtualMachineInstanceMigration>(resources.migrations, 'shop', name);
    return migration?.status?.migrationState?.completed === true && migration.metadata.finalizers === undefined;
  });

describe('a started lab', () => {
  test('migrates a VM from one POST to Succeeded', async () => {
    const lab = await start({ scenario: 'small', speed: 'max' });
    const done = ended(lab, 'm');
    expect((await call(lab, 'POST', VMIMS, vmim('m', 'orders-db'))).status).toBe(201);
    await done;
    const migration = await get<VirtualMachineInstanceMigration>(lab, `${VMIMS}/m`);
    expect(migration.status?.phaseTransitionTimestamps?.map(({ phase }) => phase)).toEqual([
      'Pending',
      'Scheduling',
      'Scheduled',
      'PreparingTarget',
      'TargetReady',
      'Running',
      'Succeeded',
    ]);
    const state = migration.status?.migrationState;
    const seconds = (Date.parse(state?.endTimestamp ?? '') - Date.parse(state?.startTimestamp ?? '')) / 1000;
    // 28 GiB that are not zero, at most at 10 Gb/s.
    expect(seconds).toBeGreaterThan((28 * 2 ** 30) / 1.25e9);
    expect(seconds).toBeLessThan(120);
  });

  test('gives up a VM that writes faster than it can be copied, with KubeVirt’s reason', async () => {
    const lab = await start({ scenario: 'small', speed: 'max' });
    const done = ended(lab, 'hot');
    await call(lab, 'POST', VMIMS, vmim('hot', 'session-cache'));
    await done;
    const state = (await get<VirtualMachineInstanceMigration>(lab, `${VMIMS}/hot`)).status?.migrationState;
    // 24Gi are 26 started GB, at 150 s each.
    expect(state).toMatchObject({
      failed: true,
      abortStatus: 'Succeeded',
      failureReason: 'Live migration is not completed after 3900 seconds and has been aborted',
    });
    expect(lab.store.get<VirtualMachineInstance>(resources.vmis, 'shop', 'session-cache')?.status).toMatchObject({
      phase: 'Running',
      nodeName: 'worker-1',
    });
  });

  test('tells progress through virt-handler’s metrics and the launcher’s log, and counts the traffic', async () => {
    const lab = await start({ scenario: 'small', speed: 20 });
    const copying = reached(
      lab,
      () =>
        lab.store.get<VirtualMachineInstance>(resources.vmis, 'shop', 'orders-db')?.status?.migrationState
          ?.startTimestamp !== undefined,
    );
    await call(lab, 'POST', VMIMS, vmim('m', 'orders-db'));
    await copying;
    const handlers = await get<{ items: { metadata: { name: string }; spec: { nodeName: string } }[] }>(
      lab,
      '/api/v1/namespaces/openshift-cnv/pods?labelSelector=kubevirt.io%3Dvirt-handler',
    );
    const handler = handlers.items.find(({ spec }) => spec.nodeName === 'worker-0')?.metadata.name ?? '';
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const name of [`https:${handler}:8443`, handler]) {
      const { text } = await call(lab, 'GET', `/api/v1/namespaces/openshift-cnv/pods/${name}/proxy/metrics`);
      const labels = '{node="worker-0",namespace="shop",name="orders-db"}';
      for (const metric of [
        'data_processed_bytes',
        'data_remaining_bytes',
        'data_total_bytes',
        'dirty_memory_rate_bytes',
        'disk_transfer_rate_bytes',
      ]) {
        expect(text).toContain(`kubevirt_vmi_migration_${metric}${labels}`);
      }
      expect(text).toMatch(
        /kubevirt_vmi_dirty_rate_bytes_per_second\{node="worker-0",namespace="shop",name="orders-db"[^}]*\} \d{6,}/,
      );
    }
    const state = lab.store.get<VirtualMachineInstance>(resources.vmis, 'shop', 'orders-db')?.status?.migrationState;
    const log = await call(lab, 'GET', `/api/v1/namespaces/shop/pods/${state?.sourcePod}/log?tailLines=5`);
    expect(log.text).toMatch(
      new RegExp(
        `Migration info for ${state?.migrationUid}: TimeElapsed:\\d+ms DataProcessed:\\d+MiB DataRemaining:\\d+MiB .* MemoryBandwidth:\\d+Mbps DirtyRate:\\d+Mbps Iteration:\\d+`,
      ),
    );
    const stats = await get<{ node: { network: { interfaces: { txBytes: number }[] } } }>(
      lab,
      '/api/v1/nodes/worker-0/proxy/stats/summary',
    );
    expect(stats.node.network.interfaces[0]?.txBytes).toBeGreaterThan(1e9);
    const handlerLog = await call(lab, 'GET', `/api/v1/namespaces/openshift-cnv/pods/${handler}/log`);
    expect(handlerLog.text).toContain('"component":"virt-handler"');
    expect(handlerLog.text).toContain('Migrating: VirtualMachineInstance is migrating.');
  });

  test('serves metrics.k8s.io for nodes and pods', async () => {
    const lab = await start({ scenario: 'small' });
    const nodes = await get<{ items: { metadata: { name: string }; usage: { cpu: string; memory: string } }[] }>(
      lab,
      '/apis/metrics.k8s.io/v1beta1/nodes',
    );
    expect(nodes.items.length).toBe(7);
    expect(nodes.items.every(({ usage }) => /^\d+m$/.test(usage.cpu) && /^\d+Ki$/.test(usage.memory))).toBe(true);
    const pods = await get<{ items: { containers: unknown[] }[] }>(
      lab,
      '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods',
    );
    expect(pods.items.length).toBe(7);
  });

  test('lets its viewer read and nothing else', async () => {
    const lab = await start({ scenario: 'sno' });
    expect((await call(lab, 'GET', '/api/v1/nodes', undefined, 1)).status).toBe(200);
    expect((await call(lab, 'POST', VMIMS.replace('shop', 'plant'), vmim('m', 'historian'), 1)).status).toBe(403);
  });

  test('writes a kubeconfig that only its owner can read, and takes the port it is given', async () => {
    const kubeconfigPath = join(mkdtempSync(join(tmpdir(), 'ferry-lab-')), 'kubeconfig');
    const first = await start({ scenario: 'sno', kubeconfigPath });
    expect(statSync(kubeconfigPath).mode & 0o777).toBe(0o600);
    expect(readFileSync(kubeconfigPath, 'utf8')).toBe(first.kubeconfig);
    const port = Number(new URL(first.url).port);
    await expect(startLab({ scenario: 'sno', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.stop();
    const second = await start({ scenario: 'sno', port });
    expect(second.url).toBe(first.url);
  });

  test('can be of any size', async () => {
    const lab = await start({ nodes: 40, vms: 500 });
    expect(lab.store.count(resources.vms)).toBe(500);
    expect(lab.store.count(resources.nodes)).toBe(43);
    await expect(startLab({ scenario: 'nosuch' })).rejects.toThrow('there is no scenario nosuch');
  });
});

describe('what is owned goes with its owner', () => {
  test('when a DaemonSet, or a namespace with running VMs, is deleted', async () => {
    const lab = await start({ scenario: 'small', speed: 'max' });
    const empty = reached(lab, () => lab.store.get('namespaces', undefined, 'lab-test') === undefined);
    expect((await call(lab, 'DELETE', '/api/v1/namespaces/lab-test')).status).toBe(200);
    await empty;
    for (const resource of [resources.vms, resources.vmis, resources.pods]) {
      expect([resource, lab.store.list(resource, 'lab-test').length]).toEqual([resource, 0]);
    }
    const handlers = (): number =>
      lab.store
        .list(resources.pods, 'openshift-cnv')
        .filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-handler').length;
    expect(handlers()).toBe(4);
    const none = reached(lab, () => handlers() === 0);
    await call(lab, 'DELETE', '/apis/apps/v1/namespaces/openshift-cnv/daemonsets/virt-handler');
    await none;
  });
});

describe("the lab's own paths", () => {
  const at = Date.parse('2026-05-01T00:00:00Z');

  test('tell the lab time', async () => {
    const lab = await start({ speed: 'stopped', startTime: at });
    expect(await get(lab, '/lab/v1/time')).toEqual({ now: '2026-05-01T00:00:00.000Z' });
  });

  test('are served as far as they are registered, by the methods they have', async () => {
    const lab = await start({ speed: 'stopped', startTime: at });
    expect((await call(lab, 'POST', '/lab/v1/time', {})).status).toBe(405);
    expect((await call(lab, 'GET', '/lab/v1/timer')).status).toBe(404);
    expect((await call(lab, 'POST', '/lab/v1/time', {}, 1)).status).toBe(403);
  });
});
