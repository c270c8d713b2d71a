import { afterEach, describe, expect, test } from 'vitest';
import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { resources } from '../resources.ts';
import { type FaultLab, faultLab } from './testing.ts';

// What libvirt, the launchers and the connections between virt-handlers can suffer from, in the words of each version.

let lab: FaultLab;

afterEach(async () => {
  await lab.stop();
  expect(lab.faults).toEqual([]);
});

const VM = 'storefront-web-1';
const vm = `shop/${VM}`;
const vmi = (): VirtualMachineInstance => lab.store.get<VirtualMachineInstance>(resources.vmis, 'shop', VM)!;
const state = () => vmi().status?.migrationState;
const logOf = async (namespace: string, pod: string, container: string): Promise<string> =>
  (await lab.ask('GET', `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${container}`)).text;
const ofLauncher = (name = ''): Promise<string> => logOf('shop', name, 'compute');
async function ofHandler(node = ''): Promise<string> {
  const pod = lab.store
    .list<Pod>(resources.pods, 'openshift-cnv')
    .find(({ metadata, spec }) => metadata.labels?.['kubevirt.io'] === 'virt-handler' && spec?.nodeName === node);
  return await logOf('openshift-cnv', pod!.metadata.name, 'virt-handler');
}

/** Asks for a migration, and lets time pass until it is over, or so many seconds. */
async function migrate(seconds = 200): Promise<VirtualMachineInstanceMigration | undefined> {
  const path = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations';
  const { status } = await lab.ask('POST', path, {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: 'm' },
    spec: { vmiName: VM },
  });
  expect(status).toBe(201);
  const now = () => lab.store.get<VirtualMachineInstanceMigration>(resources.migrations, 'shop', 'm');
  const from = lab.clock.now();
  while (!['Succeeded', 'Failed'].includes(now()?.status?.phase ?? '') && lab.clock.now() - from < seconds * 1000) {
    lab.clock.advanceBy(100);
  }
  lab.clock.advanceBy(2000);
  return now();
}

const lasted = (): number =>
  (Date.parse(state()?.endTimestamp ?? '') - Date.parse(state()?.startTimestamp ?? '')) / 1000;

