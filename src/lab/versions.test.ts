import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { bytesOf } from '../model/quantity.ts';
import { type Lab, startLab } from './lab.ts';

// What differs from version to version, read through the API of a lab of each. The expected values are literally those
// of facts/kubevirt.md and of KubeVirt's and HCO's sources; nothing here reads the table of versions.

interface Expected {
  kubevirt: string;
  kubernetes: string;
  /** HyperConverged: completionTimeoutPerGiB, parallelOutboundMigrationsPerNode, allowWorkloadDisruption (A10). */
  hco: [number, number, boolean | undefined];
  hcoServed: string[];
  hcoStored: string;
  /** completionTimeoutPerGiB of a migration in a KubeVirt CR that sets none (A8). */
  builtIn: number;
  /** With a bridge on the pod network and a claim that only one node can mount (A4). */
  firstObstacle: string;
  bridge: string;
  reservation: string | undefined;
  virtiofs: string | undefined;
  storageCondition: boolean;
  addedNodeSelector: boolean;
  priority: string | undefined;
  /** The second eviction of the same pod (B4). */
  again: string;
  budget: boolean;
  cancel: number;
  aborted: string;
  migrateRole: number;
  editorMigrates: boolean;
  /** Who says that the VMI has moved (A5). */
  handsOver: 'source' | 'target';
  /** Memory that a launcher of 2 vCPUs and 4Gi requests besides the guest's, Mi (F3); and the page tables, bytes. */
  overhead: number;
  pageTables: number;
  finalizer: string;
  cpuManagerLabels: string[];
  podLabel: boolean;
  maxDowntime: string | undefined;
}

const BRIDGE_LONG =
  'cannot migrate VMI which does not use masquerade, bridge with kubevirt.io/allow-pod-bridge-network-live-migration VM annotation or a migratable plugin to connect to the pod network';
const GATE = 'MigrationPriorityQueue feature gate is not enabled in kubevirt resource';
const PROGRESS = 'Evacuation in progress: Eviction triggered evacuation of VMI "shop/storefront-web-1"';

const v13: Expected = {
  kubevirt: 'v1.3.1',
  kubernetes: '1.30',
  hco: [800, 2, undefined],
  hcoServed: ['v1beta1'],
  hcoStored: 'v1beta1',
  builtIn: 800,
  firstObstacle: 'DisksNotLiveMigratable',
  bridge: BRIDGE_LONG,
  reservation: 'VMI uses SCSI persitent reservation',
  virtiofs: 'VMI uses virtiofs',
  storageCondition: false,
  addedNodeSelector: false,
  priority: undefined,
  again: "Cannot evict pod as it would violate the pod's disruption budget.",
  budget: true,
  cancel: 404,
  aborted: 'Live migration aborted ',
  migrateRole: 404,
  editorMigrates: true,
  handsOver: 'source',
  overhead: 266,
  // 4294968 kB / 512
  pageTables: 8_388_609,
  finalizer: 'foregroundDeleteVirtualMachine',
  cpuManagerLabels: ['cpumanager'],
  podLabel: false,
  maxDowntime: undefined,
};
const v14: Expected = {
  ...v13,
  kubevirt: 'v1.4.1',
  kubernetes: '1.31',
  hco: [150, 2, undefined],
  builtIn: 150,
  storageCondition: true,
  overhead: 271,
};
const v15: Expected = {
  ...v14,
  kubevirt: 'v1.5.3',
  kubernetes: '1.32',
  virtiofs: undefined,
  again: PROGRESS,
  migrateRole: 200,
  editorMigrates: false,
  overhead: 276,
};
const v16: Expected = {
  ...v15,
  kubevirt: 'v1.6.6',
  kubernetes: '1.33',
  firstObstacle: 'InterfaceNotLiveMigratable',
  addedNodeSelector: true,
  budget: false,
  handsOver: 'target',
  pageTables: 0,
};
const v17: Expected = {
  ...v16,
  kubevirt: 'v1.7.4',
  kubernetes: '1.34',
  reservation: 'VMI uses SCSI persistent reservation',
  priority: GATE,
  cancel: 200,
  finalizer: 'kubevirt.io/foregroundDeleteVirtualMachine',
  podLabel: true,
};
const v18: Expected = {
  ...v17,
  kubevirt: 'v1.8.4',
  kubernetes: '1.35',
  hcoServed: ['v1', 'v1beta1'],
  bridge: 'cannot migrate VMI which does not use masquerade or a migratable plugin to connect to the pod network',
  cpuManagerLabels: ['cpumanager', 'kubevirt.io/cpumanager'],
};
const v19: Expected = {
  ...v18,
  kubevirt: 'v1.9.0',
  kubernetes: '1.36',
  hco: [20, 1, false],
  hcoStored: 'v1',
  reservation: undefined,
  priority: 'Migration priority queue, only virt-controller is allowed to set priority field',
  aborted: 'Live migration has been aborted',
  maxDowntime: 'maxDowntimeMs cannot be modified without enabling the MigrationStallDetection feature gate',
};

