import { request } from 'node:https';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import type {
  KubeVirt,
  PersistentVolumeClaim,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../model/objects.ts';
import { conditionOf } from './controllers/conditions.ts';
import { isHandler } from './controllers/handler-pods.ts';
import { type Lab, startLab } from './lab.ts';
import { resources } from './resources.ts';

// The whole way of a VM from the disk of one node to storage that all nodes reach, over HTTP as a client goes it.

let lab: Lab | undefined;

afterEach(async () => {
  await lab?.stop();
  expect(lab?.faults).toEqual([]);
});

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

function call<T>(method: string, path: string, body?: unknown, type = 'application/json'): Promise<T> {
  const config = parse(lab!.kubeconfig) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  const headers = {
    authorization: `Bearer ${config.users[0]?.user.token}`,
    accept: 'application/json, */*',
    'content-type': type,
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${server}${path}`, { method, headers, ca: Buffer.from(ca, 'base64') }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        if ((response.statusCode ?? 500) >= 300) reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        else resolve((text === '' ? undefined : JSON.parse(text)) as T);
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function reached(holds: () => boolean): Promise<void> {
  if (holds()) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = lab!.store.subscribe(() => {
      if (!holds()) return;
      stop();
      resolve();
    });
  });
}

const VM = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/mail-relay';
const VMI = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstances/mail-relay';
const VMIMS = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations';
const DVS = '/apis/cdi.kubevirt.io/v1beta1/namespaces/shop/datavolumes';
const condition = (object: VirtualMachineInstance | VirtualMachine, type: string) =>
  conditionOf(object.status?.conditions, type);

test('a VM on the disk of one node is moved to shared storage, and can migrate from then on', async () => {
  lab = await startLab({ scenario: 'small', speed: 'max' });
  const before = await call<VirtualMachineInstance>('GET', VMI);
  expect(condition(before, 'LiveMigratable')).toMatchObject({ status: 'False', reason: 'DisksNotLiveMigratable' });
  const vmim = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { generateName: 'mine-' },
    spec: { vmiName: 'mail-relay' },
  };
  await expect(call('POST', VMIMS, vmim)).rejects.toThrow(/Cannot migrate VMI, Reason: DisksNotLiveMigratable/);

  await call('POST', DVS, {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name: 'mail-relay-shared' },
    spec: {
      source: { blank: {} },
      storage: { storageClassName: 'ontap-san', resources: { requests: { storage: '30Gi' } } },
    },
  });
  const phase = () =>
    (lab?.store.get(resources.dataVolumes, 'shop', 'mail-relay-shared') as { status?: { phase?: string } } | undefined)
      ?.status?.phase;
  await reached(() => phase() === 'Succeeded');
  const claims = '/api/v1/namespaces/shop/persistentvolumeclaims/mail-relay-shared';
  const claim = await call<PersistentVolumeClaim>('GET', claims);
  expect(claim).toMatchObject({
    spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block' },
    status: { phase: 'Bound' },
  });

  await call(
    'PATCH',
    VM,
    [
      { op: 'add', path: '/spec/updateVolumesStrategy', value: 'Migration' },
      {
        op: 'replace',
        path: '/spec/template/spec/volumes/0',
        value: { name: 'rootdisk', dataVolume: { name: 'mail-relay-shared' } },
      },
    ],
    'application/json-patch+json',
  );
  await reached(() => {
    const vmi = lab?.store.get<VirtualMachineInstance>(resources.vmis, 'shop', 'mail-relay');
    const settled = vmi?.status?.migrationMethod === 'LiveMigration' && vmi.status.migratedVolumes === undefined;
    return settled && vmi.status?.nodeName !== before.status?.nodeName;
  });
  const after = await call<VirtualMachineInstance>('GET', VMI);
  expect(after.spec.volumes).toEqual([{ name: 'rootdisk', dataVolume: { name: 'mail-relay-shared' } }]);
  expect(after.status).toMatchObject({ phase: 'Running', migrationMethod: 'LiveMigration' });
  expect(after.status?.nodeName).not.toBe(before.status?.nodeName);
  const list = await call<{ items: VirtualMachineInstanceMigration[] }>('GET', VMIMS);
  expect(list.items).toHaveLength(1);
  expect(list.items[0]?.metadata.annotations).toHaveProperty('kubevirt.io/workloadUpdateMigration');

  const done = () => lab?.store.list<VirtualMachineInstanceMigration>(resources.migrations, 'shop') ?? [];
  await reached(() => done().every(({ status }) => status?.phase === 'Succeeded'));
  await call('POST', VMIMS, vmim);
  await reached(() => done().filter(({ status }) => status?.phase === 'Succeeded').length === 2);
  expect((await call<VirtualMachine>('GET', VM)).status?.printableStatus).toBe('Running');
});

test('a VM brings its DataVolumes along, and starts when they are filled', async () => {
  lab = await startLab({ scenario: 'small', speed: 'max' });
  const model = await call<VirtualMachine>('GET', VM);
  const template = structuredClone(model.spec.template);
  template.spec!.volumes = [{ name: 'rootdisk', dataVolume: { name: 'fresh-root' } }];
  const seen: (string | undefined)[] = [];
  const stop = lab.store.subscribe(({ resource, object }) => {
    const status = (object as VirtualMachine).status?.printableStatus;
    if (resource === resources.vms && object.metadata.name === 'fresh' && seen.at(-1) !== status) seen.push(status);
  });
  await call('POST', '/apis/kubevirt.io/v1/namespaces/shop/virtualmachines', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'fresh' },
    spec: {
      runStrategy: 'Always',
      template,
      dataVolumeTemplates: [
        {
          metadata: { name: 'fresh-root' },
          spec: {
            source: { http: { url: 'https://images.example/rhel9.qcow2' } },
            storage: { storageClassName: 'ontap-nas', resources: { requests: { storage: '20Gi' } } },
          },
        },
      ],
    },
  });
  await reached(() => seen.includes('Running'));
  stop();
  expect(seen.filter((status) => status !== undefined)).toEqual(['Provisioning', 'Starting', 'Running']);
  const volume = await call<{ metadata: { ownerReferences: object[] } }>('GET', `${DVS}/fresh-root`);
  expect(volume.metadata.ownerReferences).toMatchObject([{ kind: 'VirtualMachine', name: 'fresh' }]);
});

test('an upgrade brings the new virt-launcher to the VMs that can migrate', async () => {
  lab = await startLab({ scenario: 'small', speed: 'max', cnv: '4.20' });
  await expect(call('POST', '/lab/v1/upgrade', { cnv: '4.18' })).rejects.toThrow(/cnv must be a version after 4.20/);
  await call('POST', '/lab/v1/upgrade', { cnv: '4.21' });
  const kubeVirt = () => lab?.store.list<KubeVirt>(resources.kubeVirts)[0]?.status;
  const web = () => lab?.store.get<VirtualMachineInstance>(resources.vmis, 'shop', 'storefront-web-1');
  const handlers = () =>
    lab?.store
      .list<Pod>(resources.pods, 'openshift-cnv')
      .filter(isHandler)
      .map(({ spec }) => spec?.containers[0]?.image);
  const marked = () => web()?.metadata.labels?.['kubevirt.io/outdatedLauncherImage'] !== undefined;
  const order: string[] = [];
  const stop = lab.store.subscribe(() => {
    const image = handlers()?.every((each) => each?.includes(':v4.21')) === true ? 'new handlers' : 'old handlers';
    const state = `${image}, ${kubeVirt()?.observedKubeVirtVersion?.slice(0, 4)}${marked() ? ', outdated launchers' : ''}`;
    if (order.at(-1) !== state) order.push(state);
  });
  await reached(marked);
  stop();
  // virt-operator updates virt-handler first; only then launchers are outdated (facts/kubevirt.md C3, D7).
  expect(order.at(-1)).toBe('new handlers, v1.7, outdated launchers');
  expect(order.slice(0, -1).filter((state) => state.includes('outdated'))).toEqual([]);
  expect(kubeVirt()?.outdatedVirtualMachineInstanceWorkloads).toBeGreaterThanOrEqual(0);
  await reached(() => web()?.status?.launcherContainerImageVersion?.includes('v1.7') === true);
  const { items } = await call<{ items: VirtualMachineInstanceMigration[] }>('GET', VMIMS);
  const own = items.filter(({ spec }) => spec.vmiName === 'storefront-web-1');
  expect(own.every(({ metadata }) => metadata.name.startsWith('kubevirt-workload-update-'))).toBe(true);
  expect(own.length).toBeGreaterThan(0);
});