describe('libvirt-error', () => {
  test.each([
    [
      '4.17',
      /^Live migration failed error encountered during MigrateToURI3 libvirt api call: virError\(Code=9, Domain=31/,
    ],
    [
      '4.19',
      /^Live migration failed error encountered during MigrateToURI3 libvirt api call: virError\(Code=9, Domain=31/,
    ],
    ['4.20', /^virError\(Code=9, Domain=31, Message='operation failed: guest CPU doesn't match specification/],
    ['next', /^virError\(Code=9, Domain=31, Message='operation failed: guest CPU doesn't match specification/],
  ])('fails migrations in %s before anything is copied', async (cnv, text) => {
    lab = await faultLab({ cnv });
    lab.inject('libvirt-error', { vm, error: 'cpu' });
    expect((await migrate())?.status?.phase).toBe('Failed');
    expect(state()?.failureReason).toMatch(text);
    expect(lasted()).toBeLessThan(3);
    expect(vmi().status?.nodeName).toBe(state()?.sourceNode);
    expect(await ofLauncher(state()?.sourcePod)).toContain('"msg":"Live migration failed."');
    expect(await ofLauncher(state()?.targetPod)).toContain('"subcomponent":"libvirt"');
  });

  test('says what it is told to say, and nothing once it has ended', async () => {
    lab = await faultLab();
    lab.inject('libvirt-error', { vm, message: 'something new', for: '20s' });
    await migrate();
    expect(state()?.failureReason).toBe("virError(Code=1, Domain=10, Message='internal error: something new')");
    lab.clock.advanceBy(60_000);
    await lab.ask('DELETE', '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations/m');
    expect((await migrate())?.status?.phase).toBe('Succeeded');
  });
});

describe('firewall', () => {
  test.each([
    ['drop', 126, 130, 'connect: connection timed out'],
    ['reject', 0, 3, 'connect: no route to host'],
  ])('that %ss ends what begins after %i s or more, and virt-handler says why', async (how, least, most, why) => {
    lab = await faultLab();
    lab.inject('firewall', { node: vmi().status!.nodeName!, how });
    expect((await migrate())?.status?.phase).toBe('Failed');
    expect(lasted()).toBeGreaterThanOrEqual(least);
    expect(lasted()).toBeLessThanOrEqual(most);
    expect(state()?.failureReason).toContain('Failed to connect to remote libvirt URI');
    const { targetNodeAddress = '', sourceNode = '' } = state() ?? {};
    expect(await ofHandler(sourceNode)).toMatch(
      new RegExp(`"reason":"dial tcp ${targetNodeAddress}:\\d+: ${why}","uid":"${vmi().metadata.uid}"`),
    );
  });

  test('leaves connections alone that are open', async () => {
    lab = await faultLab();
    lab.inject('link-slow', { node: vmi().status!.nodeName!, gbps: '1', for: '60s' });
    lab.clock.after(10_000, () => lab.inject('firewall', { node: vmi().status!.nodeName! }));
    expect((await migrate())?.status?.phase).toBe('Succeeded');
  });

  test('in 1.9 the monitor’s abort does not end what still connects, and the connection’s error is the reason', async () => {
    lab = await faultLab({ cnv: 'next' });
    lab.inject('firewall', { node: vmi().status!.nodeName! });
    await migrate();
    expect(state()?.failureReason).toContain('Failed to connect to remote libvirt URI');
    expect(lasted()).toBeGreaterThan(126);
  });
});

describe('clock-skew of a node beyond what certificates are valid for', () => {
  const EXPIRED = 'x509: certificate has expired or is not yet valid: current time 2026-03-0';

  test('of the source: it does not believe the target', async () => {
    lab = await faultLab();
    const source = vmi().status!.nodeName!;
    lab.inject('clock-skew', { node: source, by: '30h' });
    expect((await migrate())?.status?.phase).toBe('Failed');
    expect(await ofHandler(source)).toContain(`"reason":"could not verify peer certificate: ${EXPIRED}`);
    expect(await ofHandler(state()?.targetNode)).toContain('remote error: tls: bad certificate');
  });

  test('of the target: it does not believe the source, which only hears that its certificate is bad', async () => {
    lab = await faultLab();
    const source = vmi().status!.nodeName!;
    for (const node of ['worker-0', 'worker-1', 'worker-2'].filter((name) => name !== source)) {
      lab.inject('clock-skew', { node, by: '30h' });
    }
    expect((await migrate())?.status?.phase).toBe('Failed');
    expect(await ofHandler(state()?.targetNode)).toContain(EXPIRED);
    expect(await ofHandler(source)).toContain('remote error: tls: bad certificate');
    expect(await ofHandler(source)).not.toContain('x509');
  });

  test.each(['11h', '-2h'])('by %s is within what they are valid for', async (by) => {
    lab = await faultLab();
    lab.inject('clock-skew', { node: vmi().status!.nodeName!, by });
    expect((await migrate())?.status?.phase).toBe('Succeeded');
  });
});

describe('abort-fails', () => {
  test('of a user’s abort: it goes on, and abortStatus says so', async () => {
    lab = await faultLab();
    lab.inject('abort-fails', { vm });
    lab.inject('migration-stuck', { vm, for: '40s' });
    await migrate(15);
    await lab.ask('DELETE', '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations/m');
    lab.clock.advanceBy(2000);
    expect(state()).toMatchObject({ abortRequested: true, abortStatus: 'Failed' });
    expect(await ofLauncher(state()?.sourcePod)).toContain('"msg":"failed to cancel migration"');
    lab.clock.advanceBy(60_000);
    expect(vmi().status?.nodeName).toBe(state()?.targetNode);
  });

  test('of KubeVirt’s own: it is tried again at every poll, until libvirt answers', async () => {
    lab = await faultLab();
    lab.inject('migration-stuck', { vm });
    lab.inject('abort-fails', { vm, for: '200s' });
    await migrate(400);
    expect(state()?.failureReason).toMatch(/^Live migration stuck for 1[89]\d seconds and has been aborted$/);
    expect(lasted()).toBeGreaterThan(180);
    expect(lasted()).toBeLessThan(205);
  });
});

describe('guest-unseen', () => {
  const blind = (lasts?: string): void => {
    for (const node of ['worker-0', 'worker-1', 'worker-2']) {
      lab.inject('guest-unseen', { node, ...(lasts !== undefined && { for: lasts }) });
    }
  };

  test('until 1.5: the guest is given up after a minute, which costs it its life', async () => {
    lab = await faultLab({ cnv: '4.19' });
    const { uid } = vmi().metadata;
    blind();
    await migrate(120);
    expect(vmi().metadata.uid).not.toBe(uid);
  });

  test('from 1.6 on: it is waited for, and then all is well', async () => {
    lab = await faultLab();
    const { uid } = vmi().metadata;
    blind('150s');
    const migration = await migrate(200);
    expect(migration?.status?.phase).toBe('Succeeded');
    expect(vmi().metadata.uid).toBe(uid);
    expect(Date.parse(state()?.endTimestamp ?? '')).toBeGreaterThan(Date.parse('2026-03-01T08:02:25Z'));
  });
});

describe('launcher-deaf', () => {
  test.each(['4.19', '4.20', 'next'])('leaves a memory hot-plug unfinished in %s', async (cnv) => {
    lab = await faultLab({ cnv });
    lab.inject('launcher-deaf', { vm, for: '120s' });
    const path = `/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/${VM}`;
    const body = JSON.parse((await lab.ask('GET', path)).text) as { spec: { template: { spec: { domain: object } } } };
    const { memory, ...domain } = body.spec.template.spec.domain as { memory: { guest: string } };
    const guest = `${Number.parseInt(memory.guest, 10) * 2}Gi`;
    body.spec.template.spec.domain = { ...domain, memory: { guest } };
    expect((await lab.ask('PUT', path, body)).status).toBe(200);
    lab.clock.advanceBy(90_000);
    const changing = () => vmi().status?.conditions?.some(({ type }) => type === 'HotMemoryChange');
    expect(changing()).toBe(true);
    expect(vmi().status?.nodeName).toBe(state()?.targetNode);
    expect(state()?.completed).toBe(cnv === '4.19' ? true : undefined);
    lab.clock.advanceBy(60_000);
    expect(changing()).toBe(cnv === '4.19');
  });
});

test('address-lost: the guest has no address after it has moved', async () => {
  lab = await faultLab();
  lab.inject('address-lost', { vm });
  expect(vmi().status?.interfaces?.[0]?.ipAddress).toBeDefined();
  await migrate();
  expect(vmi().status?.interfaces?.[0]).toMatchObject({ infoSource: expect.any(String) });
  expect(vmi().status?.interfaces?.[0]?.ipAddress).toBeUndefined();
});

describe('link-mtu', () => {
  test.each([
    ['1400', 'Failed'],
    ['1500', 'Succeeded'],
  ])('of %s: a migration over a network of 1500 has %s', async (mtu, phase) => {
    lab = await faultLab();
    lab.inject('link-mtu', { node: vmi().status!.nodeName!, mtu });
    expect((await migrate(300))?.status?.phase).toBe(phase);
    if (phase === 'Failed') expect(state()?.failureReason).toMatch(/^Live migration stuck for 15\d seconds/);
  });
});
