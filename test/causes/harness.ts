import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/testing/run.ts';
import type { Diagnosis } from '../../src/diagnose/diagnose.ts';
import { connect } from '../../src/kube/connect.ts';
import { realTiming } from '../../src/kube/timing.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { FaultRequest } from '../../src/lab/faults/injector.ts';
import { type Lab, startLab } from '../../src/lab/lab.ts';
import { resources } from '../../src/lab/resources.ts';
import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import { local, nfs } from '../../src/lab/scenarios/storage.ts';
import type {
  Node,
  PersistentVolumeClaim,
  Pod,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../src/model/objects.ts';

// A cluster that is brought into trouble through its API, and asked with `ferry diagnose`.

/** What a user and the world do to the cluster; paths as the API has them. */
export interface Hand {
  create(path: string, body: object): Promise<void>;
  merge(path: string, body: object, as?: string): Promise<void>;
  put(path: string, body: object): Promise<void>;
  remove(path: string): Promise<void>;
  fault(name: string, more?: Omit<FaultRequest, 'name'>): void;
  /** Lab time passes, seconds. */
  pass(seconds: number): void;
  /** A migration of a VM, named m-VM. */
  migrate(vm: string, spec?: object): Promise<void>;
  /** Lab time passes until m-VM is in a phase. */
  until(vm: string, phase: string): void;
  vmi(vm: string): VirtualMachineInstance;
  /** The pod a VM runs in. */
  launcher(vm: string): string;
  /** The virt-handler of a node. */
  handler(node: string): string;
  /** Names of a node's labels that start so. */
  labels(node: string, prefix: string): string[];
  /** The volume behind a VM's disk. */
  volume(vm: string): string;
  /** The target pod of m-VM. */
  target(vm: string): Pod;
  /** The pod that attaches hot-plugged volumes beside another pod. */
  attachment(pod: Pod): Pod;
  /** An event as a component would record it. */
  event(kind: string, name: string, reason: string, message: string): Promise<void>;
  /** Live-migration settings, in HyperConverged. */
  settings(values: object): Promise<void>;
  /** A MigrationPolicy for all VMs. */
  policy(values: object): Promise<void>;
}

export const at = {
  vm: (name: string) => `/apis/kubevirt.io/v1/namespaces/vms/virtualmachines/${name}`,
  vmi: (name: string) => `/apis/kubevirt.io/v1/namespaces/vms/virtualmachineinstances/${name}`,
  migration: (vm: string) => `/apis/kubevirt.io/v1/namespaces/vms/virtualmachineinstancemigrations/m-${vm}`,
  pod: (name: string) => `/api/v1/namespaces/vms/pods/${name}`,
  node: (name: string) => `/api/v1/nodes/${name}`,
  events: '/api/v1/namespaces/vms/events',
};

const disk = [{ name: 'root', storage: nfs.name, size: '10Gi' }];
const calm = { zero: '1Gi', writes: '16Mi@4Mi', cpu: 0.2 };

/** Three workers; web and web2 leave worker-0, other is on worker-1; pinned stays on a local disk. */
export const scenario: Scenario = {
  name: 'causes',
  description: 'for the causes',
  nodes: [
    { prefix: 'control-plane', count: 1, role: 'control-plane', cores: 8, memory: '32Gi', sockets: 1, nicGbps: 10 },
    {
      prefix: 'worker',
      count: 3,
      role: 'worker',
      cores: 32,
      memory: '128Gi',
      sockets: 2,
      nicGbps: 10,
      nics: [{ name: 'enp4s0', gbps: 25 }],
    },
  ],
  namespaces: [{ name: 'vms', labels: {} }],
  storage: [nfs, local],
  vms: [
    {
      name: 'web',
      namespace: 'vms',
      cores: 2,
      memory: '2Gi',
      node: 'worker-0',
      ageDays: 9,
      disks: disk,
      workload: calm,
    },
    {
      name: 'web2',
      namespace: 'vms',
      cores: 2,
      memory: '2Gi',
      node: 'worker-0',
      ageDays: 9,
      disks: disk,
      workload: calm,
    },
    {
      name: 'other',
      namespace: 'vms',
      cores: 2,
      memory: '2Gi',
      node: 'worker-1',
      ageDays: 9,
      disks: disk,
      workload: calm,
    },
    {
      name: 'pinned',
      namespace: 'vms',
      cores: 2,
      memory: '2Gi',
      node: 'worker-2',
      ageDays: 9,
      disks: [{ name: 'root', storage: local.name, size: '10Gi' }],
      workload: calm,
    },
  ],
};

export const HCO = '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';

/** What Ferry says of a subject, once all this has happened in a cluster of a release. */
export async function diagnose(
  release: string,
  happens: (hand: Hand) => Promise<void>,
  subject: string,
  cluster: Scenario = scenario,
): Promise<Diagnosis> {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-causes-'));
  const lab = await startLab({
    scenario: cluster,
    cnv: release,
    speed: 'stopped',
    seed: 'causes',
    startTime: Date.parse('2026-03-01T08:00:00Z'),
  });
  try {
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
    lab.clock.advanceBy(10_000);
    await happens(handIn(lab, await connect({ kubeconfig }, realTiming)));
    const { stdout, stderr } = await run(['diagnose', subject, '-n', 'vms', '-o', 'json', '--kubeconfig', kubeconfig]);
    expect([stderr, lab.faults]).toEqual(['', []]);
    return JSON.parse(stdout) as Diagnosis;
  } finally {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function handIn(lab: Lab, client: KubeClient): Hand {
  const send = async (
    method: string,
    path: string,
    body?: object,
    type = 'application/json',
    as?: string,
  ): Promise<void> => {
    const headers = {
      'content-type': type,
      ...(as === undefined ? {} : { 'impersonate-user': as, 'impersonate-group': 'system:masters' }),
    };
    await client.raw(method, path, { headers, ...(body && { body }) });
  };
  let events = 0;
  const migration = (vm: string) =>
    lab.store.get<VirtualMachineInstanceMigration>(resources.migrations, 'vms', `m-${vm}`);
  const hand: Hand = {
    create: (path, body) => send('POST', path, body),
    merge: (path, body, as) => send('PATCH', path, body, 'application/merge-patch+json', as),
    put: (path, body) => send('PUT', path, body),
    remove: (path) => send('DELETE', path),
    fault: (name, more = {}) => void lab.injector.inject({ name, ...more }),
    pass: (seconds) => lab.clock.advanceBy(seconds * 1000),
    migrate: (vm, spec = {}) =>
      send('POST', '/apis/kubevirt.io/v1/namespaces/vms/virtualmachineinstancemigrations', {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachineInstanceMigration',
        metadata: { name: `m-${vm}` },
        spec: { vmiName: vm, ...spec },
      }),
    until: (vm, phase) => {
      for (let step = 0; step < 20_000; step++) {
        if (migration(vm)?.status?.phase === phase) return;
        lab.clock.advanceBy(50);
      }
      throw new Error(`m-${vm} is ${migration(vm)?.status?.phase}, not ${phase}`);
    },
    vmi: (vm) => lab.store.get<VirtualMachineInstance>(resources.vmis, 'vms', vm)!,
    launcher: (vm) => {
      const { metadata, status } = hand.vmi(vm);
      const own = lab.store
        .list<Pod>(resources.pods, 'vms')
        .find(
          (pod) =>
            pod.metadata.labels?.['kubevirt.io/created-by'] === metadata.uid && pod.spec?.nodeName === status?.nodeName,
        );
      return own!.metadata.name;
    },
    handler: (node) =>
      lab.store
        .list<Pod>(resources.pods, 'openshift-cnv')
        .find(({ metadata, spec }) => metadata.labels?.['kubevirt.io'] === 'virt-handler' && spec?.nodeName === node)!
        .metadata.name,
    labels: (node, prefix) =>
      Object.keys(lab.store.get<Node>(resources.nodes, undefined, node)?.metadata.labels ?? {}).filter((name) =>
        name.startsWith(prefix),
      ),
    volume: (vm) => {
      const claim = hand.vmi(vm).spec.volumes?.[0];
      const name = claim?.dataVolume?.name ?? claim?.persistentVolumeClaim?.claimName ?? '';
      return lab.store.get<PersistentVolumeClaim>(resources.claims, 'vms', name)!.spec!.volumeName!;
    },
    target: (vm) =>
      lab.store
        .list<Pod>(resources.pods, 'vms')
        .find(
          ({ metadata: { labels } }) =>
            labels?.['kubevirt.io'] === 'virt-launcher' &&
            labels['kubevirt.io/migrationJobUID'] === migration(vm)?.metadata.uid,
        )!,
    attachment: ({ metadata }) =>
      lab.store
        .list<Pod>(resources.pods, 'vms')
        .find((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))!,
    event: (kind, name, reason, message) => {
      const time = new Date(lab.clock.now()).toISOString().replace(/\.\d+Z/, 'Z');
      return send('POST', at.events, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${name}.${++events}` },
        involvedObject: { kind, namespace: 'vms', name },
        type: 'Warning',
        reason,
        message,
        count: 1,
        firstTimestamp: time,
        lastTimestamp: time,
        source: { component: 'test' },
      });
    },
    settings: async (values) => {
      await hand.merge(HCO, { spec: { liveMigrationConfig: values } });
      hand.pass(10);
    },
    policy: (values) =>
      send('POST', '/apis/migrations.kubevirt.io/v1alpha1/migrationpolicies', {
        apiVersion: 'migrations.kubevirt.io/v1alpha1',
        kind: 'MigrationPolicy',
        metadata: { name: 'all' },
        spec: { selectors: { namespaceSelector: { 'kubernetes.io/metadata.name': 'vms' } }, ...values },
      }),
  };
  return hand;
}
