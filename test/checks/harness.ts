import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkVms } from '../../src/assess/assess.ts';
import { readSnapshot } from '../../src/cluster/snapshot.ts';
import { connect } from '../../src/kube/connect.ts';
import { realTiming } from '../../src/kube/timing.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { FaultRequest } from '../../src/lab/faults/injector.ts';
import { type Lab, startLab } from '../../src/lab/lab.ts';
import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import { iscsiFilesystem, local, nfs } from '../../src/lab/scenarios/storage.ts';
import type { Finding, Severity, Verdict } from '../../src/model/finding.ts';
import type { VirtualMachineInstanceMigration, VmiSpec } from '../../src/model/objects.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { vmsOf } from '../../src/model/vm.ts';

// Checks against clusters that were brought into a state through their API: what a user or KubeVirt does, over HTTP.

/** Every release of OpenShift Virtualization that the lab can be. */
export const RELEASES = ['4.17', '4.18', '4.19', '4.20', '4.21', '4.22', 'next'] as const;
export type Release = (typeof RELEASES)[number];

export const since = (release: Release): Release[] => RELEASES.slice(RELEASES.indexOf(release));
export const until = (release: Release): Release[] => RELEASES.slice(0, RELEASES.indexOf(release) + 1);

/** A client's hand in the cluster, in the namespace of its case. */
export interface Hand {
  namespace: string;
  get<T>(path: string): Promise<T>;
  create(path: string, body: object): Promise<void>;
  merge(path: string, body: object): Promise<void>;
  put(path: string, body: object): Promise<void>;
  remove(path: string): Promise<void>;
  /** As `ferry lab fault inject`. */
  fault(request: FaultRequest): void;
  /** Lab time passes. */
  pass(seconds: number): void;
}

/** How a VM named `web` comes into the state in question. */
export interface Case {
  spec?: Partial<VmiSpec> & Record<string, unknown>;
  domain?: object;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  runStrategy?: string;
  /** Its name; `web` unless told. */
  name?: string;
  /** Only an instance, without a VirtualMachine. */
  bare?: boolean;
  /** Claims to make first: name and access mode, and the storage class if not the shared one. */
  claims?: [name: string, mode: string, storageClass?: string][];
  /** Before the VM is made. */
  before?(hand: Hand): Promise<void>;
  /** Once it runs. */
  after?(hand: Hand): Promise<void>;
  /** Seconds that pass then; 2 unless told. */
  settle?: number;
}

/** One check: a case that it tells of, and one like it that it must not. */
export interface LabRow {
  check: string;
  /** Where there are several of a check. */
  title?: string;
  /** Releases in which the case exists; default all. */
  releases?: Release[];
  case: Case;
  near: Case;
  said: [Severity, RegExp];
  /** What to do, where that is what differs. */
  remedy?: RegExp;
  /** Asked for a move to this node, or, of the near miss, to another. */
  target?: string;
  nearTarget?: string;
  /** It changes nodes or settings: it is judged in a second cluster, with others of its kind. */
  disturbs?: boolean;
  /** It is judged in a cluster of its own. */
  alone?: boolean | Scenario;
}

const worker = { role: 'worker', cores: 64, memory: '512Gi', sockets: 2, nicGbps: 10 } as const;

/** Three workers alike, one with another processor, one with what is rare. */
const scenario: Scenario = {
  name: 'checks',
  description: 'for the checks',
  nodes: [
    { prefix: 'control-plane', count: 1, role: 'control-plane', cores: 8, memory: '32Gi', sockets: 1, nicGbps: 10 },
    {
      prefix: 'same',
      count: 3,
      ...worker,
      hugepages: { '2Mi': '8Gi' },
      devices: { resource: 'openshift.io/fast', count: 8, onNodes: 2 },
    },
    { prefix: 'other', count: 1, ...worker, cpuModel: 'EPYC-Rome', confidential: 'sev', hugepages: { '2Mi': '16Gi' } },
    {
      prefix: 'gpu',
      count: 2,
      ...worker,
      cpuModel: 'Skylake-Server',
      confidential: 'tdx',
      devices: { resource: 'nvidia.com/T4', count: 8, onNodes: 2 },
    },
    {
      prefix: 'rare',
      count: 1,
      ...worker,
      cpuManager: true,
      hugepages: { '1Gi': '8Gi' },
      devices: { resource: 'nvidia.com/A10', count: 8, onNodes: 1 },
    },
  ],
  namespaces: [],
  storage: [nfs, iscsiFilesystem, local],
  vms: [],
};

