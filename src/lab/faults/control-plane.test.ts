import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Deployment, KubeVirt, Node, Pod, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { conditionOf } from '../controllers/conditions.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { type FaultLab, faultLab } from './testing.ts';

let lab: FaultLab;

beforeEach(async () => {
  lab = await faultLab();
});

afterEach(async () => {
  await lab.stop();
  expect(lab.faults).toEqual([]);
});

const MIGRATIONS = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations';

function migrate(name: string, in_ = lab): Promise<{ status: number; text: string }> {
  return in_.ask('POST', MIGRATIONS, {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name },
    spec: { vmiName: 'storefront-web-1' },
  });
}

const migration = (name: string): VirtualMachineInstanceMigration =>
  lab.store.get<VirtualMachineInstanceMigration>(resources.migrations, 'shop', name)!;
const pods = (component: string): Pod[] =>
  lab.store
    .list<Pod>(resources.pods, CNV_NAMESPACE)
    .filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === component);
const lease = (): { holderIdentity: string; renewTime: string; leaseTransitions: number } =>
  (lab.store.get(resources.leases, CNV_NAMESPACE, 'virt-controller') as never as { spec: never }).spec;
const deployment = (name: string): Deployment => lab.store.get<Deployment>(resources.deployments, CNV_NAMESPACE, name)!;
const kubeVirt = (type: string): string | undefined => {
  const [found] = lab.store.list<KubeVirt>(resources.kubeVirts);
  const condition = conditionOf(found?.status?.conditions, type);
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
};

/** Advances until a migration has succeeded. */
function finish(name: string): void {
  for (let step = 0; step < 3000 && migration(name).status?.phase !== 'Succeeded'; step++) lab.clock.advanceBy(100);
  expect(migration(name).status?.phase).toBe('Succeeded');
}

