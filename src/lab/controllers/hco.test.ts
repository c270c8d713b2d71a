import { afterEach, describe, expect, test } from 'vitest';
import type { HyperConverged, KubeVirt } from '../../model/objects.ts';
import { versions } from '../../model/versions/index.ts';
import { kindsOf } from '../api/kinds/index.ts';
import { startTestServer, type TestServer } from '../api/testing.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { virtApi } from './virt-api.ts';

// The operator and its API over HTTP.

const GROUP = '/apis/hco.kubevirt.io';
const AT = 'namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';
const KUBEVIRT = '/apis/kubevirt.io/v1/namespaces/openshift-cnv/kubevirts/kubevirt-kubevirt-hyperconverged';
const MERGE = 'application/merge-patch+json';

let server: TestServer;
let lab: TestLab;

afterEach(async () => {
  await server.close();
  expect(server.faults).toEqual([]);
  expect(lab.faults).toEqual([]);
});

async function start(name: string): Promise<void> {
  const version = versions.find((each) => each.name === name)!;
  lab = testLab(small, { version });
  server = await startTestServer({
    store: lab.store,
    clock: lab.clock,
    kinds: kindsOf(version),
    webhooks: virtApi(lab).webhooks,
  });
}

// Either version's fields are read here, and no type has them.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = Record<string, any>;

const get = async (version: string): Promise<Any> => (await server.send('GET', `${GROUP}/${version}/${AT}`)).body;
const merge = async (version: string, body: object) =>
  await server.send('PATCH', `${GROUP}/${version}/${AT}`, { body, contentType: MERGE });
const kubeVirt = (): Any =>
  lab.store.get<KubeVirt>(resources.kubeVirts, 'openshift-cnv', 'kubevirt-kubevirt-hyperconverged') as Any;
const stored = (): Any =>
  lab.store.get<HyperConverged>(resources.hyperConvergeds, 'openshift-cnv', 'kubevirt-hyperconverged') as Any;
const settle = (): void => lab.clock.advanceBy(5000);

