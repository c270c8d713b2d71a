import { describe, expect, test } from 'vitest';
import type { LogTail } from '../model/dossier.ts';
import { migration, nodes, snapshotOf, vm } from '../model/testing/fixtures.ts';
import { clusterCase, migrationCase } from './case.ts';
import { courseOf, samplesOf } from './course.ts';

const line = (
  elapsed: number,
  remaining: number,
  bandwidth: number,
  dirty: number,
  iteration: number,
  uid = 'uid-m',
): string =>
  JSON.stringify({
    component: 'virt-launcher',
    level: 'info',
    msg: `Migration info for ${uid}: TimeElapsed:${elapsed}ms DataProcessed:10MiB DataRemaining:${remaining}MiB DataTotal:4096MiB MemoryProcessed:10MiB MemoryRemaining:${remaining}MiB MemoryTotal:4096MiB MemoryBandwidth:${bandwidth}Mbps DirtyRate:${dirty}Mbps Iteration:${iteration} PostcopyRequests:0 ConstantPages:0 NormalPages:2560 NormalData:10MiB ExpectedDowntime:12ms DiskMbps:0`,
  });

const log = (...lines: string[]): LogTail => ({
  namespace: 'vms',
  pod: 'virt-launcher-web',
  container: 'compute',
  component: 'virt-launcher',
  lines: ['not about migrations', ...lines],
});

/** A migration of a 4 GiB guest, started 100 s before the Snapshot was taken. */
function running(logs: LogTail[], change: { completionTimeoutPerGiB?: number; mode?: string; phase?: string } = {}) {
  const { completionTimeoutPerGiB = 150, mode, phase = 'Running' } = change;
  const web = vm('web', {
    on: 'n1',
    memory: '4Gi',
    change: ({ vmi }) => {
      vmi.status = {
        ...vmi.status,
        migrationState: {
          migrationUid: 'uid-m',
          sourceNode: 'n1',
          targetNode: 'n2',
          startTimestamp: '2026-01-02T03:02:25Z',
          migrationConfiguration: { completionTimeoutPerGiB },
          ...(mode !== undefined && { mode }),
        },
      };
    },
  });
  const object = migration('m', 'web', phase);
  const snapshot = snapshotOf([...nodes(2), ...web, object]);
  const dossier = {
    snapshot,
    events: { known: true as const, items: [] },
    logs: { known: true as const, items: logs },
  };
  return courseOf(migrationCase(clusterCase(dossier), object));
}

describe('the monitor’s log', () => {
  test('is read in bytes and seconds, for this migration only, in order', () => {
    const lines = [line(8000, 100, 1000, 80, 2), line(4000, 2048, 800, 0, 1), line(4000, 1, 1, 1, 1, 'another')];
    expect(samplesOf([log(...lines)], 'uid-m')).toEqual([
      { elapsed: 4, remaining: 2048 * 2 ** 20, total: 4 * 2 ** 30, bandwidth: 100e6, dirtyRate: 0, iteration: 1 },
      { elapsed: 8, remaining: 100 * 2 ** 20, total: 4 * 2 ** 30, bandwidth: 125e6, dirtyRate: 10e6, iteration: 2 },
    ]);
  });
});

describe('a running migration', () => {
  test('knows its deadline: 150 s for each started GB, and 4 GiB are five', () => {
    expect(running([])).toEqual({
      elapsedSeconds: 100,
      deadlineSeconds: 750,
      afterwards: 'abort',
      converging: undefined,
    });
  });

  test('a paused guest gets the time twice', () => {
    expect(running([], { mode: 'Paused' })?.deadlineSeconds).toBe(1500);
  });

  test('without a limit has no deadline', () => {
    expect(running([], { completionTimeoutPerGiB: 0 })?.deadlineSeconds).toBe(0);
  });

  test('has no course before it runs', () => {
    expect(running([], { phase: 'TargetReady' })).toBeUndefined();
  });

  test.each<[string, string[], boolean | undefined]>([
    ['in its first round: too early to say', [line(4000, 3000, 800, 0, 1), line(8000, 2000, 800, 400, 1)], undefined],
    [
      'with less to send each round: it converges',
      [
        line(4000, 2000, 800, 200, 1),
        line(8000, 1000, 800, 200, 2),
        line(12000, 500, 800, 200, 3),
        line(16000, 250, 800, 200, 4),
      ],
      true,
    ],
    [
      'with as much to send each round: it does not',
      [
        line(4000, 700, 800, 600, 1),
        line(8000, 690, 800, 600, 2),
        line(12000, 700, 800, 600, 3),
        line(16000, 699, 800, 600, 4),
      ],
      false,
    ],
    [
      'that is written faster than it is sent: it does not',
      [line(4000, 700, 800, 0, 1), line(8000, 690, 800, 900, 2)],
      false,
    ],
  ])('%s', (_, lines, converging) => {
    expect(running([log(...lines)])?.converging).toBe(converging);
  });

  test('ends when what remains, and what is written meanwhile, has been sent', () => {
    const course = running([log(line(4000, 1000, 800, 400, 1))]);
    expect(course?.expectedSeconds).toBeCloseTo((1000 * 2 ** 20) / 50e6, 3);
  });
});
