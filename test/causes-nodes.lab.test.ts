import { describe, expect, test } from 'vitest';
import type { Pod } from '../src/model/objects.ts';
import {
  cordon,
  evict,
  HCO,
  migrate,
  migrationsOf,
  NODES,
  ofWeb,
  open,
  type Place,
  releases,
  WEB,
} from './causes/place.ts';
import { isOnly, lacks, leads, shows, witnesses } from './causes/witness.ts';
import { shownForNodes } from './causes/witnessed.ts';

const nads = (namespace: string): string =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions`;

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

describe.each(releases)('a node of OpenShift Virtualization %s', (cnv) => {
  test.each<[string, string, object | undefined, string?]>([
    ['the network does not exist', 'handler/network-missing', undefined],
    ['the network is in another namespace', 'handler/network-missing', { ...MACVLAN, ipam: RANGE }, 'default'],
    ['the range is too small', 'handler/no-address-left', { ...MACVLAN, ipam: { ...RANGE, range: '10.200.5.0/30' } }],
    ['the NIC is not there', 'handler/network-fails', { ...MACVLAN, master: 'enp9s0', ipam: RANGE }],
    ['the interface has no address', 'handler/no-address', MACVLAN],
  ])('whose virt-handler does not start: %s', async (_, id, config, namespace) => {
    const place = await open({ cnv });
    await withNetwork(place, config, namespace);
    leads(await place.diagnose('cluster'), id === 'handler/network-missing' ? 'network/attachment-missing' : id);
    leads(await place.diagnose(`node/${stuckNode(place)}`), id);
  });

  test('that is on the migration network in the end, and not before', async () => {
    const place = await open({ cnv });
    await withNetwork(place, { ...MACVLAN, ipam: RANGE });
    const during = await place.diagnose('cluster');
    lacks(during, 'handler/network-missing');
    place.pass(600);
    const joined = await place.diagnose('cluster');
    isOnly(joined);
    lacks(
      joined,
      'handler/no-address-left',
      'handler/network-fails',
      'handler/no-address',
      'network/attachment-missing',
    );
    await place.patch(HCO, { spec: { liveMigrationConfig: { network: 'other' } } });
    place.pass(60);
    leads(await place.diagnose(`node/${stuckNode(place)}`), 'handler/network-missing');
  });

  test('whose virt-handler crashes', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'virt-handler-crash', node: 'worker-1' });
    place.pass(60);
    leads(await place.diagnose('node/worker-1'), 'handler/not-ready');
    leads(await place.diagnose('cluster'), 'handler/not-ready');
    const other = await place.diagnose('node/worker-0');
    isOnly(other);
    lacks(other, 'handler/not-ready');
  });

  test('whose virt-handler is rolled out', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'virt-handler-rollout' });
    place.pass(10);
    shows(await place.diagnose('cluster'), 'handler/rollout');
    place.pass(900);
    const over = await place.diagnose('cluster');
    isOnly(over);
    lacks(over, 'handler/rollout');
  });

  test('whose virt-handler reports the past', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'clock-skew', node: 'worker-1', by: '-10m' });
    place.lab.injector.inject({ name: 'clock-skew', node: 'worker-2', by: '-1m' });
    place.pass(200);
    shows(await place.diagnose('node/worker-1'), 'handler/silent');
    lacks(await place.diagnose('node/worker-2'), 'handler/silent');
  });

  test('that was cordoned and forgotten', async () => {
    const place = await open({ cnv });
    await cordon(place, 'worker-1');
    place.pass(600);
    lacks(await place.diagnose('node/worker-1'), 'node/cordoned-and-forgotten');
    place.lab.clock.advanceBy(3_600_000);
    shows(await place.diagnose('node/worker-1'), 'node/cordoned-and-forgotten');
  });

  test('that has the drain taint', async () => {
    const place = await open({ cnv });
    await place.patch(`${NODES}/worker-1`, { spec: { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] } });
    await place.patch(`${NODES}/worker-3`, { spec: { taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }] } });
    place.pass(2);
    shows(await place.diagnose('node/worker-1'), 'node/drain-taint');
    lacks(await place.diagnose('node/worker-3'), 'node/drain-taint');
    place.until(() => migrationsOf(place, 'storefront-web-2').some(({ status }) => status?.phase === 'Succeeded'));
    place.pass(5);
    const told = await place.diagnose('storefront-web-2', '-n', 'shop');
    isOnly(told, 'moves/drain');
    expect(told.document.history?.[0]?.trigger).toBe('drain-taint');
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
      await place.patch(`${NODES}/worker-1`, {
        metadata: { annotations: { 'machineconfiguration.openshift.io/state': 'Done' } },
      });
      lacks(await place.diagnose('node/worker-1'), 'node/machine-config');
      isOnly(await place.diagnose('node/worker-0'), 'node/machine-config');
      isOnly(await place.diagnose('cluster'), 'node/machine-config');
    }
    await cordon(place, 'worker-0');
    await evict(place, ...WEB);
    place.until(() => place.vmi(...WEB).status?.nodeName !== 'worker-0');
    place.pass(5);
    const told = await place.diagnose(...ofWeb);
    isOnly(told, id);
    lacks(told, 'moves/drain', ...['moves/machine-config', 'moves/cluster-autoscaler'].filter((each) => each !== id));
    expect(told.document.history?.[0]?.trigger).toBe(trigger);
  });

  test('that more VMs are to leave than may', async () => {
    const place = await open({ cnv });
    for (const name of ['storefront-web-1', 'orders-db']) await migrate(place, 'shop', name);
    await migrate(place, 'lab-test', 'ci-runner-1');
    place.pass(6);
    shows(await place.diagnose('node/worker-0'), 'node/outbound-slots');
    lacks(await place.diagnose('node/worker-1'), 'node/outbound-slots');
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
    const told = await place.diagnose('cluster');
    leads(told, 'network/policy-failed');
    lacks(told, 'network/default-interface');
    const failed = /failed on ([a-z0-9-]+)/.exec(told.document.cause?.message ?? '')?.[1] ?? '';
    leads(await place.diagnose(`node/${failed}`), 'network/policy-failed');
  });
});

witnesses(shownForNodes);
