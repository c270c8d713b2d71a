import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterChecks } from '../src/assess/checks/cluster/index.ts';
import { nodeChecks } from '../src/assess/checks/node/index.ts';
import { clusterReport } from '../src/assess/cluster-report.ts';
import { nodeReport } from '../src/assess/node-report.ts';
import type { Finding } from '../src/model/finding.ts';
import { nodesOf } from '../src/model/nodes.ts';
import type { Snapshot } from '../src/model/snapshot.ts';
import { vmsOf } from '../src/model/vm.ts';
import { type Family, familiesIn, familyOf } from './checks/families.ts';
import { goldenTexts } from './checks/texts.ts';
import { clusterRows } from './cluster-checks/cluster-rows.ts';
import { familyRows } from './cluster-checks/family-rows.ts';
import { inLab } from './cluster-checks/hand.ts';
import { networkRows } from './cluster-checks/network-rows.ts';
import { nodeRows } from './cluster-checks/node-rows.ts';
import { ALL, cordon, dedicated, disk, three, VM, vmOf } from './cluster-checks/places.ts';

// Every check of nodes and of the cluster, produced through the API of a lab, over the versions where it matters: first
// something like it that must say nothing, then the case itself, in the same cluster.

const rows = [...nodeRows, ...clusterRows, ...networkRows, ...familyRows];

const cases = rows.flatMap((row) => (row[3].releases ?? ['4.20']).map((release) => [release, ...row, row] as const));

const folder = join(import.meta.dirname, '../src/assess/checks');
const files = ['node', 'cluster'].flatMap((room) =>
  readdirSync(join(folder, room))
    .filter((file) => /^(?!index)[^.]+\.ts$/.test(file))
    .map((file) => join(room, file)),
);
/** Of the checks of VMs, those that say something of the cluster, too. */
const families = [...files, 'coreos.ts', 'virt-handler.ts'].flatMap((file) => familiesIn(join(folder, file)));
const shown = new Set<Family>();
/** What each case says, in the newest release that has it. */
const texts = new Map<(typeof rows)[number], Finding>();
/** Sentences for which there is no row, and why. */
const NO_ROW: [text: RegExp, why: string][] = [
  [/OpenShift Virtualization migrates between|on its node/, 'of VMs: checks.lab.test.ts'],
  [/can't be told: it has no eviction strategy of its own/, 'of rights that are missing: rights.e2e.test.ts'],
];

test.each(cases)('OpenShift Virtualization %s: %s %s %s', async (release, check, severity, message, what, row) => {
  const { scenario = three, node } = what;
  const told = (findings: Finding[]) =>
    findings.filter((finding) => finding.check === check && message.test(finding.message));
  const of = (snapshot: Snapshot): Finding[] => {
    const view = node === undefined ? undefined : nodesOf(snapshot).get(node);
    return view === undefined ? clusterReport(snapshot).findings : nodeReport(snapshot, view).findings;
  };
  if (what.make === undefined) {
    const other = check === 'network/dedicated' ? dedicated : three;
    await inLab(other, release, async (_, read) => expect(told(of(await read()))).toEqual([]));
  }
  await inLab(scenario, release, async (hand, read) => {
    if (what.make !== undefined) {
      await what.near?.(hand, release);
      expect(told(of(await read()))).toEqual([]);
    }
    await what.make?.(hand, release);
    const findings = of(await read());
    expect(findings.map((finding) => `${finding.check} ${finding.severity}: ${finding.message}`)).toContainEqual(
      expect.stringMatching(new RegExp(`^${check} ${severity}: .*(${message.source})`)),
    );
    const [own] = told(findings);
    if (own !== undefined) texts.set(row, own);
    for (const finding of told(findings)) {
      const family = familyOf(finding, families);
      if (family !== undefined) shown.add(family);
    }
  });
});

test('every sentence that a check of nodes or of the cluster can say was said', () => {
  const unsaid = families.filter((family) => !shown.has(family) && !NO_ROW.some(([text]) => text.test(family.text)));
  expect(unsaid.map(({ check, text }) => `${check}: ${text}`)).toEqual([]);
});

test('every text, as it is kept', async () => {
  await expect(goldenTexts(rows.flatMap((row) => texts.get(row) ?? []))).toMatchFileSnapshot(
    'golden/texts/checks-of-clusters.txt',
  );
});

test('every check of nodes and of the cluster has a case', () => {
  const told = new Set(rows.map(([check]) => check));
  expect([...nodeChecks, ...clusterChecks].map(({ id }) => id).filter((id) => !told.has(id))).toEqual([]);
});

// What a drain is said to do must be what it does, on every release.
describe.each(ALL)('drains on OpenShift Virtualization %s', (release) => {
  const vms = [
    vmOf('moves'),
    vmOf('moves-too', { cores: 4 }),
    vmOf('tied', { disks: disk('gp3-csi') }),
    vmOf('tied-free', { disks: disk('gp3-csi'), evictionStrategy: 'LiveMigrateIfPossible' }),
    vmOf('restarts', { evictionStrategy: 'None' }),
    vmOf('manual', { evictionStrategy: 'None' }),
    vmOf('rerun', { evictionStrategy: 'None' }),
    vmOf('on-disk', { disks: disk('lvms-vg1'), evictionStrategy: 'None' }),
    vmOf('pinned', { nodeSelector: { 'kubernetes.io/hostname': 'worker-0' } }),
  ];

  test('each VM ends as was said', async () => {
    await inLab({ ...three, vms }, release, async (hand, read) => {
      await hand.merge(`${VM}/manual`, { spec: { runStrategy: 'Manual' } });
      await hand.merge(`${VM}/rerun`, { spec: { runStrategy: 'RerunOnFailure' } });
      hand.pass(2);
      const before = await read();
      const { drain } = nodeReport(before, nodesOf(before).get('worker-0')!);
      await cordon(hand, 'worker-0');
      for (let round = 0; round < 60; round++) {
        const snapshot = await read();
        for (const vm of vmsOf(snapshot)) if (vm.node === 'worker-0') await hand.evict(vm.name, vm.namespace);
        hand.pass(10);
      }
      const after = new Map(vmsOf(await read()).map((vm) => [vm.name, vm]));
      const uids = new Map(vmsOf(before).map((vm) => [vm.name, vm.vmi?.metadata.uid]));
      const ended = drain.steps.map(({ vm: { name } }) => {
        const vm = after.get(name)!;
        if (vm.phase === 'Running' && vm.vmi?.metadata.uid === uids.get(name)) {
          return [name, vm.node === 'worker-0' ? 'blocks' : 'moves'];
        }
        if (!vm.running) return [name, 'stays off'];
        return [name, vm.phase === 'Running' ? 'restarts' : 'down meanwhile'];
      });
      expect(ended).toEqual(drain.steps.map(({ vm: { name }, does }) => [name, does]));
      expect(new Set(drain.steps.map(({ does }) => does)).size).toBeGreaterThanOrEqual(5);
    });
  });
});
