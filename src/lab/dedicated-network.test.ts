import { request } from 'node:https';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../model/objects.ts';
import { type Lab, type LabOptions, startLab } from './lab.ts';

// A dedicated migration network built over HTTP as the mission has it, corrected by facts/anchors.md 6 (rows 16, 17, 18, 20).

const running: Lab[] = [];

afterEach(async () => {
  for (const lab of running.splice(0)) {
    await lab.stop();
    expect(lab.faults).toEqual([]);
  }
});

interface Api {
  lab: Lab;
  send: (method: string, path: string, body?: unknown, type?: string) => Promise<{ status: number; body: never }>;
  get: <T>(path: string) => Promise<T>;
  /** Lets lab time pass until something holds. */
  until: (holds: () => Promise<boolean>, seconds?: number) => Promise<void>;
}

async function start(options: LabOptions): Promise<Api> {
  const lab = await startLab({ speed: 'stopped', startTime: Date.parse('2026-03-01T08:00:00Z'), ...options });
  running.push(lab);
  const config = parse(lab.kubeconfig) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const ca = Buffer.from(config.clusters[0]!.cluster['certificate-authority-data'], 'base64');
  const send: Api['send'] = (method, path, body, type = 'application/json') =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${config.users[0]?.user.token}`, 'content-type': type };
      const sent = request(`${lab.url}${path}`, { method, headers, ca }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as never }));
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const api: Api = {
    lab,
    send,
    get: async (path) => {
      const { status, body } = await send('GET', path);
      expect([path, status]).toEqual([path, 200]);
      return body;
    },
    until: async (holds, seconds = 900) => {
      for (let step = 0; step < seconds; step++) {
        if (await holds()) return;
        lab.clock.advanceBy(1000);
      }
      throw new Error('it never held');
    },
  };
  return api;
}

const NNCP = '/apis/nmstate.io/v1/nodenetworkconfigurationpolicies';
const NNCE = '/apis/nmstate.io/v1beta1/nodenetworkconfigurationenactments';
const NNS = '/apis/nmstate.io/v1beta1/nodenetworkstates';
const NAD = '/apis/k8s.cni.cncf.io/v1/namespaces/openshift-cnv/network-attachment-definitions';
const HCO = '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';
const KUBEVIRT = '/apis/kubevirt.io/v1/namespaces/openshift-cnv/kubevirts/kubevirt-kubevirt-hyperconverged';
const HANDLERS = '/api/v1/namespaces/openshift-cnv/pods?labelSelector=kubevirt.io%3Dvirt-handler';
const SET = '/apis/apps/v1/namespaces/openshift-cnv/daemonsets/virt-handler';

interface WithConditions extends KubeObject {
  status: { conditions: { type: string; status: string; reason?: string; message?: string }[] };
}

const conditionsOf = ({ status }: WithConditions): Record<string, string> =>
  Object.fromEntries(
    (status?.conditions ?? []).map(({ type, status: value, reason }) => [type, [value, reason].join(' ').trim()]),
  );

const policy = (name: string, interfaces: object[]) => ({
  apiVersion: 'nmstate.io/v1',
  kind: 'NodeNetworkConfigurationPolicy',
  metadata: { name },
  spec: { nodeSelector: { 'node-role.kubernetes.io/worker': '' }, desiredState: { interfaces } },
});

const attachment = (config: object) => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: { name: 'migration-network', namespace: 'openshift-cnv' },
  spec: { config: JSON.stringify({ cniVersion: '0.3.1', name: 'migration-bridge', mode: 'bridge', ...config }) },
});

const vlan = [
  { name: 'enp4s0', type: 'ethernet', state: 'up', mtu: 9000 },
  { name: 'enp4s0.3030', type: 'vlan', state: 'up', mtu: 9000, vlan: { 'base-iface': 'enp4s0', id: 3030 } },
];
const whereabouts = { type: 'whereabouts', range: '10.200.5.0/24', exclude: ['10.200.5.0/30'] };

interface HandlerPod extends KubeObject {
  spec: { nodeName: string };
  status: { phase: string; podIP: string; containerStatuses?: { state: { waiting?: { reason: string } } }[] };
}
const addressOf = (pod: HandlerPod): string | undefined =>
  (
    JSON.parse(pod.metadata.annotations?.['k8s.v1.cni.cncf.io/network-status'] ?? '[]') as {
      interface: string;
      ips?: string[];
    }[]
  ).find((one) => one.interface === 'migration0')?.ips?.[0];

const network = (name: string | null) => ({ spec: { liveMigrationConfig: { network: name } } });
const MERGE = 'application/merge-patch+json';

async function rolledOut({ get, until }: Api): Promise<void> {
  const seen = async (): Promise<string | undefined> =>
    conditionsOf(await get<WithConditions>(KUBEVIRT))['Progressing'];
  await until(async () => (await seen()) === 'True UpdateInProgress', 60);
  await until(async () => (await seen()) === 'False AllComponentsReady');
}

describe('a dedicated migration network, built by hand', () => {
  test('NNCP, NAD and HyperConverged: handlers get migration0, and migrations go over it', async () => {
    const api = await start({ scenario: 'small' });
    const { get, send, until, lab } = api;
    expect((await send('POST', NNCP, policy('migration', vlan))).status).toBe(201);
    const available = async () => conditionsOf(await get<WithConditions>(`${NNCP}/migration`))['Available'];
    await until(async () => (await available()) === 'True SuccessfullyConfigured');
    const done = await get<WithConditions>(`${NNCP}/migration`);
    expect(done.status.conditions.find(({ type }) => type === 'Available')?.message).toBe(
      '4/4 nodes successfully configured',
    );
    const { items: enactments } = await get<{ items: WithConditions[] }>(NNCE);
    expect(enactments.map(({ metadata }) => metadata.name)).toEqual([0, 1, 2, 3].map((n) => `worker-${n}.migration`));
    for (const one of enactments) expect(conditionsOf(one)['Available']).toBe('True SuccessfullyConfigured');

    const before = (await get<{ items: HandlerPod[] }>(HANDLERS)).items;
    const slow = lab.network.linkSpeed('worker-0');
    expect(
      (await send('POST', NAD, attachment({ type: 'macvlan', master: 'enp4s0.3030', mtu: 9000, ipam: whereabouts })))
        .status,
    ).toBe(201);
    expect((await send('PATCH', HCO, network('migration-network'), MERGE)).status).toBe(200);
    await rolledOut(api);

    const { items: pods } = await get<{ items: HandlerPod[] }>(HANDLERS);
    expect(pods.map(addressOf).toSorted((a, b) => (a ?? '').localeCompare(b ?? ''))).toEqual([
      '10.200.5.4',
      '10.200.5.5',
      '10.200.5.6',
      '10.200.5.7',
    ]);
    expect(pods.some(({ metadata }) => before.some((old) => old.metadata.uid === metadata.uid))).toBe(false);
    const set = await get<{ spec: { updateStrategy: object }; status: Record<string, number> } & KubeObject>(SET);
    expect(set.spec.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } });
    expect(set.status).toMatchObject({ updatedNumberScheduled: 4, numberReady: 4 });
    const pools = await get<{ items: { spec: { allocations: object } }[] }>(
      '/apis/whereabouts.cni.cncf.io/v1alpha1/ippools',
    );
    expect(pools.items.map(({ spec }) => Object.keys(spec.allocations))).toEqual([['4', '5', '6', '7']]);
    // 25 Gbit/s with MTU 9000 instead of 10 with 1500.
    expect(lab.network.linkSpeed('worker-0') / slow).toBeCloseTo((2.5 * (8948 / 9038)) / (1448 / 1538), 6);

    const path = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations';
    await send('POST', path, {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name: 'move' },
      spec: { vmiName: 'storefront-web-1' },
    });
    interface Vmi {
      status: { migrationState?: { targetNodeAddress?: string; completed?: boolean; failed?: boolean } };
    }
    const vmi = () => get<Vmi>('/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstances/storefront-web-1');
    await until(async () => (await vmi()).status.migrationState?.completed === true);
    expect((await vmi()).status.migrationState?.failed).toBeUndefined();
    expect(pods.map(addressOf)).toContain((await vmi()).status.migrationState?.targetNodeAddress);
  });

  test('a NIC that carries br-ex and the default route: rolled back, and the others are spared', async () => {
    const { get, send, until } = await start({ scenario: 'small' });
    const state = () => get<{ status: object }>(`${NNS}/worker-0`);
    const before = (await state()).status;
    const bridge = { 'allow-extra-patch-ports': true, port: [{ name: 'eno1', vlan: { mode: 'access', tag: 3030 } }] };
    await send('POST', NNCP, policy('migration', [{ name: 'br-lm', type: 'ovs-bridge', state: 'up', bridge }]));
    const degraded = async () => conditionsOf(await get<WithConditions>(`${NNCP}/migration`))['Degraded'];
    await until(async () => (await degraded()) === 'True FailedToConfigure');
    await until(async () =>
      (await get<{ items: WithConditions[] }>(NNCE)).items.every((one) =>
        /^(?!True)/.test(conditionsOf(one)['Progressing'] ?? ''),
      ),
    );
    const { items } = await get<{ items: WithConditions[] }>(NNCE);
    const how = items.map((one) => one.status.conditions.find(({ status }) => status === 'True'));
    expect(how.filter((one) => one?.type === 'Failing')).not.toHaveLength(0);
    expect(how.filter((one) => one?.type === 'Aborted')).not.toHaveLength(0);
    expect(how.find((one) => one?.type === 'Failing')?.message).toMatch(
      /^error reconciling NodeNetworkConfigurationPolicy on node worker-\d at desired state apply: "",\n rolling back desired state configuration: failed runnig probes after network changes: failed runnig probe 'ping' /,
    );
    expect(how.find((one) => one?.type === 'Aborted')?.message).toBe('policy has failing enactments, aborting');
    expect((await state()).status).toEqual(before);
  });

  test('no NAD of that name: one handler hangs, the others go on as they were', async () => {
    const { get, send, until, lab } = await start({ scenario: 'small' });
    await send('PATCH', HCO, network('nowhere'), MERGE);
    const pods = async () => (await get<{ items: HandlerPod[] }>(HANDLERS)).items;
    await until(async () =>
      (await pods()).some(({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'ContainerCreating'),
    );
    lab.clock.advanceBy(600_000);
    const hanging = (await pods()).filter(({ status }) => status.phase === 'Pending');
    expect(hanging).toHaveLength(1);
    const events = await get<{ items: { reason: string; message: string; involvedObject: { name: string } }[] }>(
      '/api/v1/namespaces/openshift-cnv/events',
    );
    const about = events.items.filter(({ involvedObject }) => involvedObject.name === hanging[0]?.metadata.name);
    const text =
      'cannot find a network-attachment-definition (nowhere) in namespace (openshift-cnv): network-attachment-definitions.k8s.cni.cncf.io "nowhere" not found';
    expect(about.find(({ reason }) => reason === 'NoNetworkFound')?.message).toBe(text);
    expect(about.find(({ reason }) => reason === 'FailedCreatePodSandBox')?.message).toContain(
      `getKubernetesDelegate: ${text}`,
    );
    const node = await get<KubeObject>(`/api/v1/nodes/${hanging[0]?.spec.nodeName}`);
    expect(node.metadata.labels?.['kubevirt.io/schedulable']).toBe('false');
    expect(conditionsOf(await get<WithConditions>(KUBEVIRT))).toMatchObject({
      Progressing: 'True UpdateInProgress',
      Available: 'True UpdateInProgress',
    });
    // Taken back, the one that hangs is replaced.
    await send('PATCH', HCO, network(null), MERGE);
    await until(async () => (await pods()).every(({ status }) => status.phase === 'Running'));
    await until(
      async () => conditionsOf(await get<WithConditions>(KUBEVIRT))['Progressing'] === 'False AllComponentsReady',
    );
  });

  test('a NAD without addresses: the canary panics, and virt-operator says that the roll-out failed', async () => {
    const { get, send, until } = await start({ scenario: 'small' });
    await send('POST', NAD, attachment({ type: 'macvlan', master: 'enp4s0' }));
    await send('PATCH', HCO, network('migration-network'), MERGE);
    const pods = async () => (await get<{ items: HandlerPod[] }>(HANDLERS)).items;
    const looping = async () =>
      (await pods()).find(({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff');
    await until(async () => (await looping()) !== undefined);
    await until(async () => conditionsOf(await get<WithConditions>(KUBEVIRT))['Degraded'] === 'True DeploymentFailed');
    const kubeVirt = await get<WithConditions>(KUBEVIRT);
    expect(kubeVirt.status.conditions.find(({ type }) => type === 'Available')).toMatchObject({
      status: 'False',
      message: 'An error occurred during deployment: daemonSet virt-handler rollout failed',
    });
    expect(
      (await pods()).filter(({ status }) => status.containerStatuses?.[0]?.state.waiting === undefined),
    ).toHaveLength(3);
  });

  test('it is the same whether a scenario comes with it or somebody builds it', async () => {
    const scenario = { name: 'migration-network', interface: 'enp4s0', gbps: 25, mtu: 9000, subnet: '10.200.5' };
    const { small } = await import('./scenarios/small.ts');
    const bare = { ...small, nodes: small.nodes.map((group) => ({ ...group, nics: [] })) };
    const given = await start({ scenario: { ...bare, migrationNetwork: scenario } });
    const built = await start({
      scenario: {
        ...small,
        nodes: small.nodes.map((group) =>
          group.role === 'worker' ? { ...group, nics: [{ name: 'enp4s0', gbps: 25 }] } : group,
        ),
      },
    });
    const desired = [{ name: 'enp4s0', type: 'ethernet', state: 'up', mtu: 9000, ipv4: { enabled: false } }];
    await built.send('POST', NNCP, policy('migration-network-policy', desired));
    await built.until(
      async () =>
        conditionsOf(await built.get<WithConditions>(`${NNCP}/migration-network-policy`))['Available'] ===
        'True SuccessfullyConfigured',
    );
    await built.send('POST', NAD, attachment({ type: 'macvlan', master: 'enp4s0', mtu: 9000, ipam: whereabouts }));
    await built.send('PATCH', HCO, network('migration-network'), MERGE);
    await rolledOut(built);
    built.lab.clock.advanceBy(60_000);
    for (const path of [NNS, NNCE, NNCP, HANDLERS, SET, KUBEVIRT, '/apis/whereabouts.cni.cncf.io/v1alpha1/ippools']) {
      const [one, other] = [await given.get<object>(path), await built.get<object>(path)];
      expect([path, comparable(other)]).toEqual([path, comparable(one)]);
    }
    for (const name of ['worker-0', 'worker-3']) {
      expect(built.lab.network.linkSpeed(name)).toBe(given.lab.network.linkSpeed(name));
    }
  });
});

/** Without what is drawn, counted or timed. */
function comparable(value: unknown): unknown {
  const own =
    /^(uid|id|podref|resourceVersion|creationTimestamp|generation|managedFields|mac|podIP|podIPs|ip|ips|containerID|observedGeneration|startTime|startedAt|nmstate\.io\/.*|kubectl.*|pod-template-generation|unavailableNodeCount)$/i;
  if (Array.isArray(value)) {
    const all = value.map(comparable);
    const [first] = value as { lastTransitionTime?: string; spec?: { nodeName?: string } }[];
    // Pods have drawn names, and conditions stand in the order in which they came.
    const sorted = first?.spec?.nodeName !== undefined || first?.lastTransitionTime !== undefined;
    if (!sorted) return all;
    return all.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !own.test(key) && !/(Time|Timestamp|Update)$/.test(key))
      .filter(([key]) => key !== 'k8s.v1.cni.cncf.io/network-status')
      .filter(([key, inner]) => key !== 'annotations' || Object.keys(inner as object).some((name) => !own.test(name)))
      .map(([key, inner]) => [
        key,
        key === 'name' && String(inner).startsWith('virt-handler-') ? 'virt-handler' : comparable(inner),
      ])
      .sort(([a], [b]) => String(a).localeCompare(String(b))),
  );
}
