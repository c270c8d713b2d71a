import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderDiagnosis } from '../src/cli/diagnose/render.ts';
import { run } from '../src/cli/testing/run.ts';
import type { Diagnosis } from '../src/diagnose/diagnose.ts';
import { type Lab, type LabOptions, startLab } from '../src/lab/lab.ts';
import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../src/model/objects.ts';
import { versions } from '../src/model/versions/index.ts';

// Causes of VMs, nodes and the cluster, produced in a lab through its API and its faults, and found by the command.
// The clock is the test's: nothing here waits.

const all = versions.map(({ cnv }) => cnv);
const since = (minor: number): string[] => versions.filter((version) => version.minor >= minor).map(({ cnv }) => cnv);
/** Of what no version changes: the oldest, the default, the newest. */
const some = ['4.17', '4.20', 'next'];

interface Place {
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

async function open(options: LabOptions = {}): Promise<Place> {
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

const VMIS = 'virtualmachineinstances.kubevirt.io';
const MIGRATIONS = 'virtualmachineinstancemigrations.kubevirt.io';
const NODES = '/api/v1/nodes';
const vmPath = (namespace: string, name: string): string =>
  `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines/${name}`;
const HCO = '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';
const KUBEVIRT = '/apis/kubevirt.io/v1/namespaces/openshift-cnv/kubevirts/kubevirt-kubevirt-hyperconverged';
const nads = (namespace: string): string =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions`;

const cordon = (place: Place, node: string): Promise<void> =>
  place.patch(`${NODES}/${node}`, { spec: { unschedulable: true } });

function launcherOf(place: Place, namespace: string, name: string): Pod {
  const vmi = place.vmi(namespace, name);
  return place.lab.store
    .list<Pod>('pods', namespace)
    .find(
      ({ metadata, spec }) =>
        metadata.labels?.['kubevirt.io/created-by'] === vmi.metadata.uid && spec?.nodeName === vmi.status?.nodeName,
    )!;
}

/** As kubectl drain does, once. */
function evict(place: Place, namespace: string, name: string): Promise<{ status: number; body: unknown }> {
  const { metadata } = launcherOf(place, namespace, name);
  return place.send('POST', `/api/v1/namespaces/${namespace}/pods/${metadata.name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: metadata.name, namespace },
  });
}

