import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../src/cli/testing/run.ts';
import type { Diagnosis } from '../src/diagnose/diagnose.ts';
import { renderDiagnosis } from '../src/diagnose/render.ts';
import type { Node, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../src/model/objects.ts';
import { bytesOf } from '../src/model/quantity.ts';
import {
  cordon,
  evict,
  HCO,
  launcherOf,
  MIGRATIONS,
  migrate,
  migrationsOf,
  ofWeb,
  open,
  type Place,
  releases,
  since,
  VMIS,
  vmPath,
  WEB,
} from './causes/place.ts';
import { isOnly, lacks, leads, shows, witnesses } from './causes/witness.ts';
import { shownForVms } from './causes/witnessed.ts';

// Causes of VMs, nodes and the cluster, produced in a lab through its API and its faults, and found by the command.
// The clock is the test's: nothing here waits.

describe.each(releases)('a healthy lab of OpenShift Virtualization %s', (cnv) => {
  test('has no cause', async () => {
    const place = await open({ cnv });
    expect((await place.diagnose('cluster')).ids).toEqual([]);
    expect((await place.diagnose('node/worker-0')).ids).toEqual([]);
    const vm = await place.diagnose('storefront-web-1', '-n', 'shop');
    expect([vm.ids, vm.code, vm.document.history]).toEqual([[], 0, []]);
  });
});

describe.each(releases)('a drain in OpenShift Virtualization %s', (cnv) => {
  test('moves a VM, and the VM tells why it moved', async () => {
    const place = await open({ cnv });
    await cordon(place, 'worker-0');
    place.pass(2);
    expect((await evict(place, 'shop', 'storefront-web-1')).status).toBe(429);
    place.until(() => place.vmi('shop', 'storefront-web-1').status?.nodeName !== 'worker-0');
    place.pass(5);
    const told = await place.diagnose('storefront-web-1', '-n', 'shop');
    const to = place.vmi('shop', 'storefront-web-1').status?.nodeName;
    isOnly(told, 'moves/drain');
    lacks(
      told,
      'moves/machine-config',
      'moves/cluster-autoscaler',
      'moves/descheduler',
      'moves/upgrade',
      'moves/live-update',
    );
    expect(told.document.history).toMatchObject([
      { kind: 'moved', from: 'worker-0', to, who: 'evacuation', trigger: 'drain' },
    ]);
  });

  test('is nothing that a user asked for', async () => {
    const place = await open({ cnv });
    await migrate(place, ...WEB);
    place.until(() => place.vmi(...WEB).status?.nodeName !== 'worker-0');
    place.pass(5);
    lacks(await place.diagnose(...ofWeb), 'moves/drain');
    lacks(await place.diagnose('cluster'), 'moves/workload-updater');
  });

  test('waits for a VM that cannot be migrated', async () => {
    const place = await open({ cnv });
    lacks(await place.diagnose('mail-relay', '-n', 'shop'), 'drain/not-migratable');
    await cordon(place, 'worker-2');
    place.pass(2);
    shows(await place.diagnose('mail-relay', '-n', 'shop'), 'drain/not-migratable');
    leads(await place.diagnose('node/worker-2'), 'drain/not-migratable');
  });
});

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

const failedOf = (place: Place, name: string): number =>
  migrationsOf(place, name).filter(({ status }) => status?.phase === 'Failed').length;

describe.each(releases)('a VM of OpenShift Virtualization %s', (cnv) => {
  test('that External leaves to others', async () => {
    const place = await open({ cnv });
    await restarted(place, { spec: { evictionStrategy: 'External' } });
    lacks(await place.diagnose(...ofWeb), 'drain/external-strategy');
    expect((await evict(place, ...WEB)).status).toBe(429);
    leads(await place.diagnose(...ofWeb), 'drain/external-strategy');
    const node = place.vmi(...WEB).status?.nodeName;
    leads(await place.diagnose(`node/${node}`), 'drain/external-strategy');
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
    lacks(await place.diagnose(...ofWeb), 'drain/disruption-budget');
    await cordon(place, node);
    place.pass(5);
    shows(await place.diagnose(...ofWeb), 'drain/disruption-budget');
    shows(await place.diagnose(`node/${node}`), 'drain/disruption-budget');
    expect((await place.send('DELETE', `${budgets}/keep-web`)).status).toBe(200);
    const before = place.vmi(...WEB).metadata.uid;
    expect((await evict(place, ...WEB)).status).toBe(201);
    place.until(() => {
      const vmi = place.lab.store.get<VirtualMachineInstance>(VMIS, ...WEB);
      return vmi !== undefined && vmi.metadata.uid !== before && vmi.status?.phase === 'Running';
    });
    shows(await place.diagnose(...ofWeb), 'vm/restarted-by-drain');
  });

  test('that is marked for eviction and fails to move again and again', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'target-crash', vm: 'shop/storefront-web-1' });
    expect((await evict(place, ...WEB)).status).toBe(429);
    lacks(await place.diagnose(...ofWeb), 'drain/evacuation-stuck');
    place.until(() => failedOf(place, WEB[1]) === 1);
    shows(await place.diagnose(...ofWeb), 'drain/evacuation-stuck');
    lacks(await place.diagnose(...ofWeb), 'moves/retry-loop');
    place.until(() => failedOf(place, WEB[1]) === 3);
    const told = await place.diagnose(...ofWeb);
    shows(told, 'moves/retry-loop');
    expect(told.document.history?.filter(({ kind }) => kind === 'failed')).toHaveLength(3);
  });

  test('that loses its disk', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'volume-detached', vm: 'shop/storefront-web-1', for: '5m' });
    leads(await place.diagnose(...ofWeb), 'vm/io-error');
    place.pass(301);
    lacks(await place.diagnose(...ofWeb), 'vm/io-error');
  });

  test('that no node can take', async () => {
    const place = await open({ cnv });
    await restarted(place, { spec: { nodeSelector: { 'kubernetes.io/hostname': 'worker-1' } } });
    lacks(await place.diagnose(...ofWeb), 'vm/no-node');
    await restarted(place, { spec: { nodeSelector: { disk: 'none-has-it' } } });
    leads(await place.diagnose(...ofWeb), 'vm/no-node');
  });

  test('whose changes wait for a restart', async () => {
    const place = await open({ cnv });
    await place.patch(vmPath(...WEB), { spec: { template: { metadata: { annotations: { of: 'tests' } } } } });
    place.pass(10);
    lacks(await place.diagnose(...ofWeb), 'vm/restart-required');
    await place.patch(vmPath(...WEB), { spec: { template: { spec: { terminationGracePeriodSeconds: 17 } } } });
    place.pass(10);
    isOnly(await place.diagnose(...ofWeb), 'vm/restart-required');
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
    shows(await place.diagnose(...ofWeb), 'vm/stale-launcher');
    await place.patch('/api/v1/namespaces/shop/pods/virt-launcher-storefront-web-1-stale/status', {
      status: { phase: 'Succeeded' },
    });
    lacks(await place.diagnose(...ofWeb), 'vm/stale-launcher');
  });

  test('whose node is lost', async () => {
    const place = await open({ cnv });
    const before = place.vmi(...WEB);
    place.lab.injector.inject({ name: 'node-not-ready', node: 'worker-0' });
    place.pass(90);
    shows(await place.diagnose(...ofWeb), 'node/not-ready');
    leads(await place.diagnose('node/worker-0'), 'node/not-ready');
    leads(await place.diagnose('cluster'), 'node/not-ready');
    lacks(await place.diagnose('node/worker-1'), 'node/not-ready');
    const pod = launcherOf(place, ...WEB);
    place.until(() => launcherOf(place, ...WEB).metadata.deletionTimestamp !== undefined);
    place.pass(200);
    await place.send('DELETE', `/api/v1/namespaces/shop/pods/${pod.metadata.name}?gracePeriodSeconds=0`);
    place.until(() => {
      const vmi = place.lab.store.get<VirtualMachineInstance>(VMIS, ...WEB);
      return vmi !== undefined && vmi.metadata.uid !== before.metadata.uid && vmi.status?.phase === 'Running';
    });
    shows(await place.diagnose(...ofWeb), 'vm/restarted-after-node-loss');
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
    const started = await place.diagnose(...ofWeb);
    lacks(started, 'network/pod-bridge', 'vm/restarted-by-drain', 'vm/restarted-after-node-loss');
    const from = place.vmi(...WEB).status?.nodeName;
    expect((await migrate(place, ...WEB)).status).toBe(201);
    place.until(() => place.vmi(...WEB).status?.nodeName !== from);
    place.pass(5);
    shows(await place.diagnose(...ofWeb), 'network/pod-bridge');
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
      if (times === 3) lacks(await place.diagnose(...ofWeb), 'moves/again-and-again');
    }
    const told = await place.diagnose(...ofWeb);
    leads(told, 'moves/again-and-again');
    expect(told.document.history?.map(({ kind, who }) => [kind, who])).toEqual(
      Array.from({ length: 4 }, () => ['moved', 'api']),
    );
  });

  test('that makes room for another', async () => {
    const place = await open({ cnv });
    const priority = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'urgent' },
      value: 1000,
    };
    expect((await place.send('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', priority)).status).toBe(201);
    const node = place.vmi(...WEB).status?.nodeName ?? '';
    const batch = (name: string, memory: string): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop' },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': node },
        priorityClassName: 'urgent',
        containers: [{ name: 'batch', image: 'batch', resources: { requests: { memory } } }],
      },
    });
    expect((await place.send('POST', '/api/v1/namespaces/shop/pods', batch('small', '1Gi'))).status).toBe(201);
    place.pass(60);
    lacks(await place.diagnose(...ofWeb), 'vm/preempted');
    const allocatable = place.lab.store.get<Node>('nodes', undefined, node)?.status?.allocatable?.['memory'];
    const most = batch('big', String(bytesOf(allocatable ?? '0') - 8 * 2 ** 30));
    expect((await place.send('POST', '/api/v1/namespaces/shop/pods', most)).status).toBe(201);
    place.pass(120);
    leads(await place.diagnose(...ofWeb), 'vm/preempted');
    lacks(await place.diagnose('storefront-web-2', '-n', 'shop'), 'vm/preempted');
    expect(place.vmi(...WEB).status?.nodeName).not.toBe(node);
  });
});

