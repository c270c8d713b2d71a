import { beforeEach, describe, expect, test } from 'vitest';
import type { DaemonSet, KubeVirt, Node, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { modify } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { generate } from '../scenarios/generate.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { kubeVirtOf } from './config.ts';
import { dedicatedAddress, handlerPod, isHandler, migrationWay } from './handler-pods.ts';
import { nicsOfNode } from './migration-links.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small, { seconds: 120 });
});

function define(master = 'enp4s0'): void {
  lab.store.create(resources.networkAttachments, {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'lm', namespace: CNV_NAMESPACE },
    spec: {
      config: JSON.stringify({ type: 'macvlan', master, ipam: { type: 'whereabouts', range: '10.200.5.0/24' } }),
    },
  } as never);
}

/** HyperConverged's setting, which its operator passes on. */
function setNetwork(name: string | undefined): void {
  const hco = lab.store.list(resources.hyperConvergeds)[0]!;
  modify(lab, resources.hyperConvergeds, hco, (draft) => {
    const { spec } = draft as { spec?: { liveMigrationConfig?: { network?: string } } };
    if (spec?.liveMigrationConfig === undefined) throw new Error('no liveMigrationConfig');
    if (name === undefined) delete spec.liveMigrationConfig.network;
    else spec.liveMigrationConfig.network = name;
  });
}

const set = (): DaemonSet => lab.store.get<DaemonSet>(resources.daemonSets, CNV_NAMESPACE, 'virt-handler')!;
const maxUnavailable = (): unknown => set().spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
const handlers = (): Pod[] => lab.store.list<Pod>(resources.pods, CNV_NAMESPACE).filter(isHandler);
const conditions = (): Record<string, string> =>
  Object.fromEntries(
    (kubeVirtOf(lab)?.status?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason ?? ''}`]),
  );
const schedulable = (node: string) =>
  lab.store.get<Node>(resources.nodes, undefined, node)?.metadata.labels?.['kubevirt.io/schedulable'];

describe('the roll-out of virt-handler', () => {
  test('a canary first, then a tenth of the nodes at a time, then maxUnavailable is 1 again', () => {
    lab = testLab(generate({ nodes: 20, vms: 0 }));
    define('br-ex');
    setNetwork('lm');
    const steps: unknown[] = [];
    let worst = 0;
    while (steps.length < 2 || conditions()['Progressing'] !== 'False AllComponentsReady') {
      lab.clock.advanceBy(100);
      const down = 20 - handlers().filter(isReadyPod).length;
      if (steps.length < 2) expect(down).toBeLessThanOrEqual(1);
      worst = Math.max(worst, down);
      if (steps.at(-1) !== maxUnavailable()) steps.push(maxUnavailable());
    }
    expect(steps).toEqual([1, '10%', 1]);
    expect(worst).toBe(2);
    const addresses = handlers().map(dedicatedAddress);
    expect(new Set(addresses).size).toBe(20);
    expect(addresses).not.toContain(undefined);
    expect(lab.faults).toEqual([]);
  });

  test('KubeVirt says that it is updating, a node without its handler takes no VMs, and it takes some 20 to 35 s a node', () => {
    define();
    setNetwork('lm');
    const began = lab.clock.now();
    const seen = new Set<string | undefined>();
    while (conditions()['Progressing'] !== 'True UpdateInProgress') lab.clock.advanceBy(100);
    expect(conditions()).toEqual({
      Available: 'True UpdateInProgress',
      Progressing: 'True UpdateInProgress',
      Degraded: 'True UpdateInProgress',
    });
    const message = kubeVirtOf(lab)?.status?.conditions?.[0]?.message;
    expect(message).toMatch(
      /^Transitioning from previous version v\S+ with registry \S+ to target version v\S+ using registry \S+$/,
    );
    while (conditions()['Progressing'] !== 'False AllComponentsReady') {
      lab.clock.advanceBy(100);
      seen.add(schedulable('worker-1'));
    }
    expect(seen).toEqual(new Set(['true', 'false']));
    const seconds = (lab.clock.now() - began) / 1000;
    expect(seconds).toBeGreaterThan(8 + 4 * 15);
    expect(seconds).toBeLessThan(20 + 4 * 40);
    expect(conditions()['Created']).toBe('True AllResourcesCreated');
    const { observedDeploymentID, targetDeploymentID } = (kubeVirtOf(lab) as KubeVirt).status ?? {};
    expect(observedDeploymentID).toBe(targetDeploymentID);
  });

  test('a virt-handler that carries a migration ends when it is over, and takes no new ones meanwhile', () => {
    define();
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.until(migration, 'Running');
    setNetwork('lm');
    lab.run();
    const final = lab.migration(migration);
    expect(final?.status?.phase).toBe('Succeeded');
    expect(handlers().every((pod) => dedicatedAddress(pod) !== undefined)).toBe(true);
  });

  test('taking the network away is a roll-out, too, and everybody is on the pod network again', () => {
    define();
    setNetwork('lm');
    lab.run();
    expect(nicsOfNode(lab, 'worker-0')).toMatchObject({ pod: 'eno1', migration: 'enp4s0' });
    setNetwork(undefined);
    lab.run();
    expect(handlers().map(dedicatedAddress)).toEqual([undefined, undefined, undefined, undefined]);
    expect(nicsOfNode(lab, 'worker-0')).toMatchObject({ pod: 'eno1' });
    expect(nicsOfNode(lab, 'worker-0')?.migration).toBeUndefined();
    expect(lab.store.count(resources.ipReservations)).toBe(0);
  });

  test('a migration that can’t reach its target fails when the connection times out', () => {
    define();
    setNetwork('lm');
    while (!handlers().some((pod) => isReadyPod(pod) && dedicatedAddress(pod) !== undefined)) lab.clock.advanceBy(100);
    // The first node by name is the canary, and the last is rolled last.
    const migration = lab.migrate('finance', 'ledger-app', {
      addedNodeSelector: { 'kubernetes.io/hostname': 'worker-0' },
    });
    lab.until(migration, 'Failed');
    lab.clock.advanceBy(1000);
    const state = lab.vmi('finance', 'ledger-app').status?.migrationState;
    expect(state?.failureReason).toMatch(/Failed to connect to remote libvirt URI .* End of file while reading data/);
    expect(Date.parse(state?.endTimestamp ?? '') - Date.parse(state?.startTimestamp ?? '')).toBeCloseTo(127_000, -4);
    lab.run();
    expect(handlers().every((pod) => dedicatedAddress(pod) !== undefined)).toBe(true);
  });

  test('half-way, migrations to a node that is on the network fail from one that is not', () => {
    define();
    setNetwork('lm');
    while (!handlers().some((pod) => isReadyPod(pod) && dedicatedAddress(pod) !== undefined)) lab.clock.advanceBy(100);
    const target = handlers().find((pod) => dedicatedAddress(pod) !== undefined)?.spec?.nodeName ?? '';
    const source =
      ['worker-0', 'worker-1'].find(
        (node) => node !== target && dedicatedAddress(handlerPod(lab, node)) === undefined,
      ) ?? '';
    const address = dedicatedAddress(handlerPod(lab, target));
    expect(migrationWay(lab, { source, target, address })).toBeUndefined();
    expect(migrationWay(lab, { source: target, target: source, address: handlerPod(lab, source)?.status?.podIP })).toBe(
      'pod',
    );
    lab.run();
    expect(migrationWay(lab, { source, target, address: dedicatedAddress(handlerPod(lab, target)) })).toBe('migration');
  });
});
