import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { resources } from '../resources.ts';
import { type FaultLab, faultLab } from './testing.ts';

let lab: FaultLab;

beforeEach(async () => {
  lab = await faultLab();
});

afterEach(async () => {
  await lab.stop();
  expect(lab.faults).toEqual([]);
});

async function migrate(): Promise<() => VirtualMachineInstanceMigration> {
  const { text } = await lab.ask('POST', '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: 'm' },
    spec: { vmiName: 'storefront-web-1' },
  });
  expect(JSON.parse(text)).toMatchObject({ metadata: { name: 'm' } });
  return () => lab.store.get(resources.migrations, 'shop', 'm')!;
}

const target = (): Pod | undefined =>
  lab.store.list<Pod>(resources.pods, 'shop').find((pod) => pod.metadata.labels?.['kubevirt.io/migrationJobUID']);

/** `reason message (times)` of the events about the target pod, from the kubelet and the attach-detach controller. */
const said = (): string[] =>
  lab.store
    .list(resources.events, 'shop')
    .map(
      (event) =>
        event as never as {
          involvedObject: { name: string };
          source: { component?: string };
          reason: string;
          message: string;
          count: number;
        },
    )
    .filter(
      ({ involvedObject, source }) =>
        involvedObject.name === target()?.metadata.name &&
        ['kubelet', 'attachdetach-controller'].includes(source.component ?? ''),
    )
    .map(({ reason, message, count }) => `${reason} ${message} (${count})`)
    .sort();

const waiting = (): string | undefined => target()?.status?.containerStatuses?.[0]?.state?.waiting?.reason;

describe('image-pull', () => {
  test('pulls, fails, backs off and says so as a kubelet does', async () => {
    lab.inject('image-pull', {});
    await migrate();
    lab.clock.advanceBy(12_000);
    const image = target()?.spec?.containers[0]?.image ?? '';
    expect(waiting()).toBe('ImagePullBackOff');
    expect(said()).toEqual([
      `BackOff Back-off pulling image "${image}" (1)`,
      'Failed Error: ErrImagePull (1)',
      'Failed Error: ImagePullBackOff (1)',
      expect.stringMatching(
        /^Failed Failed to pull image "registry.redhat.io\/.*": initializing source docker:.* i\/o timeout \(1\)$/,
      ),
      `Pulling Pulling image "${image}" (1)`,
    ]);
    lab.clock.advanceBy(120_000);
    const pulls = Number(/\((\d+)\)$/.exec(said().at(-1) ?? '')?.[1]);
    // At 0, 10, 30, 70 s, each some time later: the pauses double.
    expect(pulls).toBeGreaterThanOrEqual(3);
    expect(pulls).toBeLessThanOrEqual(5);
  });

  test('ends: the next pull succeeds, and the migration goes on', async () => {
    const { id } = lab.inject('image-pull', {});
    const migration = await migrate();
    lab.clock.advanceBy(30_000);
    lab.injector.clear(id);
    lab.clock.advanceBy(120_000);
    expect(migration().status?.phase).toBe('Succeeded');
  });

  test('takes its time with a delay, and fails nothing', async () => {
    lab.inject('image-pull', { delay: '40s' });
    const migration = await migrate();
    lab.clock.advanceBy(30_000);
    expect([waiting(), said()]).toEqual(['ContainerCreating', [expect.stringMatching(/^Pulling /)]]);
    lab.clock.advanceBy(120_000);
    expect(migration().status?.phase).toBe('Succeeded');
  });

  test('of one VM leaves the others alone', async () => {
    lab.inject('image-pull', { vm: 'shop/orders-db' });
    const migration = await migrate();
    lab.clock.advanceBy(120_000);
    expect(migration().status?.phase).toBe('Succeeded');
  });

  test('of a node concerns virt-handler, too', () => {
    lab.inject('image-pull', { node: 'worker-1' });
    const handlers = (): Pod[] =>
      lab.store
        .list<Pod>(resources.pods, 'openshift-cnv')
        .filter((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler' && pod.spec?.nodeName === 'worker-1');
    lab.inject('virt-handler-rollout');
    lab.clock.advanceBy(600_000);
    expect(handlers().map(({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason)).toEqual([
      'ImagePullBackOff',
    ]);
  });
});

describe('volume-attach', () => {
  test('keeps the target pod in ContainerCreating, and says why; it ends, and the migration goes on', async () => {
    const { id } = lab.inject('volume-attach', { vm: 'shop/storefront-web-1' });
    const migration = await migrate();
    lab.clock.advanceBy(180_000);
    expect(waiting()).toBe('ContainerCreating');
    expect(said()).toEqual([
      expect.stringMatching(
        /^FailedAttachVolume AttachVolume.Attach failed for volume "pvc-[^"]+" : rpc error: code = FailedPrecondition/,
      ),
      expect.stringMatching(/^FailedMount Unable to attach or mount volumes: unmounted volumes=\[/),
    ]);
    lab.injector.clear(id);
    lab.clock.advanceBy(120_000);
    expect(migration().status?.phase).toBe('Succeeded');
  });
});

describe('pod-refused', () => {
  test('keeps a migration Pending until it ends', async () => {
    const { id } = lab.inject('pod-refused', { namespace: 'shop' });
    const migration = await migrate();
    lab.clock.advanceBy(30_000);
    expect([migration().status?.phase, target()]).toEqual(['Pending', undefined]);
    const text = JSON.stringify(lab.store.list(resources.events, 'shop'));
    expect(text).toContain('Error creating pod: admission webhook');
    lab.injector.clear(id);
    lab.clock.advanceBy(120_000);
    expect(migration().status?.phase).toBe('Succeeded');
  });
});
