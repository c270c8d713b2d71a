import { describe, expect, test } from 'vitest';
import type { HyperConverged, MigrationPolicy } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { kubeVirt, nodes, snapshotOf, vm } from '../model/testing/fixtures.ts';
import type { PastChange } from '../settings/past.ts';
import type { SettingsReading } from '../settings/reading.ts';
import { contentHash, requireSame } from './draft.ts';
import { decideSettings, isUnchanged, type SettingsRequest } from './settings.ts';

const set = (values: Record<string, string | number | boolean | undefined>): SettingsRequest => ({
  set: new Map(Object.entries(values)),
});

const policy = (name: string): MigrationPolicy => ({
  apiVersion: 'migrations.kubevirt.io/v1alpha1',
  kind: 'MigrationPolicy',
  metadata: { name, uid: `uid-${name}` },
  spec: { allowAutoConverge: true, selectors: { virtualMachineInstanceSelector: { app: 'web' } } },
});

function hyperConverged(config: Record<string, unknown>, uid = 'hco-1'): HyperConverged {
  return {
    apiVersion: 'hco.kubevirt.io/v1beta1',
    kind: 'HyperConverged',
    metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv', uid, resourceVersion: '7' },
    spec: { liveMigrationConfig: config },
  };
}

interface Given {
  config?: Record<string, unknown>;
  uid?: string;
  resourceVersion?: string;
  memory?: string;
  policies?: MigrationPolicy[];
  past?: PastChange[];
  owned?: boolean;
}

/** A cluster with a VM, owned by HyperConverged unless it is not. */
function reading(given: Given = {}): SettingsReading {
  const { config = { progressTimeout: 150, completionTimeoutPerGiB: 150 }, policies = [], past = [] } = given;
  const objects = nodes(2).filter(({ kind }) => kind !== 'KubeVirt');
  const owner = hyperConverged(config, given.uid);
  owner.metadata.resourceVersion = given.resourceVersion ?? '7';
  const all = [
    ...objects,
    kubeVirt(config),
    ...(given.owned === false ? [] : [owner]),
    ...policies,
    ...vm('web', { on: 'n1', memory: given.memory ?? '8Gi', labels: { app: 'web' } }),
  ];
  const snapshot: Snapshot = snapshotOf(all, (draft) => {
    draft.versions.kubevirt = 'v1.6.3';
  });
  return { snapshot, schemas: undefined, past };
}

const record = (more: Partial<PastChange>): PastChange => ({
  id: 4,
  at: '2026-05-04T10:00:00Z',
  by: 'admin',
  apiVersion: 'hco.kubevirt.io/v1beta1',
  object: { kind: 'HyperConverged', namespace: 'openshift-cnv', name: 'kubevirt-hyperconverged' },
  path: ['spec', 'liveMigrationConfig'],
  changes: [{ name: 'progressTimeout', from: 150, to: 300 }],
  outcome: 'applied',
  now: 'in-force',
  ...more,
});

describe('a change of settings', () => {
  test('says object by object and field by field what it would write', () => {
    const { draft } = decideSettings(reading(), set({ progressTimeout: 300, completionTimeoutPerGiB: 150 }));
    expect(draft).toMatchObject({
      summary: 'Set progressTimeout (150 -> 300) in HyperConverged openshift-cnv/kubevirt-hyperconverged.',
      objects: [
        {
          verb: 'patch',
          apiVersion: 'hco.kubevirt.io/v1beta1',
          object: { kind: 'HyperConverged', namespace: 'openshift-cnv', name: 'kubevirt-hyperconverged' },
          fields: [{ path: '.spec.liveMigrationConfig.progressTimeout', from: 150, to: 300 }],
        },
      ],
    });
  });

  test("without HyperConverged it is KubeVirt's CR", () => {
    const { draft } = decideSettings(reading({ owned: false }), set({ progressTimeout: 300 }));
    expect(draft.objects).toMatchObject([
      { object: { kind: 'KubeVirt' }, fields: [{ path: '.spec.configuration.migrations.progressTimeout' }] },
    ]);
  });

  test('predicts in figures, and says what is only assumed', () => {
    const { draft } = decideSettings(reading(), set({ bandwidthPerMigration: '64Mi' }));
    expect(draft.effect[0]).toMatch(/^Emptying n1 \(1 VM\): .+ now, .+ then\.$/);
    expect(draft.effect).toContain(
      'This assumes of 1 of 1 VMs that they rewrite 1 % of their memory all the time: nothing measures it.',
    );
    expect(draft.effect.at(-1)).toContain('ferry-settings-history');
  });

  test('that changes nothing has no objects', () => {
    const decided = decideSettings(reading(), set({ progressTimeout: 150 }));
    expect([isUnchanged(decided), decided.draft.effect]).toEqual([true, []]);
  });

  test('with policies writes both, the settings first', () => {
    const request = { set: new Map([['progressTimeout', 300]]), policies: [policy('web')] };
    const { draft } = decideSettings(reading(), request);
    expect(draft.objects.map(({ verb, object }) => [verb, object.kind])).toEqual([
      ['patch', 'HyperConverged'],
      ['create', 'MigrationPolicy'],
    ]);
    expect(draft.summary).toContain('then create MigrationPolicy web.');
    expect(draft.objects[1]?.fields).toContainEqual({ path: '.spec.allowAutoConverge', from: null, to: true });
  });
});

