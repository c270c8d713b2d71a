import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../src/assess/checks/index.ts';
import type { Finding } from '../src/model/finding.ts';
import { aloneRows } from './checks/alone-rows.ts';
import { type Family, familiesIn, familyOf } from './checks/families.ts';
import { type Case, type Judged, judge, type LabRow, RELEASES } from './checks/harness.ts';
import { moreRows } from './checks/more-rows.ts';
import { goldenTexts } from './checks/texts.ts';
import { sharedRows } from './checks/vm-rows.ts';

// Every sentence that a check of VMs can say, produced through the API of a lab of each release in which it exists, with
// a near miss. To add one: a row in test/checks/*-rows.ts (what is done to a VM named `web` in a namespace of its own,
// and what is said). The rows of a release share one lab, those that disturb nodes or settings a second one, and they
// must leave each other's VMs and nodes alone; what would not has a lab of its own.

const rows = [...sharedRows, ...moreRows, ...aloneRows];

/** What is about nodes and the cluster, and has its cases elsewhere. */
const ELSEWHERE = /^(cluster|node|settings\/(?!post-copy)|advice|rivals|network\/(?!pod-network|secondary|mac))/;

/** Where Ferry says more than KubeVirt: what the storage can't keep, and what waits for something to end that here never does. */
const beyondKubeVirt = new Set(['storage/raw-block', 'vm/stale-launcher', 'vm/utility-volumes']);

/** Sentences for which there is no row, and why. */
const NO_ROW: [text: RegExp, why: string][] = [
  [/^virt-handler is ready on|^node \.\.\. runs \.\.\.; it is no target/, 'of the cluster: cluster-checks.lab.test.ts'],
  [
    /^it is on the pod network with \.\.\. that KubeVirt/,
    'takes no slirp, macvtap or passt since v1.3: runs from before',
  ],
  [/could not be looked at in full/, 'of rights that are missing: rights.e2e.test.ts'],
];

test('every check of VMs has a row', () => {
  const told = new Set(rows.map(({ check }) => check));
  const missing = checks.filter((check) => 'run' in check && !told.has(check.id) && !ELSEWHERE.test(check.id));
  expect(missing.map(({ id }) => id)).toEqual([]);
});

const folder = join(import.meta.dirname, '../src/assess/checks');
const families = readdirSync(folder)
  .filter((file) => /^(?!index)[^.]+\.ts$/.test(file))
  .flatMap((file) => familiesIn(join(folder, file)));
const shown = new Set<Family>();
/** What each row says, in the newest release that has it. */
const texts = new Map<LabRow, Finding>();

/** The finding that a row asks for is there; remembers which sentence it is. */
function expectSaid(row: LabRow, findings: Finding[]): void {
  const {
    check,
    said: [severity, message],
    remedy = /./,
  } = row;
  expect(findings.map((finding) => `${finding.check} ${finding.severity}: ${finding.message}`)).toContainEqual(
    expect.stringMatching(new RegExp(`^${check} ${severity}: .*${message.source.replace(/^\^/, '')}`)),
  );
  const told = findings.filter((finding) => finding.check === check && message.test(finding.message));
  expect(told.map((finding) => finding.remedy)).toContainEqual(expect.stringMatching(remedy));
  for (const finding of told) {
    const family = familyOf(finding, families);
    if (family !== undefined) shown.add(family);
  }
  const own = told.find((finding) => remedy.test(finding.remedy));
  if (own !== undefined) texts.set(row, own);
}

function expectUnsaid({ check, said: [, message], remedy = /./ }: LabRow, findings: Finding[]): void {
  const told = findings.filter((finding) => finding.check === check && message.test(finding.message));
  expect(told.filter((finding) => remedy.test(finding.remedy))).toEqual([]);
}

const named = (row: LabRow, index: number): [string, LabRow, number] => [
  `${row.check}${row.title === undefined ? '' : `: ${row.title}`}`,
  row,
  index,
];
const exists = (row: LabRow, release: (typeof RELEASES)[number]): boolean =>
  (row.releases ?? RELEASES).includes(release);

const clusters = RELEASES.flatMap((release) => [
  { release, what: 'VMs', disturbed: false },
  { release, what: 'nodes and settings', disturbed: true },
]);

describe.each(clusters)('OpenShift Virtualization $release: $what', ({ release, disturbed }) => {
  let judged: Judged;
  const here = rows.flatMap((row, index) =>
    exists(row, release) && row.alone === undefined && (row.disturbs ?? false) === disturbed ? [named(row, index)] : [],
  );

  beforeAll(async () => {
    const cases = here.flatMap(([, row, index]): [string, Case][] => [
      [`case-${index}`, row.case],
      [`near-${index}`, row.near],
    ]);
    judged = await judge(release, cases);
  });
  afterAll(() => judged.stop());

  test.each(here)('%s', (_, row, index) => {
    expectSaid(row, judged.of(`case-${index}`, row.target));
    expectUnsaid(row, judged.of(`near-${index}`, row.nearTarget ?? row.target));
  });

  if (disturbed) return;

  // Last, for it changes the cluster that was judged.
  test('the verdicts are what then happens', async () => {
    const outcomes = await judged.attempt();
    const wrong = here.flatMap(([, row, index]) =>
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

/** A cluster a row is dear: the first and the last release that has it, and the default between them. */
function alone({ releases = [...RELEASES] }: LabRow): string[] {
  return releases.filter((release, at) => at === 0 || at === releases.length - 1 || release === '4.20');
}

const lonely = rows.filter((row) => row.alone !== undefined);
const inUse = RELEASES.filter((release) => lonely.some((row) => alone(row).includes(release)));

describe.each(inUse)('OpenShift Virtualization %s: a cluster of its own', (release) => {
  const here = rows.flatMap((row, index) =>
    row.alone !== undefined && alone(row).includes(release) ? [named(row, index)] : [],
  );

  test.each(here)('%s', async (_, row) => {
    const place = row.alone === true || row.alone === false ? undefined : row.alone;
    const near = await judge(release, [['near-0', row.near]], place);
    expectUnsaid(row, near.of('near-0', row.nearTarget ?? row.target));
    await near.stop();
    const judged = await judge(release, [['case-0', row.case]], place);
    expectSaid(row, judged.of('case-0', row.target));
    await judged.stop();
  });
});

test('every sentence that a check of VMs can say was said', () => {
  const unsaid = families.filter((family) => !shown.has(family) && !NO_ROW.some(([text]) => text.test(family.text)));
  expect(unsaid.map(({ check, text }) => `${check}: ${text}`)).toEqual([]);
});

test('every text, as it is kept', async () => {
  const said = rows.flatMap((row) => texts.get(row) ?? []);
  await expect(goldenTexts(said)).toMatchFileSnapshot('golden/texts/checks-of-vms.txt');
});
