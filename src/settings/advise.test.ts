import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject, NodeNetworkState } from '../model/objects.ts';
import type { GuestMetrics, Snapshot } from '../model/snapshot.ts';
import { kubeVirt, NAMESPACE, nodes, snapshotOf, vm } from '../model/testing/fixtures.ts';
import { versions } from '../model/versions/index.ts';
import { advise } from './advise.ts';
import { decide } from './decide.ts';
import { goals } from './goal.ts';
import { loadsOf } from './loads.ts';
import { newPolicies } from './policy-change.ts';
import { effectsOf, endingOf, makespan } from './simulate.ts';

const GiB = 2 ** 30;

interface Guest {
  memory: number;
  node: number;
  dirty: number | undefined;
}

interface Case {
  minor: number;
  gbps: number | undefined;
  guests: Guest[];
  settings: Record<string, unknown>;
}

function snapshotFor({ minor, gbps, guests, settings }: Case): Snapshot {
  const version = versions.find((each) => each.minor === minor)!;
  const objects = nodes(4).filter(({ kind }) => kind !== 'KubeVirt');
  const namespace: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { 'kubernetes.io/metadata.name': NAMESPACE } },
  };
  const state = (number: number): NodeNetworkState => ({
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkState',
    metadata: { name: `n${number}` },
    status: {
      currentState: {
        interfaces: [{ name: 'ens1', type: 'ethernet', state: 'up', ethernet: { speed: (gbps ?? 0) * 1000 } }],
      },
    },
  });
  const states = gbps === undefined ? [] : [1, 2, 3, 4].map(state);
  const vms = guests.flatMap(({ memory, node }, index) =>
    vm(`vm${index}`, { on: `n${node}`, memory: `${memory}Gi`, labels: { app: `app${index % 3}` } }),
  );
  return snapshotOf([...objects, kubeVirt(settings), namespace, ...states, ...vms], (snapshot) => {
    snapshot.versions.kubevirt = version.kubevirt;
    const items = guests.flatMap(({ dirty, node }, index): GuestMetrics[] =>
      dirty === undefined ? [] : [{ namespace: NAMESPACE, name: `vm${index}`, node: `n${node}`, dirtyRate: dirty }],
    );
    snapshot.guests = { known: true, items };
  });
}