describe('it is the same write', () => {
  const base = decideSettings(reading(), set({ progressTimeout: 300 })).draft;

  test.each<[string, Given]>([
    ['after another write to the object', { resourceVersion: '99' }],
    ['after another setting was changed', { config: { progressTimeout: 150, completionTimeoutPerGiB: 170 } }],
    ['when VMs have become larger', { memory: '32Gi' }],
  ])('%s', (_, given) => {
    expect(contentHash(decideSettings(reading(given), set({ progressTimeout: 300 })).draft)).toBe(contentHash(base));
  });

  test.each<[string, Given, RegExp]>([
    [
      'the value was changed',
      { config: { progressTimeout: 200, completionTimeoutPerGiB: 150 } },
      /150 -> 300, is 200 -> 300/,
    ],
    ['it was set by somebody else', { config: { progressTimeout: 300, completionTimeoutPerGiB: 150 } }, /is absent/],
    ['the owner is another object', { uid: 'hco-2' }, /owner of the settings was .*hco-1.*is .*hco-2/],
    ['nobody owns the settings any more', { owned: false }, /owner of the settings/],
  ])('no more once %s', (_, given, said) => {
    const now = decideSettings(reading(given), set({ progressTimeout: 300 })).draft;
    expect(() => requireSame(base, now)).toThrow(said);
  });

  test('no more once another MigrationPolicy has come that may win', () => {
    const request = { set: new Map(), policies: [policy('web')] };
    const shown = decideSettings(reading(), request).draft;
    const now = decideSettings(reading({ policies: [policy('other')] }), request).draft;
    expect(() => requireSame(shown, now)).toThrow(/migration policies was \[\], is \["other"\]/);
  });
});

describe('taking a change back', () => {
  const inForce = { progressTimeout: 300, completionTimeoutPerGiB: 150 };

  test('is the old value, with the change named', () => {
    const { draft, reverts } = decideSettings(reading({ config: inForce, past: [record({})] }), { revert: 'newest' });
    expect(reverts?.id).toBe(4);
    expect(draft.summary).toBe(
      'Take change 4 back: set progressTimeout (300 -> 150) in HyperConverged openshift-cnv/kubevirt-hyperconverged.',
    );
  });

  test('is another write once a newer change stands', () => {
    const shown = decideSettings(reading({ config: inForce, past: [record({})] }), { revert: 'newest' }).draft;
    const newer = record({ id: 5, changes: [{ name: 'progressTimeout', from: 200, to: 300 }] });
    const past = [record({}), newer];
    const now = decideSettings(reading({ config: inForce, past }), { revert: 'newest' }).draft;
    expect(() => requireSame(shown, now)).toThrow(/change 4 .*change 5/);
  });

  test('of a policy deletes the one that is there', () => {
    const created = record({ object: { kind: 'MigrationPolicy', name: 'web' }, changes: [], policy: policy('web') });
    const { draft } = decideSettings(reading({ policies: [policy('web')], past: [created] }), { revert: 4 });
    expect(draft).toMatchObject({
      summary: 'Take change 4 back: delete MigrationPolicy web.',
      objects: [{ verb: 'delete', object: { name: 'web' } }],
      premises: { 'MigrationPolicy web': 'uid-web' },
    });
  });

  test('of a deletion is refused, saying where the policy stands', () => {
    const deleted = record({ object: { kind: 'MigrationPolicy', name: 'web' }, changes: [], reverts: 3 });
    expect(() => decideSettings(reading({ past: [deleted] }), { revert: 4 })).toThrow(
      expect.objectContaining({ code: 'FERRY_E_REFUSED', hint: expect.stringContaining('change 3') }),
    );
  });

  test.each<[string, Partial<PastChange>, string]>([
    ['was taken back already', { now: 'taken-back' }, 'taken back already'],
    ['was changed since', { now: 'changed-since' }, 'changed again after change 4'],
  ])('that %s is refused', (_, more, said) => {
    expect(() => decideSettings(reading({ past: [record(more)] }), { revert: 4 })).toThrow(said);
  });
});
