import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../src/assess/checks/index.ts';
import { type Case, type Judged, judge, RELEASES } from './checks/harness.ts';
import { rows } from './checks/vm-rows.ts';

// Every check of VMs, produced through the API of a lab of each release in which it exists, with a near miss. To add
// one: a row in test/checks/vm-rows.ts (what is done to a VM named `web` in a namespace of its own, and what is said).
// All rows of a release share one lab; they must leave each other's VMs and nodes alone.

/** What is about nodes and the cluster, and has its cases elsewhere. */
const ELSEWHERE =
  /^(nodes|health|limits|cluster|node|settings\/(?!post-copy)|advice|rivals|target|network\/(?!pod-network|secondary|mac))/;

test('every check of VMs has a row', () => {
  const told = new Set(rows.map(({ check }) => check));
  const missing = checks.filter((check) => 'run' in check && !told.has(check.id) && !ELSEWHERE.test(check.id));
  expect(missing.map(({ id }) => id)).toEqual([]);
});

describe.each(RELEASES)('OpenShift Virtualization %s', (release) => {
  let judged: Judged;
  const here = rows.flatMap((row, index) => ((row.releases ?? RELEASES).includes(release) ? [{ row, index }] : []));

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
});
