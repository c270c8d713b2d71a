import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { kubevirt16 } from '../../model/versions/index.ts';
import { Store } from '../api/store.ts';
import { Clock } from '../clock.ts';
import { type Cluster, createCluster, modify } from '../cluster.ts';
import { random } from '../random.ts';
import { resources } from '../resources.ts';
import { fakeHypervisor } from '../testing.ts';
import { scheduler } from './scheduler.ts';

let cluster: Cluster;

beforeEach(() => {
  const clock = new Clock(Date.parse('2026-03-01T08:00:00Z'));
  const rng = random(1);
  cluster = createCluster({
    clock,
    random: rng,
    store: new Store(clock, rng),
    hypervisor: fakeHypervisor(clock, 1, []),
    version: kubevirt16,
  });
});

interface NodeParts {
  labels?: Record<string, string>;
  allocatable?: Record<string, string>;
  spec?: object;
}

function node(name: string, { labels = {}, allocatable = {}, spec = {} }: NodeParts = {}): void {
  cluster.store.create(resources.nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu: '4', memory: '16Gi', pods: '10', ...allocatable } },
  });
}

function pod(name: string, spec: object = {}, labels: Record<string, string> = {}): Pod {
  const { requests, ...rest } = spec as { requests?: Record<string, string> };
  return cluster.store.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', labels },
    spec: { containers: [{ name: 'c', resources: { requests: requests ?? {} } }], ...rest },
    status: { phase: 'Pending' },
  });
}

/** The node a pod was bound to, or why it was not. */
function result(name: string): string | undefined {
  cluster.clock.runUntilIdle();
  const now = cluster.store.get<Pod>(resources.pods, 'ns', name);
  return now?.spec?.nodeName ?? now?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
}

const hostname = (...values: string[]) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }],
    },
  },
});
const apart = (app: string) => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: { app } }, topologyKey: 'kubernetes.io/hostname' },
    ],
  },
});
const together = (app: string) => ({
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: { app } }, topologyKey: 'kubernetes.io/hostname' },
    ],
  },
});
const helpless = (reason: string, what = 'Preemption is not helpful for scheduling') =>
  `0/1 nodes are available: 1 ${reason}. preemption: 0/1 nodes are available: 1 ${what}.`;
const NO_VICTIMS = 'No preemption victims found for incoming pod';

