import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { DOWN } from './kubelet.ts';
import { monitorGracePeriod } from './node-lifecycle.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small, { seconds: 20 });
});

const node = (name: string): Node => lab.store.get<Node>(resources.nodes, undefined, name)!;
const ready = (name: string): string | undefined =>
  node(name).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
const taints = (name: string): string[] => (node(name).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
const launcher = (vm: string): Pod =>
  lab.store.list<Pod>(resources.pods, 'shop').find(({ metadata }) => metadata.name.startsWith(`virt-launcher-${vm}-`))!;
const readyOf = (pod: Pod): string | undefined => pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status;

function setDown(name: string, down: boolean): void {
  modify<Node>(lab, resources.nodes, node(name), (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, [DOWN]: String(down) };
  });
}

describe('a node whose kubelet is silent', () => {
  test.each([
    ['v1.30.14', 40],
    ['v1.31.9', 40],
    ['v1.32.0', 50],
    ['v1.33.5', 50],
  ])('of Kubernetes %s is given up after %i s', (kubernetes, seconds) => {
    expect(monitorGracePeriod(kubernetes)).toBe(seconds * 1000);
  });

  test('is Unknown after the grace period from its last lease, with the texts and taints of Kubernetes', () => {
    // The last lease was renewed at 30 s.
    lab.clock.advanceBy(33_000);
    setDown('worker-0', true);
    lab.clock.advanceBy(46_900);
    expect(ready('worker-0')).toBe('True');
    expect(taints('worker-0')).toEqual([]);
    lab.clock.advanceBy(300);
    expect(
      node('worker-0').status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
    ).toEqual(
      ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => [
        type,
        'Unknown',
        'NodeStatusUnknown',
        'Kubelet stopped posting node status.',
      ]),
    );
    expect(taints('worker-0')).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    expect(lab.eventsOf('Node', 'worker-0')).toContain('Normal NodeNotReady Node worker-0 status is now: NodeNotReady');
    const lease = lab.store.get(resources.leases, 'kube-node-lease', 'worker-0') as unknown as {
      spec: { renewTime: string };
    };
    expect(lease.spec.renewTime).toBe('2026-03-01T08:00:30.000000Z');
  });

  test('that is back within the grace period loses nothing', () => {
    setDown('worker-0', true);
    lab.clock.advanceBy(45_000);
    setDown('worker-0', false);
    lab.clock.advanceBy(60_000);
    expect(ready('worker-0')).toBe('True');
    expect(lab.log.filter(({ object }) => taintsOf(object as Node).length > 0)).toEqual([]);
  });

  test('has pods that are not ready, and so are its VMs, which run on', () => {
    setDown('worker-0', true);
    lab.clock.advanceBy(55_000);
    expect(readyOf(launcher('orders-db'))).toBe('False');
    expect(lab.eventsOf('Pod', launcher('orders-db').metadata.name)).toContain(
      'Warning NodeNotReady Node is not ready',
    );
    const vmi = lab.vmi('shop', 'orders-db');
    expect(vmi.status?.phase).toBe('Running');
    expect(vmi.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
    setDown('worker-0', false);
    lab.clock.advanceBy(6000);
    expect(ready('worker-0')).toBe('True');
    expect(taints('worker-0')).toEqual([]);
    expect(readyOf(launcher('orders-db'))).toBe('True');
    expect(lab.vmi('shop', 'orders-db').status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    expect(lab.eventsOf('Pod', launcher('orders-db').metadata.name)).toContain(
      `Normal TaintManagerEviction Cancelling deletion of Pod shop/${launcher('orders-db').metadata.name}`,
    );
  });

  test('has its launchers evicted after the 300 s that they tolerate; they end, and their VMs start elsewhere, when it is back', () => {
    const uid = lab.vmi('shop', 'orders-db').metadata.uid;
    setDown('worker-0', true);
    lab.clock.advanceBy(50_000 + 299_000);
    expect(launcher('orders-db').metadata.deletionTimestamp).toBeUndefined();
    lab.clock.advanceBy(6000);
    const pod = launcher('orders-db');
    expect(pod.metadata.deletionTimestamp).toBeDefined();
    expect(pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    });
    expect(lab.eventsOf('Pod', pod.metadata.name)).toContain(
      `Normal TaintManagerEviction Marking for deletion Pod shop/${pod.metadata.name}`,
    );
    // Nobody can say whether the guest has ended: the VM is not started a second time.
    lab.clock.advanceBy(600_000);
    expect(lab.vmi('shop', 'orders-db')).toMatchObject({
      metadata: { uid },
      status: { phase: 'Running', nodeName: 'worker-0' },
    });
    setDown('worker-0', false);
    lab.clock.advanceBy(120_000);
    lab.run();
    expect(lab.vmi('shop', 'orders-db').metadata.uid).not.toBe(uid);
    expect(lab.vmi('shop', 'orders-db').status?.phase).toBe('Running');
    expect(lab.faults).toEqual([]);
  });

  test.each([
    ['no toleration of its own: after 300 s', [], 300],
    [
      'one for 20 s',
      [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 20 }],
      20,
    ],
    [
      'two, the shorter',
      [
        { operator: 'Exists', tolerationSeconds: 200, effect: 'NoExecute' },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', tolerationSeconds: 90 },
      ],
      90,
    ],
    ['one without end', [{ operator: 'Exists' }], undefined],
  ])('evicts a pod with %s', (_, tolerations, seconds) => {
    const bare: KubeObject & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'bare', namespace: 'shop' },
      spec: { nodeName: 'worker-0', containers: [], tolerations },
      status: { phase: 'Running' },
    };
    lab.store.create(resources.pods, bare);
    setDown('worker-0', true);
    const deleted = (): boolean =>
      lab.store.get(resources.pods, 'shop', 'bare')?.metadata.deletionTimestamp !== undefined;
    lab.clock.advanceBy(50_000 + (seconds ?? 1800) * 1000 - 1000);
    expect(deleted()).toBe(false);
    lab.clock.advanceBy(3000);
    expect(deleted()).toBe(seconds !== undefined);
  });
});

function taintsOf(object: Node): unknown[] {
  return object.kind === 'Node'
    ? (object.spec?.taints ?? []).filter(({ key }) => key === 'node.kubernetes.io/unreachable')
    : [];
}
