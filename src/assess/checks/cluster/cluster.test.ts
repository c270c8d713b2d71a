import { describe, expect, test } from 'vitest';
import { daemonSet, vm } from '../../../model/testing/fixtures.ts';
import { clusterReport } from '../../cluster-report.ts';
import { ofCluster, placed, table } from '../../testing/subjects.ts';
import { clusterChecks } from './index.ts';
import { kubevirtRows } from './testing/kubevirt-rows.ts';
import { networkRows } from './testing/network-rows.ts';
import { on } from './testing/objects.ts';
import { settingsRows } from './testing/settings-rows.ts';
import { workloadRows } from './testing/workload-rows.ts';

const rows = [...kubevirtRows, ...workloadRows, ...settingsRows, ...networkRows];

table(rows, ofCluster);

test('every check of the cluster has a case', () => {
  expect(new Set(rows.map(([check]) => check))).toEqual(new Set(clusterChecks.map(({ id }) => id)));
});

test('a healthy cluster gets advice only', () => {
  expect(
    ofCluster(placed({ objects: [...on('LiveMigrate'), daemonSet(3)] })).filter(({ severity }) => severity !== 'info'),
  ).toEqual([]);
});

test('a kind that the cluster does not serve is no doubt, one that may not be read is', () => {
  const why = (reason: 'missing' | 'forbidden') =>
    ofCluster(
      placed({
        change: ({ lists }) => {
          lists.deschedulers = { known: false, why: reason, message: 'no' };
        },
      }),
    ).filter(({ check }) => check === 'snapshot/complete');
  expect(why('missing')).toEqual([]);
  expect(why('forbidden')).toHaveLength(1);
});

describe('the audit', () => {
  test.each([
    ['LiveMigrate', 'Always', 'moves', 'restarts', 'restarts'],
    ['None', 'Manual', 'stays off', 'stays off', 'stays off'],
    ['None', 'RerunOnFailure', 'stays off', 'stays off', 'restarts'],
    ['External', 'Always', 'waits for others', 'restarts', 'restarts'],
  ])('%s, %s', (strategy, runStrategy, drain, preemption, nodeLoss) => {
    const objects = vm('web', {
      on: 'n1',
      spec: { evictionStrategy: strategy },
      change: ({ vm: object }) => {
        object.spec.runStrategy = runStrategy as never;
      },
    });
    expect(clusterReport(placed({ objects })).evictions).toMatchObject([{ drain, preemption, nodeLoss }]);
  });

  test('the shape of a report', async () => {
    const report = clusterReport(placed({ objects: [...on('None'), ...vm('off')] }));
    await expect(`${JSON.stringify(report, null, 2)}\n`).toMatchFileSnapshot(
      '../../../../test/golden/cluster-check-report.json',
    );
  });
});