export interface Judged {
  snapshot: Snapshot;
  /** Findings of a case's VM, for any target or for that one. */
  of(namespace: string, target?: string): Finding[];
  /** Ferry's verdict on each case. */
  verdicts: Map<string, Verdict>;
  /** Asks for a migration of every case's VM and lets lab time pass: the message of the refusal, or the last phase. */
  attempt(): Promise<Map<string, string>>;
  stop(): Promise<void>;
}

const json = { 'content-type': 'application/json' };

function handIn(lab: Lab, client: KubeClient, namespace: string): Hand {
  const send = async (method: string, path: string, body?: object, type = json['content-type']): Promise<string> =>
    (
      await client.raw(method, path.replaceAll('{ns}', namespace), {
        headers: { 'content-type': type },
        ...(body && { body }),
      })
    ).text;
  return {
    namespace,
    get: async (path) => JSON.parse(await send('GET', path)),
    create: async (path, body) => void (await send('POST', path, body)),
    merge: async (path, body) => void (await send('PATCH', path, body, 'application/merge-patch+json')),
    put: async (path, body) => void (await send('PUT', path, body)),
    remove: async (path) => void (await send('DELETE', path)),
    fault: (request) => void lab.injector.inject(request),
    pass: (seconds) => lab.clock.advanceBy(seconds * 1000),
  };
}

export const paths = {
  vms: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines',
  vm: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines/web',
  vmStatus: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines/web/status',
  vmis: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances',
  vmi: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances/web',
  migrations: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstancemigrations',
  claims: '/api/v1/namespaces/{ns}/persistentvolumeclaims',
  quotas: '/api/v1/namespaces/{ns}/resourcequotas',
  pods: '/api/v1/namespaces/{ns}/pods',
  attachments: '/apis/k8s.cni.cncf.io/v1/namespaces/{ns}/network-attachment-definitions',
  policies: '/apis/migrations.kubevirt.io/v1alpha1/migrationpolicies',
  namespace: '/api/v1/namespaces/{ns}',
};

function vmObject({
  spec = {},
  domain = {},
  labels = {},
  annotations = {},
  runStrategy = 'Always',
  name = 'web',
  claims = [],
  bare = false,
}: Case): object {
  const volumes = claims.map(([claimName]) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  const instance = {
    metadata: { labels, annotations },
    spec: {
      terminationGracePeriodSeconds: 0,
      // On the nodes that are alike, unless a case needs another.
      nodeSelector: { make: 'same' },
      volumes,
      ...spec,
      domain: { cpu: { cores: 1 }, memory: { guest: '1Gi' }, devices: {}, ...domain },
    },
  };
  const apiVersion = 'kubevirt.io/v1';
  if (bare) {
    return { ...instance, apiVersion, kind: 'VirtualMachineInstance', metadata: { ...instance.metadata, name } };
  }
  return { apiVersion, kind: 'VirtualMachine', metadata: { name }, spec: { runStrategy, template: instance } };
}

/** The nodes of the groups with that prefix. */
function nodesNamed({ nodes }: Scenario, prefix: string): string[] {
  return nodes
    .filter((group) => group.prefix === prefix)
    .flatMap(({ count }) => Array.from({ length: count }, (_, number) => `${prefix}-${number}`));
}

async function play(hand: Hand, one: Case): Promise<void> {
  await hand.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: hand.namespace } });
  for (const [name, mode, storageClassName = nfs.name] of one.claims ?? []) {
    const spec = { accessModes: [mode], storageClassName, resources: { requests: { storage: '1Gi' } } };
    await hand.create(paths.claims, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec });
  }
  await one.before?.(hand);
  await hand.create(one.bare === true ? paths.vmis : paths.vms, vmObject(one));
}

