import { describe, expect, test } from 'vitest';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../src/model/objects.ts';
import {
  HCO,
  MIGRATIONS,
  migrate,
  migrationsOf,
  NODES,
  open,
  releases,
  since,
  VMIS,
  vmPath,
  WEB,
} from './causes/place.ts';
import { isOnly, lacks, shows, witnesses } from './causes/witness.ts';
import { shownForClusters } from './causes/witnessed.ts';

const KUBEVIRT = '/apis/kubevirt.io/v1/namespaces/openshift-cnv/kubevirts/kubevirt-kubevirt-hyperconverged';

describe.each(releases)('a cluster with OpenShift Virtualization %s', (cnv) => {
  test('that puts settings back', async () => {
    const place = await open({ cnv });
    await place.patch(HCO, { spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 7 } } });
    place.pass(10);
    lacks(await place.diagnose('cluster'), 'settings/reverted', 'settings/overridden');
    await place.patch(KUBEVIRT, { spec: { configuration: { migrations: { parallelMigrationsPerCluster: 99 } } } });
    place.pass(10);
    shows(await place.diagnose('cluster'), 'settings/reverted');
  });

  test('whose settings a patch overrides', async () => {
    const place = await open({ cnv });
    const patch = [{ op: 'add', path: '/spec/configuration/migrations/allowPostCopy', value: true }];
    await place.patch(HCO, { metadata: { annotations: { 'kubevirt.kubevirt.io/jsonpatch': JSON.stringify(patch) } } });
    place.pass(10);
    shows(await place.diagnose('cluster'), 'settings/overridden');
  });

  test('whose settings have changed since', async () => {
    const place = await open({ cnv });
    await migrate(place, ...WEB);
    place.until(() =>
      migrationsOf(place, WEB[1]).some(({ status }) => status?.migrationState?.endTimestamp !== undefined),
    );
    place.pass(5);
    const unchanged = await place.diagnose('cluster');
    isOnly(unchanged);
    lacks(unchanged, 'settings/changed');
    await place.patch(HCO, { spec: { liveMigrationConfig: { completionTimeoutPerGiB: 33 } } });
    place.pass(30);
    shows(await place.diagnose('cluster'), 'settings/changed');
  });

  test('whose slots are held', async () => {
    const place = await open({ cnv });
    await place.patch(HCO, { spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 1 } } });
    place.pass(30);
    place.lab.injector.inject({ name: 'target-pending', vm: 'shop/storefront-web-1' });
    await migrate(place, ...WEB);
    place.pass(5);
    lacks(await place.diagnose('cluster'), 'queue/slots-held');
    await migrate(place, 'shop', 'search-index');
    place.pass(200);
    const told = await place.diagnose('cluster');
    const { document } = told;
    shows(told, 'queue/slots-held');
    const found = [document.cause, ...document.also].find((each) => each?.cause === 'queue/slots-held');
    expect(found?.message).toMatch(/storefront-web-1 is in Scheduling for \d+ s/);
  });

  test('where a quota leaves no room', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'quota-exceeded', namespace: 'shop' });
    await migrate(place, ...WEB);
    place.pass(10);
    shows(await place.diagnose('cluster'), 'quota/migrations-wait');
  });

  test('where a quota leaves no room in another namespace', async () => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: 'quota-exceeded', namespace: 'finance' });
    await migrate(place, ...WEB);
    place.pass(10);
    lacks(await place.diagnose('cluster'), 'quota/migrations-wait');
  });

  test('with a single node', async () => {
    lacks(await (await open({ cnv })).diagnose('cluster'), 'cluster/single-node');
    const place = await open({ cnv, scenario: 'sno' });
    shows(await place.diagnose('cluster'), 'cluster/single-node');
  });

  test.each(['virt-api', 'virt-controller'])('without %s', async (component) => {
    const place = await open({ cnv });
    place.lab.injector.inject({ name: `${component}-crash`, count: '1' });
    place.pass(30);
    const one = await place.diagnose('cluster');
    isOnly(one);
    lacks(one, `kubevirt/${component}-down`, 'kubevirt/not-available');
    place.lab.injector.inject({ name: `${component}-crash` });
    place.pass(30);
    isOnly(await place.diagnose('cluster'), `kubevirt/${component}-down`, 'kubevirt/not-available');
    place.lab.injector.clear();
    place.pass(30);
    expect((await place.diagnose('cluster')).ids).toEqual([]);
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
    const good = await place.diagnose('cluster');
    isOnly(good);
    lacks(good, 'network/default-interface', 'network/policy-failed');
    expect((await place.send('POST', path, policy('bad', own ?? ''))).status).toBe(201);
    place.pass(300);
    shows(await place.diagnose('cluster'), 'network/default-interface', 'network/policy-failed');
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
    const { namespace: of = '' } = moving.metadata;
    const vm = await place.diagnose(moving.spec.vmiName ?? '', '-n', of);
    // Only since 1.7 an eviction's mark tells who asked for it.
    shows(vm, since(7).includes(cnv) ? 'moves/descheduler' : 'moves/drain');
    if (!since(7).includes(cnv)) lacks(vm, 'moves/descheduler');
    lacks(await place.diagnose('cluster'), 'moves/two-balancers');
    await place.patch(`${NODES}/worker-3`, {
      metadata: { annotations: { 'machineconfiguration.openshift.io/state': 'Working' } },
    });
    shows(await place.diagnose('cluster'), 'moves/two-balancers');
  });
});

describe.each(releases)('what is measured in OpenShift Virtualization %s', (cnv) => {
  test('a link that two migrations fill, and not one', async () => {
    const place = await open({ cnv });
    await place.patch(HCO, { spec: { liveMigrationConfig: { parallelOutboundMigrationsPerNode: 2 } } });
    place.pass(30);
    const runs = (name: string): boolean => migrationsOf(place, name).some(({ status }) => status?.phase === 'Running');
    await migrate(place, 'shop', 'orders-db');
    place.until(() => runs('orders-db'));
    place.pass(5);
    lacks(await place.diagnose('node/worker-0'), 'node/link-full');
    await migrate(place, ...WEB);
    place.until(() => runs(WEB[1]));
    place.pass(5);
    // Up to KubeVirt 1.4 memory goes over one connection, and two of those do not fill 10 Gbit/s.
    const two = await place.diagnose('node/worker-0');
    if (since(5).includes(cnv)) shows(two, 'node/link-full');
    else lacks(two, 'node/link-full');
  });

  test('a guest with dedicated CPUs that migrates', async () => {
    const place = await open({ cnv, scenario: 'hana' });
    const [vmi] = place.lab.store
      .list<VirtualMachineInstance>(VMIS)
      .filter(({ spec }) => spec.domain.cpu?.dedicatedCpuPlacement === true);
    const { namespace = '', name = '' } = vmi?.metadata ?? {};
    lacks(await place.diagnose(name, '-n', namespace), 'vm/dedicated-cpus');
    await migrate(place, namespace, name);
    place.until(() => migrationsOf(place, name).some(({ status }) => status?.phase === 'Running'));
    shows(await place.diagnose(name, '-n', namespace), 'vm/dedicated-cpus');
  });
});

witnesses(shownForClusters);
