import { beforeEach, describe, expect, test } from 'vitest';
import type { DaemonSet, KubeVirt, Node, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { modify, remove } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { handlerPod } from './handler-pods.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small, { seconds: 20 });
});

const node = (name: string): Node => lab.store.get<Node>(resources.nodes, undefined, name)!;
const schedulable = (name: string): string | undefined => node(name).metadata.labels?.['kubevirt.io/schedulable'];
const taints = (name: string): string[] => (node(name).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

function setDown(name: string, down: boolean): void {
  modify<Node>(lab, resources.nodes, node(name), (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, 'lab.ferry.run/down': String(down) };
  });
}

describe('a node that is switched off', () => {
  test('loses kubevirt.io/schedulable after five minutes of silence, and no sooner', () => {
    lab.clock.advanceBy(200_000);
    setDown('worker-2', true);
    lab.clock.advanceBy(200_000);
    expect(schedulable('worker-2')).toBe('true');
    lab.clock.advanceBy(250_000);
    expect(schedulable('worker-2')).toBe('false');
    expect(lab.eventsOf('Node', 'worker-2')).toContain(
      'Warning NodeUnresponsive virt-handler is not responsive, marking node as unresponsive',
    );
    setDown('worker-2', false);
    lab.clock.advanceBy(100_000);
    expect(schedulable('worker-2')).toBe('true');
  });

  test('breaks the migrations to it', () => {
    const migration = lab.migrate('shop', 'orders-db', { addedNodeSelector: { 'kubernetes.io/hostname': 'worker-2' } });
    lab.until(migration, 'Running');
    setDown('worker-2', true);
    lab.until(migration, 'Failed');
    expect(lab.vmi('shop', 'orders-db').status).toMatchObject({ phase: 'Running', nodeName: 'worker-0' });
    expect(lab.vmi('shop', 'orders-db').status?.migrationState?.failureReason).toContain(
      'Lost connection to destination host',
    );
  });
});

describe('a cordoned node', () => {
  test('gets the taint that Kubernetes gives it, and loses it again', () => {
    modify<Node>(lab, resources.nodes, node('worker-1'), (draft) => void (draft.spec = { unschedulable: true }));
    lab.run();
    expect(taints('worker-1')).toEqual(['node.kubernetes.io/unschedulable:NoSchedule']);
    modify<Node>(
      lab,
      resources.nodes,
      node('worker-1'),
      (draft) => void (draft.spec = { ...draft.spec, unschedulable: false }),
    );
    lab.run();
    expect(taints('worker-1')).toEqual([]);
  });
});

describe('virt-handler', () => {
  test('that is deleted comes back, and its node is not schedulable meanwhile', () => {
    remove(lab, resources.pods, handlerPod(lab, 'worker-3')!);
    const seen = new Set<string | undefined>();
    const set = (): DaemonSet => lab.store.get<DaemonSet>(resources.daemonSets, CNV_NAMESPACE, 'virt-handler')!;
    const counts = new Set<number | undefined>();
    for (let step = 0; step < 4000; step++) {
      lab.clock.advanceBy(10);
      seen.add(schedulable('worker-3'));
      counts.add(set().status?.numberReady);
    }
    expect([...seen]).toEqual(['true', 'false', 'true'].slice(0, 2));
    expect(schedulable('worker-3')).toBe('true');
    expect([...counts]).toEqual([4, 3]);
    expect(set().status?.numberReady).toBe(4);
    expect(isReadyPod(handlerPod(lab, 'worker-3')!)).toBe(true);
    expect(lab.faults).toEqual([]);
  });

  test('is waited for by a migration to its node', () => {
    const migration = lab.migrate('shop', 'orders-db', { addedNodeSelector: { 'kubernetes.io/hostname': 'worker-3' } });
    lab.until(migration, 'Scheduled');
    // Its node stays on; only the handler goes.
    lab.store.delete(resources.pods, CNV_NAMESPACE, handlerPod(lab, 'worker-3')!.metadata.name);
    lab.clock.advanceBy(400);
    expect(lab.migration(migration)?.status?.phase).toBe('PreparingTarget');
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Succeeded');
  });
});

describe('settings', () => {
  test('edited on the KubeVirt CR are reset to HyperConverged’s', () => {
    const kubeVirt = (): KubeVirt =>
      lab.store.get<KubeVirt>(resources.kubeVirts, CNV_NAMESPACE, 'kubevirt-kubevirt-hyperconverged')!;
    modify<KubeVirt>(lab, resources.kubeVirts, kubeVirt(), (draft) => {
      draft.spec!.configuration!.migrations = { parallelMigrationsPerCluster: 50 };
    });
    lab.run();
    expect(kubeVirt().spec?.configuration?.migrations).toMatchObject({
      parallelMigrationsPerCluster: 5,
      completionTimeoutPerGiB: 150,
    });
  });
});

describe('evacuation', () => {
  test('tries again after 20 s, then 40 s, when its migrations fail', () => {
    lab = testLab(small, { seconds: 0 });
    modify(lab, resources.vmis, lab.vmi('shop', 'orders-db'), (draft) => {
      Object.assign((draft as unknown as { status: object }).status, { evacuationNodeName: 'worker-0' });
    });
    const starts: number[] = [];
    for (let round = 0; round < 3; round++) {
      while (lab.asked.length <= round) lab.clock.advanceBy(100);
      starts.push(lab.clock.now());
      lab.asked[round]?.done({ result: 'failed', reason: 'no luck' });
    }
    const waits = starts.slice(1).map((start, index) => (start - (starts[index] ?? 0)) / 1000);
    expect(waits[0]).toBeGreaterThan(20);
    expect(waits[0]).toBeLessThan(32);
    expect(waits[1]).toBeGreaterThan(40);
    expect(waits[1]).toBeLessThan(52);
    expect(lab.eventsOf('VirtualMachineInstance', 'orders-db')).toContain(
      'Warning MigrationBackoff backoff migrating vmi shop/orders-db',
    );
    expect(
      lab.store
        .list<Pod>(resources.pods, 'shop')
        .filter(
          ({ metadata, status }) => metadata.name.startsWith('virt-launcher-orders-db') && status?.phase === 'Running',
        ).length,
    ).toBeLessThanOrEqual(2);
  });
});
