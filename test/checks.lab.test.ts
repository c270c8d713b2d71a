import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../src/assess/checks/index.ts';
import { type Case, type Judged, judge, RELEASES } from './checks/harness.ts';
import { rows } from './checks/vm-rows.ts';

// Every check of VMs, produced through the API of a lab of each release in which it exists, with a near miss. To add
// one: a row in test/checks/vm-rows.ts (what is done to a VM named `web` in a namespace of its own, and what is said).
// All rows of a release share one lab, those that disturb nodes or settings a second one; they must leave each other's VMs and nodes alone.

/** What is about nodes and the cluster, and has its cases elsewhere. */
const ELSEWHERE = /^(cluster|node|settings\/(?!post-copy)|advice|rivals|network\/(?!pod-network|secondary|mac))/;

/** Where Ferry says more than KubeVirt: what the storage can't keep, and what waits for somebody to clean up. */
const beyondKubeVirt = new Set(['storage/raw-block', 'vm/stale-launcher']);

test('every check of VMs has a row', () => {
  const told = new Set(rows.map(({ check }) => check));
  const missing = checks.filter((check) => 'run' in check && !told.has(check.id) && !ELSEWHERE.test(check.id));
  expect(missing.map(({ id }) => id)).toEqual([]);
});

const clusters = RELEASES.flatMap((release) => [
  { release, what: 'VMs', disturbed: false },
  { release, what: 'nodes and settings', disturbed: true },
]);

describe.each(clusters)('OpenShift Virtualization $release: $what', ({ release, disturbed }) => {
  let judged: Judged;
  const here = rows.flatMap((row, index) =>
    (row.releases ?? RELEASES).includes(release) && (row.disturbs ?? false) === disturbed ? [{ row, index }] : [],
  );

  beforeAll(async () => {
    const cases = here.flatMap(({ row, index }): [string, Case][] => [
      [`case-${index}`, row.case],
      [`near-${index}`, row.near],
    ]);
    judged = await judge(release, cases);
  });
  afterAll(() => judged.stop());

  test.each(
    here.map(
      ({ row, index }) => [`${row.check}${row.title === undefined ? '' : `: ${row.title}`}`, row, index] as const,
    ),
  )('%s', (_, { check, said: [severity, message] }, index) => {
    const of = (namespace: string) =>
      judged.of(namespace).filter((finding) => finding.check === check && message.test(finding.message));
    expect(
      judged.of(`case-${index}`).map((finding) => `${finding.check} ${finding.severity}: ${finding.message}`),
    ).toContainEqual(
      expect.stringMatching(new RegExp(`^${check} ${severity}: .*${message.source.replace(/^\^/, '')}`)),
    );
    expect(of(`near-${index}`)).toEqual([]);
  });

  // Last, for it changes the cluster that was judged.
  test.skipIf(disturbed)('the verdicts are what then happens', async () => {
    const outcomes = await judged.attempt();
    const wrong = here.flatMap(({ row, index }) =>
      [`case-${index}`, `near-${index}`].flatMap((namespace) => {
        const outcome = outcomes.get(namespace) ?? 'not tried';
        const moved = outcome === 'Succeeded';
        const live = judged.verdicts.get(namespace) === 'live';
        if (moved === live || (namespace.startsWith('case') && beyondKubeVirt.has(row.check))) return [];
        return [`${row.check} ${namespace}: ${judged.verdicts.get(namespace)}, but ${outcome}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});