function migrate(
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

describe.each(all)('a healthy lab of OpenShift Virtualization %s', (cnv) => {
  test('has no cause', async () => {
    const place = await open({ cnv });
    expect((await place.diagnose('cluster')).ids).toEqual([]);
    expect((await place.diagnose('node/worker-0')).ids).toEqual([]);
    const vm = await place.diagnose('storefront-web-1', '-n', 'shop');
    expect([vm.ids, vm.code, vm.document.history]).toEqual([[], 0, []]);
  });
});

describe.each(all)('a drain in OpenShift Virtualization %s', (cnv) => {
  test('moves a VM, and the VM tells why it moved', async () => {
    const place = await open({ cnv });
    await cordon(place, 'worker-0');
    place.pass(2);
    expect((await evict(place, 'shop', 'storefront-web-1')).status).toBe(429);
    place.until(() => place.vmi('shop', 'storefront-web-1').status?.nodeName !== 'worker-0');
    place.pass(5);
    const { ids, document } = await place.diagnose('storefront-web-1', '-n', 'shop');
    const to = place.vmi('shop', 'storefront-web-1').status?.nodeName;
    expect(ids).toEqual(['moves/drain']);
    expect(document.history).toMatchObject([
      { kind: 'moved', from: 'worker-0', to, who: 'evacuation', trigger: 'drain' },
    ]);
  });

  test('waits for a VM that cannot be migrated', async () => {
    const place = await open({ cnv });
    expect((await place.diagnose('mail-relay', '-n', 'shop')).ids).not.toContain('drain/not-migratable');
    await cordon(place, 'worker-2');
    place.pass(2);
    expect((await place.diagnose('mail-relay', '-n', 'shop')).ids).toContain('drain/not-migratable');
    expect((await place.diagnose('node/worker-2')).ids[0]).toBe('drain/not-migratable');
  });
});

const WEB = ['shop', 'storefront-web-1'] as const;
const ofWeb = ['storefront-web-1', '-n', 'shop'] as const;

/** Changes web's template and restarts it, for what takes effect at the start only. */
async function restarted(place: Place, template: object): Promise<void> {
  const before = place.vmi(...WEB).metadata.uid;
  await place.patch(vmPath(...WEB), { spec: { template } });
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/shop/virtualmachines/${WEB[1]}/restart`;
  expect((await place.send('PUT', path, {})).status).toBe(202);
  place.until(() => {
    const vmi = place.lab.store.get<VirtualMachineInstance>(VMIS, ...WEB);
    return (
      vmi !== undefined &&
      vmi.metadata.uid !== before &&
      vmi.status?.phase !== undefined &&
      vmi.status.phase !== 'Pending' &&
      launched(vmi)
    );
  });
}

const launched = ({ status }: VirtualMachineInstance): boolean =>
  status?.phase === 'Running' ||
  (status?.conditions ?? []).some(({ type, status: value }) => type === 'PodScheduled' && value === 'False');

const migrationsOf = (place: Place, name: string): VirtualMachineInstanceMigration[] =>
  place.lab.store.list<VirtualMachineInstanceMigration>(MIGRATIONS).filter(({ spec }) => spec.vmiName === name);

const failedOf = (place: Place, name: string): number =>
  migrationsOf(place, name).filter(({ status }) => status?.phase === 'Failed').length;

describe.each(some)('a VM of OpenShift Virtualization %s', (cnv) => {
  test('that External leaves to others', async () => {
    const place = await open({ cnv });
    await restarted(place, { spec: { evictionStrategy: 'External' } });
    expect((await place.diagnose(...ofWeb)).ids).not.toContain('drain/external-strategy');
    expect((await evict(place, ...WEB)).status).toBe(429);
    expect((await place.diagnose(...ofWeb)).ids[0]).toBe('drain/external-strategy');
    const node = place.vmi(...WEB).status?.nodeName;
    expect((await place.diagnose(`node/${node}`)).ids[0]).toBe('drain/external-strategy');
  });

  test('that a budget keeps, and a drain restarts', async () => {
    const place = await open({ cnv });
    await restarted(place, { spec: { evictionStrategy: 'None' } });
    const node = place.vmi(...WEB).status?.nodeName ?? '';
    const budgets = '/apis/policy/v1/namespaces/shop/poddisruptionbudgets';
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'keep-web', namespace: 'shop' },
      spec: {
        minAvailable: 1,
        selector: { matchLabels: { 'kubevirt.io/created-by': place.vmi(...WEB).metadata.uid } },
      },
    };
    expect((await place.send('POST', budgets, budget)).status).toBe(201);
    place.pass(5);
    expect((await place.diagnose(...ofWeb)).ids).not.toContain('drain/disruption-budget');
    await cordon(place, node);
    place.pass(5);
    expect((await place.diagnose(...ofWeb)).ids).toContain('drain/disruption-budget');
    expect((await place.diagnose(`node/${node}`)).ids).toContain('drain/disruption-budget');
    expect((await place.send('DELETE', `${budgets}/keep-web`)).status).toBe(200);
    const before = place.vmi(...WEB).metadata.uid;
    expect((await evict(place, ...WEB)).status).toBe(201);
    place.until(() => {
      const vmi = place.lab.store.get<VirtualMachineInstance>(VMIS, ...WEB);
      return vmi !== undefined && vmi.metadata.uid !== before && vmi.status?.phase === 'Running';
    });
    expect((await place.diagnose(...ofWeb)).ids).toContain('vm/restarted-by-drain');
  });

  test('that is marked for eviction and fails to move again and again', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'target-crash', vm: 'shop/storefront-web-1' });
    expect((await evict(place, ...WEB)).status).toBe(429);
    expect((await place.diagnose(...ofWeb)).ids).not.toContain('drain/evacuation-stuck');
    place.until(() => failedOf(place, WEB[1]) === 1);
    expect((await place.diagnose(...ofWeb)).ids).toContain('drain/evacuation-stuck');
    expect((await place.diagnose(...ofWeb)).ids).not.toContain('moves/retry-loop');
    place.until(() => failedOf(place, WEB[1]) === 3);
    const { ids, document } = await place.diagnose(...ofWeb);
    expect(ids).toContain('moves/retry-loop');
    expect(document.history?.filter(({ kind }) => kind === 'failed')).toHaveLength(3);
  });

  test('that loses its disk', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'volume-detached', vm: 'shop/storefront-web-1', for: '5m' });
    expect((await place.diagnose(...ofWeb)).ids[0]).toBe('vm/io-error');
    place.pass(301);
    expect((await place.diagnose(...ofWeb)).ids).not.toContain('vm/io-error');
  });

  test('that no node can take', async () => {
    const place = await open({ cnv });
    await restarted(place, { spec: { nodeSelector: { disk: 'none-has-it' } } });
    expect((await place.diagnose(...ofWeb)).ids[0]).toBe('vm/no-node');
  });

  test('whose changes wait for a restart', async () => {
    const place = await open({ cnv });
    await place.patch(vmPath(...WEB), { spec: { template: { spec: { terminationGracePeriodSeconds: 17 } } } });
    place.pass(10);
    expect((await place.diagnose(...ofWeb)).ids).toEqual(['vm/restart-required']);
  });

  test('that a pod of an earlier migration keeps', async () => {
    const place = await open({ cnv });
    const { metadata, spec } = launcherOf(place, ...WEB);
    const created = await place.send('POST', '/api/v1/namespaces/shop/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'virt-launcher-storefront-web-1-stale', namespace: 'shop', labels: metadata.labels },
      spec: { nodeName: 'worker-3', containers: [{ name: 'compute', image: spec?.containers[0]?.image ?? 'x' }] },
    });
    expect(created.status).toBe(201);
    place.pass(10);
    expect((await place.diagnose(...ofWeb)).ids).toContain('vm/stale-launcher');
  });

  test('whose node is lost', async () => {
    const place = await open({ cnv });
    const before = place.vmi(...WEB);
    place.lab.injector.inject({ name: 'node-not-ready', node: 'worker-0' });
    place.pass(90);
    expect((await place.diagnose(...ofWeb)).ids).toContain('node/not-ready');
    expect((await place.diagnose('node/worker-0')).ids[0]).toBe('node/not-ready');
    expect((await place.diagnose('cluster')).ids[0]).toBe('node/not-ready');
    const pod = launcherOf(place, ...WEB);
    place.until(() => launcherOf(place, ...WEB).metadata.deletionTimestamp !== undefined);
    place.pass(200);
    await place.send('DELETE', `/api/v1/namespaces/shop/pods/${pod.metadata.name}?gracePeriodSeconds=0`);
    place.until(() => {
      const vmi = place.lab.store.get<VirtualMachineInstance>(VMIS, ...WEB);
      return vmi !== undefined && vmi.metadata.uid !== before.metadata.uid && vmi.status?.phase === 'Running';
    });
    expect((await place.diagnose(...ofWeb)).ids).toContain('vm/restarted-after-node-loss');
  });

  test('that is bridged to the pod network', async () => {
    const place = await open({ cnv });
    const { networks, domain } = place.vmi(...WEB).spec;
    const [{ masquerade: _, ...first } = { name: 'default' }] = domain.devices.interfaces ?? [];
    await restarted(place, {
      metadata: { annotations: { 'kubevirt.io/allow-pod-bridge-network-live-migration': '' } },
      spec: { networks, domain: { devices: { interfaces: [{ ...first, bridge: {} }] } } },
    });
    place.until(() => place.vmi(...WEB).status?.conditions?.some(({ type }) => type === 'LiveMigratable') === true);
    expect((await place.diagnose(...ofWeb)).ids).not.toContain('network/pod-bridge');
    const from = place.vmi(...WEB).status?.nodeName;
    expect((await migrate(place, ...WEB)).status).toBe(201);
    place.until(() => place.vmi(...WEB).status?.nodeName !== from);
    place.pass(5);
    expect((await place.diagnose(...ofWeb)).ids).toContain('network/pod-bridge');
  });

  test('that is moved four times in an hour', async () => {
    const place = await open({ cnv });
    for (let times = 1; times <= 4; times++) {
      const created = await migrate(place, ...WEB, { generateName: 'kubevirt-migrate-vm-' });
      expect(created.status).toBe(201);
      place.until(
        () => migrationsOf(place, WEB[1]).filter(({ status }) => status?.phase === 'Succeeded').length === times,
      );
      place.pass(60);
      if (times === 3) expect((await place.diagnose(...ofWeb)).ids).not.toContain('moves/again-and-again');
    }
    const { ids, document } = await place.diagnose(...ofWeb);
    expect(ids[0]).toBe('moves/again-and-again');
    expect(document.history?.map(({ kind, who }) => [kind, who])).toEqual(
      Array.from({ length: 4 }, () => ['moved', 'api']),
    );
  });

  test('that makes room for another', async () => {
    const place = await open({ cnv });
    const pod = launcherOf(place, ...WEB);
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'preempted.1', namespace: 'shop' },
      involvedObject: { kind: 'Pod', namespace: 'shop', name: pod.metadata.name, uid: pod.metadata.uid },
      type: 'Normal',
      reason: 'Preempted',
      message: 'Preempted by pod 0f1e on node worker-0',
      reportingComponent: 'default-scheduler',
      firstTimestamp: '2026-03-01T08:00:00Z',
      lastTimestamp: '2026-03-01T08:00:00Z',
    };
    expect((await place.send('POST', '/api/v1/namespaces/shop/events', event)).status).toBe(201);
    expect((await place.diagnose(...ofWeb)).ids[0]).toBe('vm/preempted');
    expect((await place.diagnose('storefront-web-2', '-n', 'shop')).ids).not.toContain('vm/preempted');
  });
});

describe.each(all.slice(0, -1))('an upgrade of OpenShift Virtualization %s', (cnv) => {
  test('moves VMs, and those that cannot be moved stay in the old launcher', async () => {
    const place = await open({ cnv });
    const next = all[all.indexOf(cnv) + 1];
    expect((await place.send('POST', '/lab/v1/upgrade', { cnv: next })).status).toBe(202);
    place.pass(10);
    expect((await place.diagnose('cluster')).ids).toContain('kubevirt/upgrade');
    const done = (): VirtualMachineInstanceMigration | undefined =>
      place.lab.store
        .list<VirtualMachineInstanceMigration>(MIGRATIONS)
        .find(({ status }) => status?.phase === 'Succeeded' && status.migrationState?.endTimestamp !== undefined);
    place.until(() => done() !== undefined, 2000);
    const { metadata, spec } = done()!;
    const cluster = await place.diagnose('cluster');
    expect(cluster.ids).toContain('moves/workload-updater');
    const moved = await place.diagnose(spec.vmiName ?? '', '-n', metadata.namespace ?? '');
    expect(moved.ids).toContain('moves/upgrade');
    expect(moved.document.history).toMatchObject([{ kind: 'moved', who: 'workload-update' }]);
    expect((await place.diagnose('mail-relay', '-n', 'shop')).ids).toContain('vm/outdated-launcher');
  });
});

describe.each(since(5))('a change of a running VM of OpenShift Virtualization %s', (cnv) => {
  test('moves it', async () => {
    const place = await open({ cnv });
    const { sockets = 1 } = place.vmi(...WEB).status?.currentCPUTopology ?? {};
    await place.patch(vmPath(...WEB), { spec: { template: { spec: { domain: { cpu: { sockets: sockets * 2 } } } } } });
    place.until(() => migrationsOf(place, WEB[1]).length > 0);
    expect((await place.diagnose(...ofWeb)).ids).toContain('moves/live-update');
  });
});

const MACVLAN = { cniVersion: '0.3.1', type: 'macvlan', master: 'enp4s0', mode: 'bridge' };
const RANGE = { type: 'whereabouts', range: '10.200.5.0/24' };

async function withNetwork(place: Place, config: object | undefined, namespace = 'openshift-cnv'): Promise<void> {
  const { body } = (await place.send('GET', HCO)) as { body: { spec: object } };
  expect(body.spec).toBeDefined();
  if (config !== undefined) {
    const nad = {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'mignet', namespace },
      spec: { config: JSON.stringify({ name: 'mignet', ...config }) },
    };
    expect((await place.send('POST', nads(namespace), nad)).status).toBe(201);
  }
  await place.patch(HCO, { spec: { liveMigrationConfig: { network: 'mignet' } } });
  place.pass(120);
}

/** The worker whose virt-handler does not get ready. */
const stuckNode = (place: Place): string =>
  place.lab.store
    .list<Pod>('pods', 'openshift-cnv')
    .find(
      ({ metadata, status }) =>
        metadata.labels?.['kubevirt.io'] === 'virt-handler' &&
        status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True',
    )?.spec?.nodeName ?? '';

describe.each(some)('a node of OpenShift Virtualization %s', (cnv) => {
  test.each<[string, string, object | undefined, string?]>([
    ['the network does not exist', 'handler/network-missing', undefined],
    ['the network is in another namespace', 'handler/network-missing', { ...MACVLAN, ipam: RANGE }, 'default'],
    ['the range is too small', 'handler/no-address-left', { ...MACVLAN, ipam: { ...RANGE, range: '10.200.5.0/30' } }],
    ['the NIC is not there', 'handler/network-fails', { ...MACVLAN, master: 'enp9s0', ipam: RANGE }],
    ['the interface has no address', 'handler/no-address', MACVLAN],
  ])('whose virt-handler does not start: %s', async (_, id, config, namespace) => {
    const place = await open({ cnv });
    await withNetwork(place, config, namespace);
    const { ids } = await place.diagnose('cluster');
    expect(ids[0]).toBe(id === 'handler/network-missing' ? 'network/attachment-missing' : id);
    expect((await place.diagnose(`node/${stuckNode(place)}`)).ids[0]).toBe(id);
  });

  test('that is on the migration network in the end, and not before', async () => {
    const place = await open({ cnv });
    await withNetwork(place, { ...MACVLAN, ipam: RANGE });
    const during = await place.diagnose('cluster');
    expect(during.ids).not.toContain('handler/network-missing');
    place.pass(600);
    expect((await place.diagnose('cluster')).ids).toEqual([]);
    await place.patch(HCO, { spec: { liveMigrationConfig: { network: 'other' } } });
    place.pass(60);
    expect((await place.diagnose(`node/${stuckNode(place)}`)).ids[0]).toBe('handler/network-missing');
  });

  test('whose virt-handler crashes', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'virt-handler-crash', node: 'worker-1' });
    place.pass(60);
    expect((await place.diagnose('node/worker-1')).ids[0]).toBe('handler/not-ready');
    expect((await place.diagnose('cluster')).ids[0]).toBe('handler/not-ready');
    expect((await place.diagnose('node/worker-0')).ids).toEqual([]);
  });

  test('whose virt-handler is rolled out', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'virt-handler-rollout' });
    place.pass(10);
    expect((await place.diagnose('cluster')).ids).toContain('handler/rollout');
    place.pass(900);
    expect((await place.diagnose('cluster')).ids).toEqual([]);
  });

  test('whose virt-handler reports the past', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'clock-skew', node: 'worker-1', by: '-10m' });
    place.pass(200);
    expect((await place.diagnose('node/worker-1')).ids).toContain('handler/silent');
    expect((await place.diagnose('node/worker-0')).ids).toEqual([]);
  });

  test('that was cordoned and forgotten', async () => {
    const place = await open({ cnv });
    await cordon(place, 'worker-1');
    place.pass(600);
    expect((await place.diagnose('node/worker-1')).ids).not.toContain('node/cordoned-and-forgotten');
    place.lab.clock.advanceBy(3_600_000);
    expect((await place.diagnose('node/worker-1')).ids).toContain('node/cordoned-and-forgotten');
  });

  test('that has the drain taint', async () => {
    const place = await open({ cnv });
    await place.patch(`${NODES}/worker-1`, { spec: { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] } });
    place.pass(2);
    expect((await place.diagnose('node/worker-1')).ids).toContain('node/drain-taint');
    place.until(() => migrationsOf(place, 'storefront-web-2').some(({ status }) => status?.phase === 'Succeeded'));
    place.pass(5);
    const { ids, document } = await place.diagnose('storefront-web-2', '-n', 'shop');
    expect([ids, document.history?.[0]?.trigger]).toEqual([['moves/drain'], 'drain-taint']);
  });

  test.each([
    [
      'moves/machine-config',
      'machine-config',
      { metadata: { annotations: { 'machineconfiguration.openshift.io/state': 'Working' } } },
    ],
    [
      'moves/cluster-autoscaler',
      'cluster-autoscaler',
      { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } },
    ],
  ])('that is emptied: %s', async (id, trigger, change) => {
    const place = await open({ cnv });
    await place.patch(`${NODES}/worker-0`, change);
    if (trigger === 'machine-config') {
      expect((await place.diagnose('node/worker-0')).ids).toEqual(['node/machine-config']);
      expect((await place.diagnose('cluster')).ids).toEqual(['node/machine-config']);
    }
    await cordon(place, 'worker-0');
    await evict(place, ...WEB);
    place.until(() => place.vmi(...WEB).status?.nodeName !== 'worker-0');
    place.pass(5);
    const { ids, document } = await place.diagnose(...ofWeb);
    expect([ids, document.history?.[0]?.trigger]).toEqual([[id], trigger]);
  });

  test('that more VMs are to leave than may', async () => {
    const place = await open({ cnv });
    for (const name of ['storefront-web-1', 'orders-db']) await migrate(place, 'shop', name);
    await migrate(place, 'lab-test', 'ci-runner-1');
    place.pass(6);
    expect((await place.diagnose('node/worker-0')).ids).toContain('node/outbound-slots');
    expect((await place.diagnose('node/worker-1')).ids).not.toContain('node/outbound-slots');
  });

  test('whose policy fails', async () => {
    const place = await open({ cnv });
    const policy = {
      apiVersion: 'nmstate.io/v1',
      kind: 'NodeNetworkConfigurationPolicy',
      metadata: { name: 'mig' },
      spec: {
        nodeSelector: { 'node-role.kubernetes.io/worker': '' },
        desiredState: {
          interfaces: [{ name: 'br-mig', type: 'linux-bridge', state: 'up', bridge: { port: [{ name: 'enp9s0' }] } }],
        },
      },
    };
    expect((await place.send('POST', '/apis/nmstate.io/v1/nodenetworkconfigurationpolicies', policy)).status).toBe(201);
    place.pass(60);
    const { ids, document } = await place.diagnose('cluster');
    expect(ids[0]).toBe('network/policy-failed');
    const failed = /failed on ([a-z0-9-]+)/.exec(document.cause?.message ?? '')?.[1] ?? '';
    expect((await place.diagnose(`node/${failed}`)).ids[0]).toBe('network/policy-failed');
  });
});

describe.each(some)('a cluster with OpenShift Virtualization %s', (cnv) => {
  test('that puts settings back', async () => {
    const place = await open({ cnv });
    await place.patch(KUBEVIRT, { spec: { configuration: { migrations: { parallelMigrationsPerCluster: 99 } } } });
    place.pass(10);
    expect((await place.diagnose('cluster')).ids).toContain('settings/reverted');
  });

  test('whose settings a patch overrides', async () => {
    const place = await open({ cnv });
    const patch = [{ op: 'add', path: '/spec/configuration/migrations/allowPostCopy', value: true }];
    await place.patch(HCO, { metadata: { annotations: { 'kubevirt.kubevirt.io/jsonpatch': JSON.stringify(patch) } } });
    place.pass(10);
    expect((await place.diagnose('cluster')).ids).toContain('settings/overridden');
  });

  test('whose settings have changed since', async () => {
    const place = await open({ cnv });
    await migrate(place, ...WEB);
    place.until(() =>
      migrationsOf(place, WEB[1]).some(({ status }) => status?.migrationState?.endTimestamp !== undefined),
    );
    place.pass(5);
    expect((await place.diagnose('cluster')).ids).toEqual([]);
    await place.patch(HCO, { spec: { liveMigrationConfig: { completionTimeoutPerGiB: 33 } } });
    place.pass(30);
    expect((await place.diagnose('cluster')).ids).toContain('settings/changed');
  });

  test('whose slots are held', async () => {
    const place = await open({ cnv });
    await place.patch(HCO, { spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 1 } } });
    place.pass(30);
    place.lab.injector.inject({ name: 'target-pending', vm: 'shop/storefront-web-1' });
    await migrate(place, ...WEB);
    place.pass(5);
    expect((await place.diagnose('cluster')).ids).not.toContain('queue/slots-held');
    await migrate(place, 'shop', 'search-index');
    place.pass(200);
    const { ids, document } = await place.diagnose('cluster');
    expect(ids).toContain('queue/slots-held');
    const found = [document.cause, ...document.also].find((each) => each?.cause === 'queue/slots-held');
    expect(found?.message).toMatch(/storefront-web-1 is in Scheduling for \d+ s/);
  });

  test('where a quota leaves no room', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'quota-exceeded', namespace: 'shop' });
    await migrate(place, ...WEB);
    place.pass(10);
    expect((await place.diagnose('cluster')).ids).toContain('quota/migrations-wait');
  });

  test('with a single node', async () => {
    const place = await open({ cnv, scenario: 'sno' });
    expect((await place.diagnose('cluster')).ids).toContain('cluster/single-node');
  });

  test.each(['virt-api', 'virt-controller'])('without %s', async (component) => {
    const place = await open({ cnv });
    const pods = place.lab.store
      .list<Pod>('pods', 'openshift-cnv')
      .filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === component);
    for (const [at, { metadata }] of pods.entries()) {
      if (at === 1) expect((await place.diagnose('cluster')).ids).toEqual([]);
      await place.patch(`/api/v1/namespaces/openshift-cnv/pods/${metadata.name}/status`, {
        status: { conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }] },
      });
    }
    expect((await place.diagnose('cluster')).ids[0]).toBe(`kubevirt/${component}-down`);
  });

  test("whose policy takes the node's own NIC", async () => {
    const place = await open({ cnv });
    const states = (await place.send('GET', '/apis/nmstate.io/v1beta1/nodenetworkstates')) as {
      body: { items: { status: { currentState: { interfaces: { name: string; controller?: string }[] } } }[] };
    };
    const own = states.body.items
      .flatMap(({ status }) => status.currentState.interfaces)
      .find(({ name, controller }) => controller === 'br-ex' && name !== 'br-ex')?.name;
    const policy = (name: string, port: string): object => ({
      apiVersion: 'nmstate.io/v1',
      kind: 'NodeNetworkConfigurationPolicy',
      metadata: { name },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': 'worker-0' },
        desiredState: {
          interfaces: [{ name: `br-${name}`, type: 'linux-bridge', state: 'up', bridge: { port: [{ name: port }] } }],
        },
      },
    });
    const path = '/apis/nmstate.io/v1/nodenetworkconfigurationpolicies';
    expect((await place.send('POST', path, policy('good', 'enp4s0'))).status).toBe(201);
    place.pass(30);
    expect((await place.diagnose('cluster')).ids).toEqual([]);
    expect((await place.send('POST', path, policy('bad', own ?? ''))).status).toBe(201);
    place.pass(300);
    expect((await place.diagnose('cluster')).ids).toEqual(
      expect.arrayContaining(['network/default-interface', 'network/policy-failed']),
    );
  });
});

describe.each(since(6))('the descheduler of OpenShift Virtualization %s', (cnv) => {
  test('moves VMs, and somebody else at the same time', async () => {
    const place = await open({ cnv });
    // worker-0 gets busier than the others.
    for (const [of, name] of [
      ['shop', 'storefront-web-1'],
      ['shop', 'orders-db'],
      ['lab-test', 'ci-runner-1'],
      ['shop', 'image-render'],
    ] as const) {
      await place.patch(vmPath(of, name), {
        spec: { template: { metadata: { annotations: { 'lab.ferry.run/cpu': '8' } } } },
      });
    }
    const namespace = 'openshift-kube-descheduler-operator';
    await place.send('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    const descheduler = {
      apiVersion: 'operator.openshift.io/v1',
      kind: 'KubeDescheduler',
      metadata: { name: 'cluster', namespace },
      spec: { mode: 'Automatic', deschedulingIntervalSeconds: 60, profiles: ['KubeVirtRelieveAndMigrate'] },
    };
    const path = `/apis/operator.openshift.io/v1/namespaces/${namespace}/kubedeschedulers`;
    expect((await place.send('POST', path, descheduler)).status).toBe(201);
    const list = (): VirtualMachineInstanceMigration[] =>
      place.lab.store.list<VirtualMachineInstanceMigration>(MIGRATIONS);
    place.until(() => list().some(({ status }) => status?.phase === 'Running'));
    const moving = list().find(({ status }) => status?.phase === 'Running')!;
    const { namespace: of = '', name } = moving.metadata;
    const vm = await place.diagnose(moving.spec.vmiName ?? '', '-n', of);
    expect([vm.ids.includes(since(7).includes(cnv) ? 'moves/descheduler' : 'moves/drain'), name]).toEqual([true, name]);
    expect((await place.diagnose('cluster')).ids).not.toContain('moves/two-balancers');
    await place.patch(`${NODES}/worker-3`, {
      metadata: { annotations: { 'machineconfiguration.openshift.io/state': 'Working' } },
    });
    expect((await place.diagnose('cluster')).ids).toContain('moves/two-balancers');
  });
});

test('who may read one namespace only gets its history, and is told what was not seen', async () => {
  const place = await open({ cnv: '4.20' });
  const user = { name: 'eve', roles: ['view'], namespace: 'shop' };
  const { status, body } = await place.send('POST', '/lab/v1/users', user);
  expect(status).toBe(201);
  await migrate(place, ...WEB);
  place.until(() =>
    migrationsOf(place, WEB[1]).some(({ status: now }) => now?.migrationState?.endTimestamp !== undefined),
  );
  const folder = mkdtempSync(join(tmpdir(), 'ferry-causes-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, (body as { kubeconfig: string }).kubeconfig, { mode: 0o600 });
  const ran = await run(['diagnose', ...ofWeb, '-o', 'json', '--kubeconfig', kubeconfig], { env: { HOME: folder } });
  rmSync(folder, { recursive: true, force: true });
  const document = JSON.parse(ran.stdout) as Diagnosis;
  expect(document.history).toMatchObject([{ kind: 'moved', who: 'user' }]);
  const unseen = document.unseen.map(({ what }) => what);
  // Events of nodes are elsewhere; those of the namespace were read.
  expect(unseen).toContain('nodes');
  expect(unseen).not.toContain('events');
});

test('the history is told in words', async () => {
  const place = await open({ cnv: '4.20' });
  await cordon(place, 'worker-0');
  place.pass(2);
  await evict(place, ...WEB);
  place.until(() => place.vmi(...WEB).status?.nodeName !== 'worker-0');
  place.pass(5);
  const { document } = await place.diagnose(...ofWeb);
  const [moved] = document.history ?? [];
  expect(renderDiagnosis(document)).toContain(
    `history:\n  ${moved?.at} moved from worker-0 to ${moved?.to}: worker-0 was cordoned and drained [${moved?.migration}]\n`,
  );
});

describe.each(some)('what is measured in OpenShift Virtualization %s', (cnv) => {
  test('a link that two migrations fill, and not one', async () => {
    const place = await open({ cnv });
    await place.patch(HCO, { spec: { liveMigrationConfig: { parallelOutboundMigrationsPerNode: 2 } } });
    place.pass(30);
    const runs = (name: string): boolean => migrationsOf(place, name).some(({ status }) => status?.phase === 'Running');
    await migrate(place, 'shop', 'orders-db');
    place.until(() => runs('orders-db'));
    place.pass(5);
    expect((await place.diagnose('node/worker-0')).ids).not.toContain('node/link-full');
    await migrate(place, ...WEB);
    place.until(() => runs(WEB[1]));
    place.pass(5);
    // Up to KubeVirt 1.4 memory goes over one connection, and two of those do not fill 10 Gbit/s.
    const full = (await place.diagnose('node/worker-0')).ids.includes('node/link-full');
    expect(full).toBe(since(5).includes(cnv));
  });

  test('a guest with dedicated CPUs that migrates', async () => {
    const place = await open({ cnv, scenario: 'hana' });
    const [vmi] = place.lab.store
      .list<VirtualMachineInstance>(VMIS)
      .filter(({ spec }) => spec.domain.cpu?.dedicatedCpuPlacement === true);
    const { namespace = '', name = '' } = vmi?.metadata ?? {};
    expect((await place.diagnose(name, '-n', namespace)).ids).not.toContain('vm/dedicated-cpus');
    await migrate(place, namespace, name);
    place.until(() => migrationsOf(place, name).some(({ status }) => status?.phase === 'Running'));
    const dedicated = (await place.diagnose(name, '-n', namespace)).ids.includes('vm/dedicated-cpus');
    expect(dedicated).toBe(true);
  });
});