const guest = fc.record({
  memory: fc.integer({ min: 1, max: 256 }),
  node: fc.integer({ min: 1, max: 4 }),
  dirty: fc.option(fc.integer({ min: 0, max: 4 * GiB }), { nil: undefined }),
});
const aCase: fc.Arbitrary<Case> = fc.record({
  minor: fc.integer({ min: 3, max: 9 }),
  gbps: fc.option(fc.constantFrom(1, 10, 25, 100), { nil: undefined }),
  guests: fc.array(guest, { maxLength: 8 }),
  settings: fc.record(
    {
      parallelMigrationsPerCluster: fc.integer({ min: 1, max: 20 }),
      parallelOutboundMigrationsPerNode: fc.integer({ min: 1, max: 8 }),
      bandwidthPerMigration: fc.constantFrom('0', '16Mi', '64Mi', '1Gi'),
      completionTimeoutPerGiB: fc.constantFrom(0, 1, 20, 150, 800),
      progressTimeout: fc.constantFrom(0, 10, 150, 3000),
      allowAutoConverge: fc.boolean(),
      allowPostCopy: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
});

describe('advice', () => {
  test('is the same for the same cluster, and never what validation would refuse', () => {
    fc.assert(
      fc.property(aCase, fc.constantFrom(...goals), (of, goal) => {
        const advice = advise(snapshotFor(of), goal);
        expect(advise(snapshotFor(of), goal)).toEqual(advice);
        const snapshot = snapshotFor(of);
        const wanted = new Map(advice.recommendations.map(({ setting, recommended }) => [setting, recommended]));
        const { changes } = decide(snapshot, wanted, undefined);
        expect(changes.map(({ name, to }) => [name, to])).toEqual([...wanted]);
        expect(
          newPolicies(
            advice.policies.map(({ manifest }) => manifest),
            snapshot,
          ),
        ).toHaveLength(advice.policies.length);
        for (const { before, after } of advice.effects === null ? [] : [advice.effects]) {
          expect(after.converging.of).toBe(before.converging.of);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('followed, keeps every VM converging that did', () => {
    fc.assert(
      fc.property(aCase, fc.constantFrom('balanced' as const, 'drain-fast' as const), (of, goal) => {
        fc.pre(of.settings['allowPostCopy'] !== true && of.settings['completionTimeoutPerGiB'] !== 0);
        const { effects } = advise(snapshotFor(of), goal);
        if (effects !== null)
          expect(effects.after.converging.vms).toBeGreaterThanOrEqual(effects.before.converging.vms);
      }),
      { numRuns: 150 },
    );
  });

  const calm = { memory: 16, node: 1, dirty: 2 ** 20 };
  const sample = (change: Partial<Case>): Snapshot =>
    snapshotFor({ minor: 6, gbps: 10, guests: [calm, calm, calm, calm], settings: {}, ...change });
  const recommended = (snapshot: Snapshot, goal: (typeof goals)[number] = 'balanced'): Record<string, unknown> =>
    Object.fromEntries(advise(snapshot, goal).recommendations.map((each) => [each.setting, each.recommended]));

  test.each<[string, Snapshot, (typeof goals)[number], Record<string, unknown>]>([
    [
      'an example of the documentation taken for a default: 64Mi',
      sample({ settings: { bandwidthPerMigration: '64Mi' }, guests: [{ memory: 64, node: 1, dirty: 128 * 2 ** 20 }] }),
      'drain-fast',
      { bandwidthPerMigration: '0' },
    ],
    [
      'a time-out of 4.17 where nobody needs it',
      sample({ settings: { completionTimeoutPerGiB: 800 } }),
      'balanced',
      { completionTimeoutPerGiB: 150 },
    ],
    [
      'a time-out of the next version on a slow link',
      sample({ gbps: 1, settings: { completionTimeoutPerGiB: 5 } }),
      'balanced',
      { completionTimeoutPerGiB: expect.any(Number) },
    ],
    [
      'a progress time-out raised in vain',
      sample({ settings: { progressTimeout: 3000 } }),
      'large-vms',
      { progressTimeout: 150 },
    ],
    [
      'one at a time for large VMs',
      sample({ settings: { parallelOutboundMigrationsPerNode: 4 } }),
      'large-vms',
      { parallelOutboundMigrationsPerNode: 1 },
    ],
    [
      'post-copy for all, which makes all slow',
      sample({ gbps: 100, settings: { allowPostCopy: true } }),
      'balanced',
      { allowPostCopy: false },
    ],
    [
      'post-copy that is defeated',
      sample({ minor: 9, settings: { allowPostCopy: true, allowWorkloadDisruption: false } }),
      'balanced',
      { allowWorkloadDisruption: true },
    ],
  ])('%s', (_, snapshot, goal, expected) => {
    expect(recommended(snapshot, goal)).toMatchObject(expected);
  });

  test('a VM that writes faster than it is copied gets a policy of its own, and the cluster stays as it is', () => {
    const snapshot = sample({ guests: [calm, { memory: 32, node: 2, dirty: 3 * GiB }] });
    const { recommendations, policies } = advise(snapshot, 'balanced');
    expect(recommendations.filter(({ setting }) => setting === 'completionTimeoutPerGiB')).toEqual([]);
    expect(policies.map(({ vm: name, settings }) => [name, settings])).toEqual([
      [`${NAMESPACE}/vm1`, { allowAutoConverge: true }],
    ]);
    expect(policies[0]?.manifest.spec?.selectors).toEqual({
      namespaceSelector: { 'kubernetes.io/metadata.name': NAMESPACE },
      virtualMachineInstanceSelector: { app: 'app1' },
    });
  });

  test('says what it only assumes', () => {
    const { basis, confidence } = advise(
      sample({ gbps: undefined, guests: [{ ...calm, dirty: undefined }] }),
      'balanced',
    );
    expect(confidence).toBe('low');
    expect(basis.join('\n')).toMatch(/Of 1 it is assumed that they rewrite 1 % [\s\S]*taken for 10 Gbit\/s/);
  });

  test('nothing to migrate: nothing to advise', () => {
    expect(advise(sample({ guests: [] }), 'drain-fast')).toMatchObject({
      recommendations: [],
      policies: [],
      effects: null,
    });
  });
});

describe('predicted effects', () => {
  test('a drain takes no less than its bounds, and never longer with more slots', () => {
    const job = fc.record({ from: fc.constantFrom('a', 'b', 'c'), seconds: fc.integer({ min: 0, max: 1000 }) });
    fc.assert(
      fc.property(
        fc.array(job, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 10 }),
        (jobs, node, cluster) => {
          const at = (parallelOutboundMigrationsPerNode: number, parallelMigrationsPerCluster: number): number =>
            makespan(jobs, { parallelOutboundMigrationsPerNode, parallelMigrationsPerCluster });
          const work = jobs.reduce((sum, { seconds }) => sum + seconds, 0);
          const longest = Math.max(...jobs.map(({ seconds }) => seconds));
          expect(at(node, cluster)).toBeGreaterThanOrEqual(
            Math.max(longest, work / Math.min(cluster, 3 * node)) - 1e-6,
          );
          expect(at(node, cluster)).toBeLessThanOrEqual(at(1, 1));
          expect(at(1, 1)).toBe(work);
        },
      ),
    );
  });

  test('sharing a link makes nobody faster', () => {
    fc.assert(
      fc.property(aCase, fc.integer({ min: 1, max: 7 }), (of, share) => {
        const snapshot = snapshotFor(of);
        const numbers = {
          parallelMigrationsPerCluster: 5,
          parallelOutboundMigrationsPerNode: 2,
          bandwidthPerMigration: 0,
          completionTimeoutPerGiB: 0,
          progressTimeout: 150,
          allowAutoConverge: false,
          allowPostCopy: false,
          allowWorkloadDisruption: false,
        };
        const { all, byNode } = loadsOf(snapshot);
        for (const load of all) {
          const [alone, shared] = [endingOf(load, numbers, share).seconds, endingOf(load, numbers, share + 1).seconds];
          // The rounds of a pre-copy end in steps of a tenth of a second.
          if (Number.isFinite(shared)) expect(alone).toBeLessThanOrEqual(shared * 1.05 + 1);
        }
        const effects = effectsOf(byNode, numbers);
        expect(effects?.linkLoad ?? 0).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});