/** A cluster of a release in which all these cases have come about, as Ferry reads and judges it. */
export async function judge(
  release: Release,
  cases: [namespace: string, what: Case][],
  place: Scenario = scenario,
): Promise<Judged> {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-checks-'));
  const lab = await startLab({
    scenario: place,
    cnv: release,
    speed: 'stopped',
    seed: 'checks',
    startTime: Date.parse('2026-03-01T08:00:00Z'),
  });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  const client = await connect({ kubeconfig }, realTiming);
  const label = (node: string, labels: object) =>
    handIn(lab, client, '').merge(`/api/v1/nodes/${node}`, { metadata: { labels } });
  for (const name of nodesNamed(place, 'same')) await label(name, { make: 'same' });
  if (place === scenario) {
    await label('same-0', { single: 'yes', pair: 'yes' });
    await label('same-1', { pair: 'yes' });
    await label('same-2', { solo: 'yes' });
    await label('rare-0', { 'kubevirt.io/realtime': 'true' });
  }
  // As an administrator lets VMs have the GPUs.
  const mediatedDevices = [{ mdevNameSelector: 'GRID T4-1Q', resourceName: 'nvidia.com/T4' }];
  const hyperConverged =
    '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';
  await handIn(lab, client, '').merge(hyperConverged, { spec: { permittedHostDevices: { mediatedDevices } } });
  lab.clock.advanceBy(10_000);
  const hands = cases.map(([namespace, what]) => ({ hand: handIn(lab, client, namespace), what }));
  for (const { hand, what } of hands) await play(hand, what);
  lab.clock.advanceBy(60_000);
  for (const { hand, what } of hands) await what.after?.(hand);
  lab.clock.advanceBy(Math.min(...hands.map(({ what }) => what.settle ?? 2)) * 1000);
  const snapshot = await readSnapshot(client);
  const report = checkVms(snapshot, vmsOf(snapshot));
  const found = new Map(report.items.map(({ vm, findings }) => [vm.namespace, findings]));
  return {
    snapshot,
    of: (namespace, target) => {
      if (target === undefined) return found.get(namespace) ?? [];
      const vms = vmsOf(snapshot).filter((vm) => vm.namespace === namespace);
      return checkVms(snapshot, vms, { target }).items.flatMap(({ findings }) => findings);
    },
    verdicts: new Map(report.items.map(({ vm, verdict }) => [vm.namespace, verdict])),
    attempt: () => attempt(lab, hands),
    stop: async () => {
      client.close();
      await lab.stop();
      rmSync(folder, { recursive: true, force: true });
      if (lab.faults[0] !== undefined) throw lab.faults[0];
    },
  };
}

const ENDED = new Set(['Succeeded', 'Failed']);

async function attempt(lab: Lab, hands: { hand: Hand; what: Case }[]): Promise<Map<string, string>> {
  const outcomes = new Map<string, string>();
  for (const { hand, what } of hands) {
    const metadata = { name: 'attempt' };
    const spec = { vmiName: what.name ?? 'web' };
    const body = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration', metadata, spec };
    await hand.create(paths.migrations, body).catch((error: Error) => outcomes.set(hand.namespace, error.message));
  }
  let before = '';
  // What has not gone on for half an hour waits for ever: KubeVirt's own time-outs are shorter.
  for (let still = 0; still < 30; still++) {
    lab.clock.advanceBy(60_000);
    for (const { hand } of hands) {
      const found = lab.store.get<VirtualMachineInstanceMigration>(
        'virtualmachineinstancemigrations.kubevirt.io',
        hand.namespace,
        'attempt',
      );
      if (found !== undefined) outcomes.set(hand.namespace, found.status?.phase ?? '');
    }
    const open = [...outcomes.values()].filter((outcome) => /^[A-Z]?[a-zA-Z]*$/.test(outcome) && !ENDED.has(outcome));
    if (open.length === 0) break;
    const after = [...outcomes.values()].join();
    if (after !== before) still = 0;
    before = after;
  }
  return outcomes;
}