describe.each(releases.slice(0, -1))('an upgrade of OpenShift Virtualization %s', (cnv) => {
  test('moves VMs, and those that cannot be moved stay in the old launcher', async () => {
    const place = await open({ cnv });
    const next = releases[releases.indexOf(cnv) + 1];
    await place.patch(HCO, { spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 6 } } });
    place.pass(30);
    lacks(await place.diagnose('cluster'), 'kubevirt/upgrade');
    expect((await place.send('POST', '/lab/v1/upgrade', { cnv: next })).status).toBe(202);
    place.pass(10);
    shows(await place.diagnose('cluster'), 'kubevirt/upgrade');
    const done = (): VirtualMachineInstanceMigration | undefined =>
      place.lab.store
        .list<VirtualMachineInstanceMigration>(MIGRATIONS)
        .find(({ status }) => status?.phase === 'Succeeded' && status.migrationState?.endTimestamp !== undefined);
    place.until(() => done() !== undefined, 2000);
    const { metadata, spec } = done()!;
    const cluster = await place.diagnose('cluster');
    shows(cluster, 'moves/workload-updater');
    const moved = await place.diagnose(spec.vmiName ?? '', '-n', metadata.namespace ?? '');
    shows(moved, 'moves/upgrade');
    lacks(moved, 'vm/outdated-launcher');
    expect(moved.document.history).toMatchObject([{ kind: 'moved', who: 'workload-update' }]);
    shows(await place.diagnose('mail-relay', '-n', 'shop'), 'vm/outdated-launcher');
  });
});

describe.each(since(5))('a change of a running VM of OpenShift Virtualization %s', (cnv) => {
  test('moves it', async () => {
    const place = await open({ cnv });
    const { sockets = 1 } = place.vmi(...WEB).status?.currentCPUTopology ?? {};
    await place.patch(vmPath(...WEB), { spec: { template: { spec: { domain: { cpu: { sockets: sockets * 2 } } } } } });
    place.until(() => migrationsOf(place, WEB[1]).length > 0);
    shows(await place.diagnose(...ofWeb), 'moves/live-update');
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

witnesses(shownForVms);