const all: [string, Expected][] = [
  ['4.17', v13],
  ['4.18', v14],
  ['4.19', v15],
  ['4.20', v16],
  ['4.21', v17],
  ['4.22', v18],
  ['next', v19],
];

interface Answer {
  status: number;
  body: Json;
}
/** Whatever JSON an API answers. */
type Json = ReturnType<typeof JSON.parse>;

function client(lab: Lab): (method: string, path: string, body?: unknown, type?: string) => Promise<Answer> {
  const config = parse(lab.kubeconfig) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  const authorization = `Bearer ${config.users[0]!.user.token}`;
  return (method, path, body, type = 'application/json') =>
    new Promise((resolve, reject) => {
      const headers = { authorization, accept: 'application/json, */*', 'content-type': type };
      const sent = request(`${server}${path}`, { method, headers, ca: Buffer.from(ca, 'base64') }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          const json = text !== '' && (response.headers['content-type'] ?? '').includes('json');
          resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

const KUBEVIRT = '/apis/kubevirt.io/v1';
const CNV = 'namespaces/openshift-cnv';
const VMIMS = `${KUBEVIRT}/namespaces/shop/virtualmachineinstancemigrations`;
const vmiPath = (name: string) => `${KUBEVIRT}/namespaces/shop/virtualmachineinstances/${name}`;

/** A VM on the pod network, with what is to be looked at. */
function vm(name: string, more: { devices?: object; volumes?: object[] } = {}): object {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          domain: {
            cpu: { cores: 2 },
            memory: { guest: '4Gi' },
            devices: { interfaces: [{ name: 'default', masquerade: {} }], ...more.devices },
          },
          networks: [{ name: 'default', pod: {} }],
          ...(more.volumes === undefined ? {} : { volumes: more.volumes }),
        },
      },
    },
  };
}

