import { describe, expect, test } from 'vitest';
import { nodesOf } from '../../../model/nodes.ts';
import { kubeVirt, migration, node, vm } from '../../../model/testing/fixtures.ts';
import { nodeReport } from '../../node-report.ts';
import { ofCluster, ofNode, placed, table } from '../../testing/subjects.ts';
import { nodeChecks } from './index.ts';
import { drainRows } from './testing/drain-rows.ts';
import { web } from './testing/objects.ts';
import { stateRows } from './testing/state-rows.ts';

const rows = [...stateRows, ...drainRows];

table(rows, (snapshot) => ofNode(snapshot));

test('every check of nodes has a case', () => {
  expect(new Set(rows.map(([check]) => check))).toEqual(new Set(nodeChecks.map(({ id }) => id)));
});

describe('the drain, VM by VM', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => vm(`vm${index}`, { on: 'n1' })).flat();

  test('rounds follow the smaller of the limits', () => {
    const snapshot = placed({ objects: [...many(5), kubeVirt({ parallelOutboundMigrationsPerNode: 2 })] });
    const { drain } = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    expect(drain).toMatchObject({ atOnce: 2, limitedBy: 'parallelOutboundMigrationsPerNode', rounds: 3 });
    expect(drain.steps.map(({ round }) => round)).toEqual([1, 1, 2, 2, 3]);
  });

  test('VMs share the room: the last finds none', () => {
    const tight = (name: string) => node(name, ({ status }) => Object.assign(status!.allocatable!, { memory: '10Gi' }));
    const snapshot = placed({ objects: [tight('n2'), tight('n3'), ...many(5)] });
    const { drain } = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    expect(drain.steps.map(({ does }) => does)).toEqual(['moves', 'moves', 'moves', 'moves', 'blocks']);
    expect(drain.steps[4]!.why).toMatch(/^no place is left once the others have moved: n[23] has no room/);
    expect(drain.steps.filter(({ to }) => to === 'n2')).toHaveLength(2);
    expect(drain.steps.filter(({ to }) => to === 'n3')).toHaveLength(2);
  });

  test('one that is under way goes on', () => {
    const snapshot = placed({ objects: [...vm('web', { on: 'n1' }), migration('m', 'web', 'Running')] });
    const [step] = nodeReport(snapshot, nodesOf(snapshot).get('n1')!).drain.steps;
    expect(step).toMatchObject({ does: 'moves', why: 'migration m is Running' });
  });

  test('a limit of 0 lets none move, and divides nothing', () => {
    const snapshot = placed({ objects: [...many(1), kubeVirt({ parallelMigrationsPerCluster: 0 })] });
    const { drain } = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    expect([drain.atOnce, drain.rounds]).toEqual([0, undefined]);
  });

  test('the shape of a report', async () => {
    const snapshot = placed({ objects: [...web('None'), ...vm('db', { on: 'n1' })] });
    const report = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    await expect(`${JSON.stringify(report, null, 2)}\n`).toMatchFileSnapshot(
      '../../../../test/golden/node-check-report.json',
    );
  });
});

test('what cannot be read is said about the node, with the rule', () => {
  const snapshot = placed({
    change: ({ lists }) => {
      lists.disruptionBudgets = {
        known: false,
        why: 'forbidden',
        message: 'no',
        rule: { apiGroup: 'policy', resource: 'poddisruptionbudgets', verb: 'list' },
      };
    },
  });
  expect(ofNode(snapshot)).toContainEqual(
    expect.objectContaining({
      check: 'snapshot/complete',
      remedy: expect.stringContaining('poddisruptionbudgets'),
    }),
  );
  expect(ofCluster(snapshot).some(({ check }) => check === 'snapshot/complete')).toBe(true);
});