describe('virt-controller-crash', () => {
  test('leaves a migration without a phase, lets the lease run out, and goes on afterwards', async () => {
    const { id } = lab.inject('virt-controller-crash');
    lab.clock.advanceBy(1000);
    const renewed = lease().renewTime;
    expect((await migrate('waits')).status).toBe(201);
    lab.clock.advanceBy(120_000);
    expect(migration('waits').status?.phase).toBeUndefined();
    expect(lab.store.list<Pod>(resources.pods, 'shop').filter(({ status }) => status?.phase === 'Pending')).toEqual([]);
    expect(lease().renewTime).toBe(renewed);
    expect(pods('virt-controller').map(isReadyPod)).toEqual([false, false]);
    const waiting = pods('virt-controller').map(({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason);
    expect(waiting).toEqual(['CrashLoopBackOff', 'CrashLoopBackOff']);
    expect(deployment('virt-controller').status).toMatchObject({
      replicas: 2,
      readyReplicas: 0,
      unavailableReplicas: 2,
    });
    expect(kubeVirt('Available')).toMatch(/^False DeploymentInProgress: Deploying version v1\.6/);
    lab.injector.clear(id);
    finish('waits');
    expect(kubeVirt('Available')).toBe('True AllComponentsReady: All components are ready.');
    expect(deployment('virt-controller').status).toMatchObject({ readyReplicas: 2 });
  });

  test('of the leader alone costs the time that its lease still runs, and another one leads', async () => {
    const before = lease();
    lab.inject('virt-controller-crash', { count: '1' });
    expect(pods('virt-controller').find((pod) => !isReadyPod(pod))?.metadata.name).toBe(before.holderIdentity);
    expect((await migrate('soon')).status).toBe(201);
    lab.clock.advanceBy(3000);
    expect(migration('soon').status?.phase).toBeUndefined();
    lab.clock.advanceBy(15_000);
    expect(migration('soon').status?.phase).toBeDefined();
    expect(lease().holderIdentity).not.toBe(before.holderIdentity);
    expect(lease().leaseTransitions).toBe(before.leaseTransitions + 1);
    expect(kubeVirt('Available')).toMatch(/^True/);
  });

  test('does not stop a migration that copies; it ends when virt-controller is back', async () => {
    expect((await migrate('copies')).status).toBe(201);
    while (migration('copies').status?.phase !== 'Running') lab.clock.advanceBy(100);
    const { id } = lab.inject('virt-controller-crash');
    lab.clock.advanceBy(300_000);
    expect(migration('copies').status?.phase).toBe('Running');
    expect(lab.store.get(resources.vmis, 'shop', 'storefront-web-1')).toMatchObject({
      status: { migrationState: { completed: true } },
    });
    lab.injector.clear(id);
    finish('copies');
  });

  test('takes a cluster whose pods were deleted, too: those that replace them crash', () => {
    const { id } = lab.inject('virt-controller-crash');
    for (const { metadata } of pods('virt-controller')) {
      lab.store.delete(resources.pods, CNV_NAMESPACE, metadata.name);
    }
    lab.clock.advanceBy(60_000);
    expect(pods('virt-controller').map(isReadyPod)).toEqual([false, false]);
    lab.injector.clear(id);
    lab.clock.advanceBy(60_000);
    expect(pods('virt-controller').map(isReadyPod)).toEqual([true, true]);
  });
});

const drain = (): void => {
  const node = lab.store.get<Node>(resources.nodes, undefined, 'worker-0')!;
  lab.store.update(resources.nodes, {
    ...node,
    spec: { ...node.spec, taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] },
  });
};
const refused = (): string[] =>
  lab.store
    .list(resources.events)
    .flatMap((event) =>
      'message' in event && String(event.message).startsWith('Error creating') ? [String(event.message)] : [],
    );
const evacuations = (): VirtualMachineInstanceMigration[] =>
  lab.store
    .list<VirtualMachineInstanceMigration>(resources.migrations)
    .filter(({ metadata }) => metadata.name.startsWith('kubevirt-evacuation-'));

describe('certificate-expired', () => {
  test('makes the webhooks of a virt-api that is ready fail, and is over with its pods', async () => {
    lab.inject('certificate-expired');
    lab.clock.advanceBy(30_000);
    const answer = await migrate('refused');
    expect([answer.status, (JSON.parse(answer.text) as { message: string }).message]).toEqual([
      500,
      expect.stringMatching(
        /migration-mutate-create\?timeout=10s": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time \S+Z is after \S+Z$/,
      ),
    ]);
    expect(pods('virt-api').map(isReadyPod)).toEqual([true, true]);
    expect(await lab.ask('GET', '/apis/subresources.kubevirt.io/v1')).toMatchObject({ status: 503 });
    drain();
    lab.clock.advanceBy(30_000);
    expect(refused().at(-1)).toContain('x509: certificate has expired');
    for (const { metadata } of pods('virt-api')) lab.store.delete(resources.pods, CNV_NAMESPACE, metadata.name);
    lab.clock.advanceBy(300_000);
    expect((await migrate('again')).status).toBe(201);
    expect(evacuations()).not.toEqual([]);
  });

  test('ends with it', async () => {
    const { id } = lab.inject('certificate-expired');
    expect((await migrate('refused')).status).toBe(500);
    lab.injector.clear(id);
    expect((await migrate('again')).status).toBe(201);
    finish('again');
  });
});

describe('virt-api-crash', () => {
  test('makes its webhooks fail as the API server words it, and its aggregated API unavailable', async () => {
    lab.inject('virt-api-crash');
    const refused = await migrate('refused');
    expect(refused.status).toBe(500);
    expect(JSON.parse(refused.text)).toMatchObject({
      reason: 'InternalError',
      message:
        'Internal error occurred: failed calling webhook "migrations-mutator.kubevirt.io": failed to call webhook: Post "https://virt-api.openshift-cnv.svc:443/migration-mutate-create?timeout=10s": no endpoints available for service "virt-api"',
    });
    const base = '/apis/subresources.kubevirt.io/v1';
    for (const [method, path] of [
      ['PUT', `${base}/namespaces/shop/virtualmachines/storefront-web-1/restart`],
      ['GET', base],
    ] as const) {
      expect(await lab.ask(method, path)).toMatchObject({ status: 503, text: 'service unavailable\n' });
    }
    expect((await lab.ask('GET', '/apis/kubevirt.io/v1/namespaces/shop/virtualmachines')).status).toBe(200);
    expect((await lab.ask('GET', '/apis')).text).toContain('subresources.kubevirt.io');
  });

  test('ends with it', async () => {
    const { id } = lab.inject('virt-api-crash');
    lab.clock.advanceBy(60_000);
    expect(kubeVirt('Available')).toMatch(/^False DeploymentInProgress/);
    expect(deployment('virt-api').status).toMatchObject({ readyReplicas: 0 });
    lab.injector.clear(id);
    lab.clock.advanceBy(60_000);
    expect((await migrate('again')).status).toBe(201);
    finish('again');
  });

  test('makes the evacuation controller say what the API server told it, until virt-api is back', () => {
    const { id } = lab.inject('virt-api-crash');
    drain();
    lab.clock.advanceBy(30_000);
    expect(refused().at(-1)).toMatch(/^Error creating a Migration: Internal error occurred: .*no endpoints available/);
    lab.injector.clear(id);
    lab.clock.advanceBy(300_000);
    expect(evacuations()).not.toEqual([]);
  });

  test('of one pod is not noticed', async () => {
    lab.inject('virt-api-crash', { count: '1' });
    expect((await migrate('fine')).status).toBe(201);
    finish('fine');
  });

  test('holds a migration that copies up: nobody can write its VMI', async () => {
    expect((await migrate('copies')).status).toBe(201);
    while (migration('copies').status?.phase !== 'Running') lab.clock.advanceBy(100);
    const { id } = lab.inject('virt-api-crash');
    const before = lab.store.get(resources.vmis, 'shop', 'storefront-web-1');
    lab.clock.advanceBy(300_000);
    expect(lab.store.get(resources.vmis, 'shop', 'storefront-web-1')).toEqual(before);
    lab.injector.clear(id);
    finish('copies');
  });

  test.each([
    ['4.18', 429, "Cannot evict pod as it would violate the pod's disruption budget."],
    ['4.19', 500, 'failed calling webhook "virt-launcher-eviction-interceptor.kubevirt.io"'],
    ['next', 500, 'failed calling webhook "virt-launcher-eviction-interceptor.kubevirt.io"'],
  ])('in %s lets no drain shut a VM down', async (cnv, status, text) => {
    const other = await faultLab({ cnv });
    try {
      other.inject('virt-api-crash');
      const launcher = other.store
        .list<Pod>(resources.pods, 'shop')
        .find(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-launcher')!;
      const { name } = launcher.metadata;
      const answer = await other.ask('POST', `/api/v1/namespaces/shop/pods/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: 'shop' },
      });
      expect(answer.status).toBe(status);
      expect((JSON.parse(answer.text) as { message: string }).message).toContain(text);
    } finally {
      await other.stop();
    }
  });
});

test('a pod of virt-controller that is deleted is replaced', () => {
  const [first] = pods('virt-controller');
  lab.store.delete(resources.pods, CNV_NAMESPACE, first!.metadata.name);
  lab.clock.advanceBy(30_000);
  expect(pods('virt-controller').map(isReadyPod)).toEqual([true, true]);
  expect(pods('virt-controller').map(({ metadata }) => metadata.name)).not.toContain(first!.metadata.name);
});