describe('a node takes a pod, or the scheduler says why not', () => {
  test.each<[string, NodeParts, object, string]>([
    ['nothing special', {}, {}, 'n'],
    ['a matching selector', { labels: { disk: 'ssd' } }, { nodeSelector: { disk: 'ssd' } }, 'n'],
    [
      'another selector',
      {},
      { nodeSelector: { disk: 'ssd' } },
      helpless("node(s) didn't match Pod's node affinity/selector"),
    ],
    ['affinity to it', {}, { affinity: hostname('n', 'm') }, 'n'],
    [
      'affinity to another',
      {},
      { affinity: hostname('m') },
      helpless("node(s) didn't match Pod's node affinity/selector"),
    ],
    ['a cordon', { spec: { unschedulable: true } }, {}, helpless('node(s) were unschedulable')],
    ['a cordon, tolerated', { spec: { unschedulable: true } }, { tolerations: [{ operator: 'Exists' }] }, 'n'],
    [
      'a taint',
      { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } },
      {},
      helpless('node(s) had untolerated taint {gpu: yes}'),
    ],
    [
      'a taint, tolerated',
      { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } },
      { tolerations: [{ key: 'gpu', value: 'yes' }] },
      'n',
    ],
    [
      'a taint with another value tolerated',
      { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoExecute' }] } },
      { tolerations: [{ key: 'gpu', value: 'no' }] },
      helpless('node(s) had untolerated taint {gpu: yes}'),
    ],
    ['a taint that only prefers', { spec: { taints: [{ key: 'gpu', effect: 'PreferNoSchedule' }] } }, {}, 'n'],
    ['all of its CPU', {}, { requests: { cpu: '4' } }, 'n'],
    ['too little CPU', {}, { requests: { cpu: '4001m' } }, helpless('Insufficient cpu', NO_VICTIMS)],
    [
      'too little CPU and memory',
      {},
      { requests: { cpu: '5', memory: '17Gi' } },
      `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: 0/1 nodes are available: 1 ${NO_VICTIMS}.`,
    ],
    [
      'a device it lacks',
      {},
      { requests: { 'devices.kubevirt.io/kvm': '1' } },
      helpless('Insufficient devices.kubevirt.io/kvm', NO_VICTIMS),
    ],
    [
      'a device it has',
      { allocatable: { 'devices.kubevirt.io/kvm': '1k' } },
      { requests: { 'devices.kubevirt.io/kvm': '1' } },
      'n',
    ],
    [
      'huge pages it has too few of',
      { allocatable: { 'hugepages-1Gi': '4Gi' } },
      { requests: { 'hugepages-1Gi': '5Gi' } },
      helpless('Insufficient hugepages-1Gi', NO_VICTIMS),
    ],
    ['no room for another pod', { allocatable: { pods: '0' } }, {}, helpless('Too many pods', NO_VICTIMS)],
    [
      'a pod it wants to be with',
      {},
      { affinity: together('db') },
      helpless("node(s) didn't match pod affinity rules"),
    ],
  ])('%s', (_, parts, spec, expected) => {
    node('n', parts);
    scheduler(cluster).start();
    pod('p', spec);
    expect(result('p')).toBe(expected);
  });

  test('anti-affinity keeps both sides apart', () => {
    node('n');
    scheduler(cluster).start();
    pod('shy', { affinity: apart('loud') }, { app: 'shy' });
    expect(result('shy')).toBe('n');
    pod('loud', {}, { app: 'loud' });
    expect(result('loud')).toBe(helpless("node(s) didn't satisfy existing pods anti-affinity rules", NO_VICTIMS));
    node('m');
    expect(result('loud')).toBe('m');
    pod('shy2', { affinity: { ...apart('loud'), ...hostname('m') } });
    expect(result('shy2')).toContain("1 node(s) didn't match pod anti-affinity rules");
  });

  test('a volume with a place of its own draws the pod there', () => {
    node('n');
    node('m');
    scheduler(cluster).start();
    cluster.store.create(resources.volumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv' },
      spec: {
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['m'] }] },
            ],
          },
        },
      },
    } as KubeObject);
    cluster.store.create(resources.claims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c', namespace: 'ns' },
      spec: { volumeName: 'pv' },
    } as KubeObject);
    pod('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] });
    expect(result('p')).toBe('m');
    pod('q', {
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
      nodeSelector: { 'kubernetes.io/hostname': 'n' },
    });
    expect(result('q')).toBe(
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had volume node affinity conflict. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    );
  });

  test('reasons are counted over all nodes and sorted', () => {
    node('a', { spec: { unschedulable: true } });
    for (const name of ['b', 'c', 'd']) node(name);
    scheduler(cluster).start();
    pod('p', { nodeSelector: { none: 'x' } });
    expect(result('p')).toBe(
      "0/4 nodes are available: 1 node(s) were unschedulable, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
    );
  });
});

describe('the scheduler', () => {
  test('prefers the node with most left, and never puts more on a node than fits', () => {
    node('a');
    node('b');
    scheduler(cluster).start();
    for (let index = 0; index < 8; index++) pod(`p${index}`, { requests: { cpu: '1' } });
    const places = Array.from({ length: 8 }, (_, index) => result(`p${index}`));
    pod('last', { requests: { cpu: '1' } });
    expect(places.filter((place) => place === 'a').length).toBe(4);
    expect(places.filter((place) => place === 'b').length).toBe(4);
    expect(result('last')).toContain('2 Insufficient cpu');
  });

  test('tries a waiting pod again when a node changes or a pod ends, and frees what finished pods held', () => {
    node('n', { spec: { unschedulable: true } });
    scheduler(cluster).start();
    pod('p', { requests: { cpu: '4' } });
    pod('q', { requests: { cpu: '4' } });
    expect(result('p')).toContain('unschedulable');
    modify<Node>(
      cluster,
      resources.nodes,
      cluster.store.get('nodes', undefined, 'n')!,
      (draft) => void (draft.spec = {}),
    );
    const placed = [result('p'), result('q')].indexOf('n') === 0 ? 'p' : 'q';
    const other = placed === 'p' ? 'q' : 'p';
    expect(result(other)).toContain('Insufficient cpu');
    modify<Pod>(
      cluster,
      resources.pods,
      cluster.store.get('pods', 'ns', placed)!,
      (draft) => void (draft.status = { phase: 'Succeeded' }),
    );
    expect(result(other)).toBe('n');
  });
});