describe('HyperConverged', () => {
  test.each([
    ['1.3', ['v1beta1'], 'v1beta1', { completionTimeoutPerGiB: 800, parallelOutboundMigrationsPerNode: 2 }],
    ['1.4', ['v1beta1'], 'v1beta1', { completionTimeoutPerGiB: 150, parallelOutboundMigrationsPerNode: 2 }],
    ['1.6', ['v1beta1'], 'v1beta1', { completionTimeoutPerGiB: 150, parallelOutboundMigrationsPerNode: 2 }],
    ['1.8', ['v1', 'v1beta1'], 'v1beta1', { completionTimeoutPerGiB: 150, parallelOutboundMigrationsPerNode: 2 }],
    ['1.9', ['v1', 'v1beta1'], 'v1', { completionTimeoutPerGiB: 20, allowWorkloadDisruption: false }],
  ])('with KubeVirt %s is served as %j and stored as %s', async (name, served, storage, some) => {
    await start(name);
    const group = await server.send('GET', GROUP);
    expect((group.body as Any)['versions'].map((each: Any) => each['version'])).toEqual(served);
    expect(stored()['apiVersion']).toBe(`hco.kubevirt.io/${storage}`);
    expect((await get('v1beta1'))['spec']['liveMigrationConfig']).toMatchObject(some);
    if (!served.includes('v1')) return;
    expect((await get('v1'))['spec']['virtualization']['liveMigrationConfig']).toMatchObject(some);
    const crd = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hyperconvergeds.hco.kubevirt.io`;
    const { spec } = (await server.send('GET', crd)).body as Any;
    expect(spec['versions'].map((each: Any) => [each['name'], each['storage']])).toEqual(
      served.map((version) => [version, version === storage]),
    );
    expect(spec['conversion']['strategy']).toBe('Webhook');
  });

  test.each(['1.8', '1.9'])(
    'with KubeVirt %s can be patched through either version, and both show it',
    async (name) => {
      await start(name);
      const before = await get('v1');
      expect(
        (await merge('v1beta1', { spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 9 } } })).status,
      ).toBe(200);
      expect((await get('v1'))['spec']['virtualization']['liveMigrationConfig']['parallelMigrationsPerCluster']).toBe(
        9,
      );
      const answer = await merge('v1', { spec: { virtualization: { liveMigrationConfig: { progressTimeout: 77 } } } });
      expect((answer.body as Any)['apiVersion']).toBe('hco.kubevirt.io/v1');
      const old = await get('v1beta1');
      expect(old['spec']['liveMigrationConfig']).toMatchObject({
        parallelMigrationsPerCluster: 9,
        progressTimeout: 77,
      });
      settle();
      expect(kubeVirt()['spec']['configuration']['migrations']).toMatchObject({
        parallelMigrationsPerCluster: 9,
        progressTimeout: 77,
      });
      await merge('v1', {
        spec: { virtualization: { liveMigrationConfig: { progressTimeout: 150, parallelMigrationsPerCluster: 5 } } },
      });
      expect((await get('v1'))['spec']['virtualization']).toEqual(before['spec']['virtualization']);
    },
  );

  test.each(['1.8', '1.9'])('with KubeVirt %s has a list of gates in v1 and switches in v1beta1', async (name) => {
    await start(name);
    await merge('v1beta1', { spec: { featureGates: { downwardMetrics: true, decentralizedLiveMigration: false } } });
    expect((await get('v1'))['spec']['featureGates']).toEqual(
      expect.arrayContaining([
        { name: 'downwardMetrics', state: 'Enabled' },
        { name: 'decentralizedLiveMigration', state: 'Disabled' },
      ]),
    );
    settle();
    const gates = kubeVirt()['spec']['configuration']['developerConfiguration']['featureGates'];
    expect(gates).toContain('DownwardMetrics');
    expect(gates).not.toContain('DecentralizedLiveMigration');
    await merge('v1', { spec: { featureGates: null } });
    expect((await get('v1beta1'))['spec']['featureGates']).toMatchObject({
      downwardMetrics: false,
      decentralizedLiveMigration: true,
    });
  });

  test('1.19 keeps what only v1 has in an annotation of v1beta1', async () => {
    await start('1.9');
    await merge('v1', { spec: { deployment: { deployNetworkResourcesInjector: false } } });
    const old = await get('v1beta1');
    const annotation = old['metadata']['annotations']['hco.kubevirt.io/v1-only-fields'];
    expect(JSON.parse(annotation)).toEqual({ deployNetworkResourcesInjector: false });
    await merge('v1beta1', { spec: { liveMigrationConfig: { network: 'migration' } } });
    const now = await get('v1');
    expect(now['spec']['deployment']['deployNetworkResourcesInjector']).toBe(false);
    expect(now['spec']['virtualization']['liveMigrationConfig']['network']).toBe('migration');
    expect(now['metadata']['annotations']).toBeUndefined();
  });

  test('1.19 knows gates that only v1 has', async () => {
    await start('1.9');
    const gates = () => kubeVirt()['spec']['configuration']['developerConfiguration'];
    expect(gates()['featureGates']).toContain('Template');
    expect(gates()['disabledFeatureGates']).not.toContain('Template');
    await merge('v1', { spec: { featureGates: [{ name: 'template', state: 'Disabled' }] } });
    settle();
    expect(gates()['featureGates']).not.toContain('Template');
    expect(gates()['disabledFeatureGates']).toContain('Template');
  });

  test('a watch shows a change in the version it watches', async () => {
    await start('1.8');
    const { metadata } = (await server.send('GET', `${GROUP}/v1/hyperconvergeds`)).body as Any;
    const watching = await server.watch(
      `${GROUP}/v1/hyperconvergeds?watch=1&resourceVersion=${metadata['resourceVersion']}`,
    );
    await merge('v1beta1', { spec: { liveMigrationConfig: { allowPostCopy: true } } });
    const line = await watching.next();
    expect(line?.type).toBe('MODIFIED');
    expect((line!.object as unknown as Any)['spec']['virtualization']['liveMigrationConfig']['allowPostCopy']).toBe(
      true,
    );
    watching.stop();
  });

  test('server-side apply knows who owns a field in the other version', async () => {
    await start('1.8');
    const apply = async (version: string, manager: string, spec: object) =>
      await server.send('PATCH', `${GROUP}/${version}/${AT}?fieldManager=${manager}`, {
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: `hco.kubevirt.io/${version}`,
          kind: 'HyperConverged',
          metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv' },
          spec,
        },
      });
    await merge('v1beta1', { metadata: { labels: { team: 'virt' } } });
    const first = await apply('v1beta1', 'gitops', { liveMigrationConfig: { parallelMigrationsPerCluster: 8 } });
    // What was there before the first apply belongs to before-first-apply.
    expect(first.status).toBe(409);
    const forced = await server.send('PATCH', `${GROUP}/v1beta1/${AT}?fieldManager=gitops&force=true`, {
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'hco.kubevirt.io/v1beta1',
        kind: 'HyperConverged',
        metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv' },
        spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 8 } },
      },
    });
    expect(forced.status).toBe(200);
    const other = await apply('v1', 'console', {
      virtualization: { liveMigrationConfig: { parallelMigrationsPerCluster: 3 } },
    });
    expect(other.status).toBe(409);
    expect(other.body.message).toContain('conflict with "gitops"');
    await merge('v1', { spec: { virtualization: { liveMigrationConfig: { parallelMigrationsPerCluster: 4 } } } });
    const managers = ((await get('v1'))['metadata']['managedFields'] as Any[]).map((entry) => entry['manager']);
    expect(managers).not.toContain('gitops');
  });

  test('null is filled again with the defaults', async () => {
    await start('1.8');
    await merge('v1beta1', { spec: { liveMigrationConfig: { completionTimeoutPerGiB: 1, network: 'x' } } });
    const { body } = await merge('v1beta1', { spec: { liveMigrationConfig: null } });
    expect((body as Any)['spec']['liveMigrationConfig']).toEqual({
      allowAutoConverge: false,
      allowPostCopy: false,
      completionTimeoutPerGiB: 150,
      parallelMigrationsPerCluster: 5,
      parallelOutboundMigrationsPerNode: 2,
      progressTimeout: 150,
    });
  });

  test('a field of the other version is unknown', async () => {
    await start('1.8');
    const path = `${GROUP}/v1beta1/${AT}?fieldValidation=Strict`;
    const answer = await server.send('PATCH', path, {
      contentType: MERGE,
      body: { spec: { virtualization: { liveMigrationConfig: { progressTimeout: 1 } } } },
    });
    expect([answer.status, answer.body.message]).toEqual([
      400,
      expect.stringContaining('unknown field "spec.virtualization"'),
    ]);
  });

  test.each<[string, object, string]>([
    [
      'a certificate that is renewed before it is made',
      { spec: { certConfig: { ca: { duration: '20h0m0s' } } } },
      'spec.certConfig.ca: duration is smaller than renewBefore',
    ],
    [
      'a certificate that lives for minutes',
      { spec: { certConfig: { server: { renewBefore: '1m0s' } } } },
      'spec.certConfig.server.renewBefore: value is too small',
    ],
    [
      'a jsonpatch outside of spec',
      {
        metadata: {
          annotations: { 'kubevirt.kubevirt.io/jsonpatch': '[{"op":"add","path":"/metadata/x","value":1}]' },
        },
      },
      'invalid jsonPatch in the kubevirt.kubevirt.io/jsonpatch annotation: can only modify spec fields',
    ],
  ])('refuses %s', async (_, patch, message) => {
    await start('1.6');
    const { status, body } = await merge('v1beta1', patch);
    expect([status, body.reason, body.message]).toEqual([
      403,
      'Forbidden',
      `admission webhook "validate-hco.kubevirt.io" denied the request: ${message}`,
    ]);
  });

  test('is not deleted while there are VMs', async () => {
    await start('1.6');
    const { status, body } = await server.send('DELETE', `${GROUP}/v1beta1/${AT}`);
    expect([status, body.message]).toEqual([
      400,
      'admission webhook "validate-hco.kubevirt.io" denied the request: admission webhook "kubevirt-validator.kubevirt.io" denied the request: Rejecting the uninstall request, since there are still Virtual Machine Instances present. Either delete all KubeVirt related workloads or change the uninstall strategy before uninstalling KubeVirt.',
    ]);
  });
});

describe('the operator', () => {
  test('undoes a direct edit of the KubeVirt CR, and says so', async () => {
    await start('1.6');
    const before = kubeVirt();
    const edit = {
      spec: { configuration: { migrations: { parallelMigrationsPerCluster: 50 }, evictionStrategy: 'None' } },
    };
    expect((await server.send('PATCH', KUBEVIRT, { body: edit, contentType: MERGE })).status).toBe(200);
    expect(kubeVirt()['spec']['configuration']['evictionStrategy']).toBe('None');
    settle();
    expect(kubeVirt()['spec']).toEqual(before['spec']);
    expect(kubeVirt()['metadata']['generation']).toBe(before['metadata']['generation'] + 2);
    expect(kubeVirt()['metadata']['managedFields'].map((entry: Any) => entry['manager'])).toEqual([
      'hyperconverged-cluster-operator',
    ]);
    expect(lab.eventsOf('HyperConverged', 'kubevirt-hyperconverged')).toEqual([
      'Warning Overwritten Overwritten KubeVirt kubevirt-kubevirt-hyperconverged',
    ]);
  });

  test('changes nothing at rest', async () => {
    await start('1.6');
    const before = kubeVirt()['metadata']['resourceVersion'];
    await merge('v1beta1', { metadata: { labels: { a: 'b' } } });
    settle();
    expect(kubeVirt()['metadata']['resourceVersion']).toBe(before);
    expect(lab.eventsOf('HyperConverged', 'kubevirt-hyperconverged')).toEqual([]);
  });

  test('applies the jsonpatch annotation and says that the configuration is tainted', async () => {
    await start('1.6');
    const annotate = (value: string | null) =>
      merge('v1beta1', { metadata: { annotations: { 'kubevirt.kubevirt.io/jsonpatch': value } } });
    await annotate('[{"op":"add","path":"/spec/configuration/migrations/allowWorkloadDisruption","value":true}]');
    settle();
    expect(kubeVirt()['spec']['configuration']['migrations']['allowWorkloadDisruption']).toBe(true);
    const types = () =>
      stored()['status']['conditions'].map((condition: Any) => `${condition['type']}=${condition['status']}`);
    expect(types()).toEqual([
      'ReconcileComplete=True',
      'Available=True',
      'Progressing=False',
      'Degraded=False',
      'Upgradeable=True',
      'TaintedConfiguration=True',
    ]);
    await annotate(null);
    settle();
    expect(kubeVirt()['spec']['configuration']['migrations']).not.toHaveProperty('allowWorkloadDisruption');
    expect(types()).toHaveLength(5);
  });

  test('says that it progresses while KubeVirt does', async () => {
    await start('1.6');
    const set = (progressing: string): void => {
      const object = kubeVirt();
      const conditions = object['status']['conditions'].map((condition: Any) =>
        condition['type'] === 'Progressing'
          ? { ...condition, status: progressing, message: 'Deploying version v1.6.6 with registry' }
          : condition,
      );
      lab.store.update(resources.kubeVirts, {
        ...object,
        status: { ...object['status'], conditions },
      } as unknown as KubeVirt);
      settle();
    };
    set('True');
    const by = (type: string): Any => stored()['status']['conditions'].find((each: Any) => each['type'] === type);
    expect(by('Progressing')).toMatchObject({
      status: 'True',
      reason: 'KubeVirtProgressing',
      message: 'KubeVirt is progressing: Deploying version v1.6.6 with registry',
    });
    expect(by('Upgradeable')).toMatchObject({ status: 'False', reason: 'KubeVirtProgressing' });
    expect(stored()['status']['systemHealthStatus']).toBe('warning');
    set('False');
    expect(by('Progressing')).toMatchObject({ status: 'False', reason: 'ReconcileCompleted' });
    expect(lab.eventsOf('HyperConverged', 'kubevirt-hyperconverged')).toEqual([
      'Warning ReconcileHCO Not all the operators are ready',
      'Normal ReconcileHCO HCO Reconcile completed successfully',
    ]);
  });

  test('sets the cluster-wide eviction strategy again when it is taken away', async () => {
    await start('1.6');
    await merge('v1beta1', { spec: { evictionStrategy: 'None' } });
    settle();
    expect(kubeVirt()['spec']['configuration']['evictionStrategy']).toBe('None');
    await merge('v1beta1', { spec: { evictionStrategy: null } });
    settle();
    expect(kubeVirt()['spec']['configuration']['evictionStrategy']).toBe('LiveMigrate');
  });
});