describe.each(all)('OpenShift Virtualization %s', (cnv, expected) => {
  let lab: Lab;
  let call: ReturnType<typeof client>;
  const later = (seconds: number): void => lab.clock.advanceBy(seconds * 1000);
  const create = async (object: object): Promise<void> => {
    const path = `${KUBEVIRT}/namespaces/shop/virtualmachines`;
    expect((await call('POST', path, object)).status).toBe(201);
  };
  const condition = async (
    name: string,
    type: string,
  ): Promise<{ status: string; reason?: string; message?: string }> => {
    const { body } = await call('GET', vmiPath(name));
    return body.status.conditions.find((one: Json) => one.type === type) as never;
  };
  const migrate = async (name: string, vmiName: string, spec: object = {}): Promise<Answer> =>
    await call('POST', VMIMS, {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name },
      spec: { vmiName, ...spec },
    });
  const launcherOf = async (name: string): Promise<Json> => {
    const path = `/api/v1/namespaces/shop/pods?labelSelector=vm.kubevirt.io/name=${name}`;
    return (await call('GET', path)).body.items[0]!;
  };

  beforeAll(async () => {
    lab = await startLab({ scenario: 'small', speed: 'stopped', seed: 'versions', cnv });
    call = client(lab);
  });
  afterAll(async () => {
    await lab.stop();
    expect(lab.faults).toEqual([]);
  });

  test('says which version it is', async () => {
    const version = await call('GET', '/version');
    expect(`${version.body.major}.${version.body.minor}`).toBe(expected.kubernetes);
    const nodes = await call('GET', '/api/v1/nodes');
    const kubelets = nodes.body.items.map(({ status }: Json) => status.nodeInfo.kubeletVersion);
    expect(new Set(kubelets)).toEqual(new Set([version.body.gitVersion]));
    const kubevirt = await call('GET', `${KUBEVIRT}/${CNV}/kubevirts/kubevirt-kubevirt-hyperconverged`);
    expect(kubevirt.body.status.observedKubeVirtVersion).toBe(expected.kubevirt);
    const own = await call('GET', '/apis/subresources.kubevirt.io/v1/version');
    expect(own.body.gitVersion).toBe(expected.kubevirt);
  });

  test("HyperConverged has its release's defaults and API versions, and KubeVirt gets them", async () => {
    const path = `/apis/hco.kubevirt.io/v1beta1/${CNV}/hyperconvergeds/kubevirt-hyperconverged`;
    const { liveMigrationConfig } = (await call('GET', path)).body.spec!;
    const [timeout, outbound, disruption] = expected.hco;
    expect(liveMigrationConfig).toMatchObject({
      completionTimeoutPerGiB: timeout,
      parallelOutboundMigrationsPerNode: outbound,
      parallelMigrationsPerCluster: 5,
      progressTimeout: 150,
    });
    expect(liveMigrationConfig.allowWorkloadDisruption).toBe(disruption);
    const group = await call('GET', '/apis/hco.kubevirt.io');
    expect(group.body.versions.map(({ version }: Json) => version).toSorted()).toEqual(expected.hcoServed);
    const crd = await call(
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hyperconvergeds.hco.kubevirt.io',
    );
    expect(crd.body.spec.versions.find(({ storage }: Json) => storage).name).toBe(expected.hcoStored);
    const kubevirt = await call('GET', `${KUBEVIRT}/${CNV}/kubevirts/kubevirt-kubevirt-hyperconverged`);
    expect(kubevirt.body.spec.configuration.migrations).toMatchObject({
      completionTimeoutPerGiB: timeout,
      parallelOutboundMigrationsPerNode: outbound,
    });
  });

  test('tells why a VM cannot migrate, in its words and its order', async () => {
    const bridge = { interfaces: [{ name: 'default', bridge: {} }] };
    const claim = { name: 'rootdisk', persistentVolumeClaim: { claimName: 'only-here' } };
    const pvc = await call('POST', '/api/v1/namespaces/shop/persistentvolumeclaims', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'only-here' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'ontap-nas',
        resources: { requests: { storage: '10Gi' } },
      },
    });
    expect(pvc.status).toBe(201);
    const scratch = { name: 'rootdisk', containerDisk: { image: 'example.org/disk@sha256:0' } };
    await create(vm('bridged', { devices: bridge, volumes: [scratch] }));
    await create(vm('twice', { devices: { ...bridge, disks: [{ name: 'rootdisk', disk: {} }] }, volumes: [claim] }));
    const lun = { name: 'rootdisk', lun: { reservation: true } };
    await create(vm('reserving', { devices: { disks: [lun] }, volumes: [scratch] }));
    const share = { filesystems: [{ name: 'share', virtiofs: {} }] };
    await create(vm('sharing', { devices: share, volumes: [{ name: 'share', emptyDisk: { capacity: '1Gi' } }] }));
    later(60);
    expect((await condition('bridged', 'LiveMigratable')).message).toBe(expected.bridge);
    expect((await condition('twice', 'LiveMigratable')).reason).toBe(expected.firstObstacle);
    expect((await condition('reserving', 'LiveMigratable')).message).toBe(expected.reservation);
    expect((await condition('sharing', 'LiveMigratable')).message).toBe(expected.virtiofs);
    const storage = await condition('reserving', 'StorageLiveMigratable');
    expect(storage?.status).toBe(expected.storageCondition ? 'False' : undefined);
    const denied = await migrate('try', 'bridged');
    expect(denied.status).toBe(400);
    expect(denied.body.message).toBe(
      `admission webhook "migration-create-validator.kubevirt.io" denied the request: Cannot migrate VMI, Reason: InterfaceNotLiveMigratable, Message: ${expected.bridge}`,
    );
  });

  test('makes launchers as that version does', async () => {
    await create(vm('plain'));
    later(60);
    const { body } = await call('GET', vmiPath('plain'));
    expect(body.metadata.finalizers).toContain(expected.finalizer);
    const pod = await launcherOf('plain');
    const { memory } = pod.spec.containers[0].resources.requests!;
    const bytes = (4096 + expected.overhead) * 2 ** 20 + expected.pageTables;
    expect(bytesOf(memory)).toBe(bytes);
    expect(pod.metadata.labels['vmi.kubevirt.io/id']).toBe(expected.podLabel ? 'plain' : undefined);
    const node = await call('GET', '/api/v1/nodes/worker-0');
    const labels = Object.keys(node.body.metadata.labels);
    expect(labels.filter((label) => label.endsWith('cpumanager')).toSorted()).toEqual(expected.cpuManagerLabels);
    expect(labels.some((label) => label.startsWith('machine-type.node.kubevirt.io/'))).toBe(
      !['1.30', '1.31'].includes(expected.kubernetes),
    );
  });

  test('migrates, with the settings and hands of its version', async () => {
    const target = await migrate('chosen', 'storefront-web-2', {
      addedNodeSelector: { 'kubernetes.io/hostname': 'worker-3' },
    });
    expect(target.status).toBe(201);
    const chosen = { 'kubernetes.io/hostname': 'worker-3' };
    expect(target.body.spec.addedNodeSelector).toEqual(expected.addedNodeSelector ? chosen : undefined);
    later(300);
    const { body } = await call('GET', `${VMIMS}/chosen`);
    expect(body.status.phase).toBe('Succeeded');
    const state = body.status.migrationState!;
    expect(state.completed).toBe(true);
    const [timeout, , disruption] = expected.hco;
    expect(state.migrationConfiguration).toMatchObject({ completionTimeoutPerGiB: timeout });
    const knowsDisruption = !['1.30', '1.31'].includes(expected.kubernetes);
    expect(state.migrationConfiguration.allowWorkloadDisruption).toBe(
      knowsDisruption ? (disruption ?? false) : undefined,
    );
    const events = await call('GET', '/api/v1/namespaces/shop/events');
    const moved = events.body.items.find(
      ({ reason, involvedObject }: Json) => reason === 'Migrated' && involvedObject.name === 'storefront-web-2',
    )!;
    expect(moved.source.host).toBe(expected.handsOver === 'source' ? state.sourceNode : state.targetNode);
  });

  test('aborts with its text', async () => {
    expect((await migrate('stop-it', 'orders-db')).status).toBe(201);
    const phase = async (): Promise<string> => (await call('GET', `${VMIMS}/stop-it`)).body.status?.phase ?? '';
    for (let step = 0; step < 100 && (await phase()) !== 'Running'; step++) lab.clock.advanceBy(200);
    expect((await call('DELETE', `${VMIMS}/stop-it`)).status).toBe(200);
    later(20);
    const { migrationState } = (await call('GET', vmiPath('orders-db'))).body.status!;
    expect(migrationState).toMatchObject({ failed: true, abortStatus: 'Succeeded', failureReason: expected.aborted });
  });

  test('refuses priorities, and settings it has only behind a gate', async () => {
    const asked = await migrate('urgent', 'orders-db', { priority: 'system-critical' });
    if (expected.priority === undefined) {
      expect([asked.status, asked.body.spec.priority]).toEqual([201, undefined]);
      await call('DELETE', `${VMIMS}/urgent`);
      later(20);
    } else {
      expect(asked.status).toBe(422);
      expect(asked.body.message).toContain(expected.priority);
      expect(asked.body.details.causes[0].field).toBe('spec.migrationPriority');
    }
    const policies = '/apis/migrations.kubevirt.io/v1alpha1/migrationpolicies';
    const policy = await call('POST', policies, {
      apiVersion: 'migrations.kubevirt.io/v1alpha1',
      kind: 'MigrationPolicy',
      metadata: { name: 'short' },
      spec: { selectors: {}, maxDowntimeMs: 500 },
    });
    if (expected.maxDowntime === undefined) {
      expect([policy.status, policy.body.spec.maxDowntimeMs]).toEqual([201, undefined]);
      await call('DELETE', `${policies}/short`);
    } else {
      expect(policy.status).toBe(422);
      expect(policy.body.message).toContain(expected.maxDowntime);
    }
  });

  test('answers evictions, and lets them be cancelled or not', async () => {
    const budgets = await call('GET', '/apis/policy/v1/namespaces/shop/poddisruptionbudgets');
    const mine = budgets.body.items.filter(({ metadata }: Json) =>
      metadata.name.startsWith('kubevirt-disruption-budget-'),
    );
    expect(mine.length > 0).toBe(expected.budget);
    const pod = (await launcherOf('storefront-web-1')).metadata.name;
    const evict = async (): Promise<Answer> =>
      await call('POST', `/api/v1/namespaces/shop/pods/${pod}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: pod },
      });
    const first = await evict();
    expect([first.status, first.body.message]).toEqual([
      429,
      'admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: Eviction triggered evacuation of VMI "shop/storefront-web-1"',
    ]);
    const second = await evict();
    expect(second.status).toBe(429);
    expect(second.body.message).toContain(expected.again);
    lab.clock.advanceBy(100);
    const marked = (await call('GET', vmiPath('storefront-web-1'))).body.status!;
    expect(marked.conditions.some(({ type }: Json) => type === 'EvictionRequested')).toBe(expected.cancel === 200);
    const path =
      '/apis/subresources.kubevirt.io/v1/namespaces/shop/virtualmachineinstances/storefront-web-1/evacuate/cancel';
    const cancel = async (body: object): Promise<number> => (await call('PUT', path, body)).status;
    if (expected.cancel === 200) expect(await cancel({})).toBe(500);
    expect(await cancel({ evacuationNodeName: marked.evacuationNodeName })).toBe(expected.cancel);
    const after = (await call('GET', vmiPath('storefront-web-1'))).body.status!;
    expect(after.evacuationNodeName).toBe(expected.cancel === 200 ? undefined : marked.evacuationNodeName);
  });

  test('drains by its rules: all evacuations at once, or as slots are free', async () => {
    later(300);
    const node = (await call('GET', vmiPath('orders-db'))).body.status.nodeName;
    const taint = { key: 'kubevirt.io/drain', effect: 'NoSchedule' };
    await call('PATCH', `/api/v1/nodes/${node}`, { spec: { taints: [taint] } }, 'application/merge-patch+json');
    const vmis = await call('GET', `${KUBEVIRT}/virtualmachineinstances?labelSelector=kubevirt.io/nodeName=${node}`);
    const able = vmis.body.items.filter(({ status }: Json) =>
      status.conditions.some(({ type, status: is }: Json) => type === 'LiveMigratable' && is === 'True'),
    );
    lab.clock.advanceBy(400);
    const { items } = (await call('GET', `${KUBEVIRT}/virtualmachineinstancemigrations`)).body;
    const evacuations = items.filter(({ metadata }: Json) => metadata.name.startsWith('kubevirt-evacuation-'));
    const fresh = evacuations.filter(({ status }: Json) => !['Succeeded', 'Failed'].includes(status?.phase ?? ''));
    const [, outbound] = expected.hco;
    const atOnce = expected.kubevirt === 'v1.9.0' ? able.length : Math.min(able.length, outbound);
    expect(able.length).toBeGreaterThan(1);
    expect(fresh.length).toBe(atOnce);
    const priorities = new Set(fresh.map(({ spec }: Json) => spec.priority));
    expect(priorities).toEqual(new Set([expected.kubevirt === 'v1.9.0' ? 'system-critical' : undefined]));
  });

  test("brings that version's roles", async () => {
    const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
    expect((await call('GET', `${roles}/kubevirt.io:migrate`)).status).toBe(expected.migrateRole);
    const edit = await call('GET', `${roles}/kubevirt.io:edit`);
    const may = edit.body.rules.some(
      ({ resources, verbs }: Json) =>
        resources.includes('virtualmachineinstancemigrations') && verbs.includes('create'),
    );
    expect(may).toBe(expected.editorMigrates);
  });
});