describe('preemption', () => {
  const asks = (cpu: string, priority?: number, more: object = {}) => ({
    requests: { cpu },
    ...(priority === undefined ? {} : { priority }),
    ...more,
  });
  const names = (): string[] =>
    cluster.store
      .list<Pod>(resources.pods, 'ns')
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name)
      .sort();

  beforeEach(() => {
    node('n1');
    scheduler(cluster).start();
  });

  test('deletes what has a lower priority, says so, and takes its place', () => {
    pod('small', asks('2'));
    expect(result('small')).toBe('n1');
    const { metadata } = cluster.store.get<Pod>(resources.pods, 'ns', 'small')!;
    const { uid } = pod('urgent', asks('3', 1000)).metadata;
    expect(result('urgent')).toBe('0/1 nodes are available: 1 Insufficient cpu.');
    const victim = cluster.store.get<Pod>(resources.pods, 'ns', 'small');
    expect(victim?.metadata.deletionTimestamp).toBeDefined();
    expect(victim?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      reason: 'PreemptionByScheduler',
    });
    const said = cluster.store
      .list<KubeObject & { reason: string; message: string; involvedObject: { uid: string } }>(resources.events)
      .filter(({ reason }) => reason === 'Preempted');
    expect(said.map(({ message, involvedObject }) => [message, involvedObject.uid])).toEqual([
      [`Preempted by pod ${uid} on node n1`, metadata.uid],
    ]);
    expect(cluster.store.get<Pod>(resources.pods, 'ns', 'urgent')?.status?.nominatedNodeName).toBe('n1');
    cluster.store.delete(resources.pods, 'ns', 'small');
    expect(result('urgent')).toBe('n1');
  });

  test('takes no more than it needs, the youngest of the least important', () => {
    for (const name of ['first', 'second', 'third']) {
      pod(name, asks('1'));
      expect(result(name)).toBe('n1');
      cluster.clock.advanceBy(5000);
    }
    pod('better', asks('1', 10));
    expect(result('better')).toBe('n1');
    pod('urgent', asks('1', 1000));
    result('urgent');
    expect(names()).toEqual(['better', 'first', 'second', 'urgent']);
  });

  test('chooses the node where it harms least', () => {
    node('n2');
    pod('good', asks('3', 10, { nodeSelector: { 'kubernetes.io/hostname': 'n1' } }));
    pod('poor', asks('3', 5, { nodeSelector: { 'kubernetes.io/hostname': 'n2' } }));
    result('poor');
    pod('urgent', asks('3', 1000));
    result('urgent');
    expect(names()).toEqual(['good', 'urgent']);
  });

  test.each([
    ['has the same priority', asks('3', 1000), asks('3', 1000)],
    ['has none, nor has the other', asks('3'), asks('3')],
    ['preempts never', asks('3'), asks('3', 1000, { preemptionPolicy: 'Never' })],
    ['would not fit even so', asks('3'), asks('5', 1000)],
  ])('is none where a pod %s', (_, there, comes) => {
    pod('there', there);
    result('there');
    pod('comes', comes);
    expect(result('comes')).toMatch(/No preemption victims found for incoming pod/);
    expect(names()).toEqual(['comes', 'there']);
  });
});
