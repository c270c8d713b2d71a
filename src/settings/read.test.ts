import { describe, expect, test } from 'vitest';
import type { HyperConverged, KubeObject } from '../model/objects.ts';
import { settingsOf } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { kubeVirt, snapshotOf } from '../model/testing/fixtures.ts';
import { versions } from '../model/versions/index.ts';
import { settingsFindings } from './drift.ts';
import { readSettings, type SettingView } from './read.ts';

function hco(
  config: object,
  { v1 = false, annotations }: { v1?: boolean; annotations?: Record<string, string> } = {},
): HyperConverged {
  return {
    apiVersion: v1 ? 'hco.kubevirt.io/v1' : 'hco.kubevirt.io/v1beta1',
    kind: 'HyperConverged',
    metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv', ...(annotations && { annotations }) },
    spec: v1 ? { virtualization: { liveMigrationConfig: config } } : { liveMigrationConfig: config },
  };
}

function cluster(minor: number, ...objects: KubeObject[]): Snapshot {
  const version = versions.find((each) => each.minor === minor);
  return snapshotOf(objects, ({ versions: of }) => (of.kubevirt = version!.kubevirt));
}

function setting(snapshot: Snapshot, name: string): SettingView {
  return readSettings(snapshot).find((each) => each.name === name)!;
}

const patch = (...operations: object[]): { annotations: Record<string, string> } => ({
  annotations: { 'kubevirt.kubevirt.io/jsonpatch': JSON.stringify(operations) },
});
const MIGRATIONS = '/spec/configuration/migrations';

describe('where a setting comes from', () => {
  test.each<[string, Snapshot, string, Partial<SettingView>]>([
    [
      "HyperConverged's default",
      cluster(6, hco({ completionTimeoutPerGiB: 150 }), kubeVirt({ completionTimeoutPerGiB: 150 })),
      'completionTimeoutPerGiB',
      {
        value: 150,
        source: 'HyperConverged',
        field: '.spec.liveMigrationConfig.completionTimeoutPerGiB',
        how: "the CRD's default",
        documented: 800,
      },
    ],
    [
      'HyperConverged v1, which has it elsewhere',
      cluster(8, hco({ progressTimeout: 300 }, { v1: true }), kubeVirt({ progressTimeout: 300 })),
      'progressTimeout',
      {
        value: 300,
        apiVersion: 'hco.kubevirt.io/v1',
        field: '.spec.virtualization.liveMigrationConfig.progressTimeout',
        how: 'set',
        default: 150,
        documented: 150,
      },
    ],
    [
      'an older version, whose default it was',
      cluster(6, hco({ completionTimeoutPerGiB: 800 }), kubeVirt({ completionTimeoutPerGiB: 800 })),
      'completionTimeoutPerGiB',
      { value: 800, leftOverFrom: '4.17', default: 150 },
    ],
    [
      'an older version, in the next one',
      cluster(9, hco({ parallelOutboundMigrationsPerNode: 2 }), kubeVirt({ parallelOutboundMigrationsPerNode: 2 })),
      'parallelOutboundMigrationsPerNode',
      { value: 2, leftOverFrom: '4.22', default: 1 },
    ],
    [
      'the jsonpatch annotation',
      cluster(
        6,
        hco({ progressTimeout: 150 }, patch({ op: 'add', path: `${MIGRATIONS}/progressTimeout`, value: 77 })),
        kubeVirt({ progressTimeout: 77 }),
      ),
      'progressTimeout',
      { value: 77, source: 'jsonpatch', field: '.metadata.annotations["kubevirt.kubevirt.io/jsonpatch"]' },
    ],
    [
      'the annotation that replaces all of it',
      cluster(
        6,
        hco({}, patch({ op: 'add', path: MIGRATIONS, value: { disableTLS: true } })),
        kubeVirt({ disableTLS: true }),
      ),
      'disableTLS',
      { value: true, source: 'jsonpatch' },
    ],
    [
      'an annotation that is no JSON patch, and decides nothing',
      cluster(
        6,
        hco({ progressTimeout: 150 }, { annotations: { 'kubevirt.kubevirt.io/jsonpatch': '{' } }),
        kubeVirt({ progressTimeout: 150 }),
      ),
      'progressTimeout',
      { value: 150, source: 'HyperConverged' },
    ],
    [
      "KubeVirt's CR, which somebody changed under HyperConverged",
      cluster(6, hco({ progressTimeout: 150 }), kubeVirt({ progressTimeout: 300 })),
      'progressTimeout',
      { value: 300, source: 'KubeVirt', how: 'HyperConverged says 150, and will put that here' },
    ],
    [
      "KubeVirt's CR, where there is no HyperConverged",
      cluster(6, kubeVirt({ bandwidthPerMigration: '2Gi' })),
      'bandwidthPerMigration',
      { value: '2Gi', source: 'KubeVirt', how: 'set', field: '.spec.configuration.migrations.bandwidthPerMigration' },
    ],
    [
      'KubeVirt 1.3 itself',
      cluster(3, kubeVirt()),
      'completionTimeoutPerGiB',
      { value: 800, source: 'default', how: 'built into KubeVirt 1.3' },
    ],
    [
      'allowPostCopy, which it follows',
      cluster(6, kubeVirt({ allowPostCopy: true })),
      'allowWorkloadDisruption',
      { value: true, source: 'default', how: 'follows allowPostCopy' },
    ],
    [
      'nobody knows, without a version',
      snapshotOf([kubeVirt()], (snapshot) => delete snapshot.versions.kubevirt),
      'completionTimeoutPerGiB',
      { value: null, source: 'unknown' },
    ],
    [
      "HyperConverged, if KubeVirt's CR can't be read",
      snapshotOf([hco({ progressTimeout: 150 })]),
      'progressTimeout',
      { value: 150, source: 'HyperConverged', remarks: ["KubeVirt's CR could not be read"] },
    ],
  ])('%s', (_, snapshot, name, expected) => {
    const { documented, ...rest } = expected;
    const found = setting(snapshot, name);
    expect(found).toMatchObject(rest);
    if (documented !== undefined && found.value !== documented) expect(found.documented).toBe(documented);
  });

  test.each(versions.map(({ cnv, minor }) => [cnv, minor] as const))(
    'agrees with what the rest of Ferry takes for in force, on %s',
    (_, minor) => {
      const version = versions.find((each) => each.minor === minor)!;
      const config = { ...version.hyperConvergedDefaults, bandwidthPerMigration: '512Mi' };
      for (const snapshot of [cluster(minor, kubeVirt()), cluster(minor, hco(config), kubeVirt(config))]) {
        const views = readSettings(snapshot);
        for (const [name, { value, raw }] of Object.entries(settingsOf(snapshot))) {
          const view = views.find((each) => each.name === name);
          if (view === undefined)
            expect([name, version.workloadDisruption]).toEqual(['allowWorkloadDisruption', false]);
          else expect([name, String(view.value ?? undefined)]).toEqual([name, String(raw ?? value)]);
        }
      }
    },
  );

  test('no setting is shown that the version does not have', () => {
    const names = (minor: number): string[] => readSettings(cluster(minor, kubeVirt())).map(({ name }) => name);
    expect(names(4)).not.toContain('allowWorkloadDisruption');
    expect(names(7)).not.toContain('utilityVolumesTimeout');
    expect(names(8)).not.toContain('maxDowntimeMs');
    expect(names(9)).toContain('maxDowntimeMs');
  });
});

describe('findings about settings as they are', () => {
  test.each<[string, Snapshot, string[]]>([
    [
      'none for a fresh cluster',
      cluster(6, hco({ completionTimeoutPerGiB: 150 }), kubeVirt({ completionTimeoutPerGiB: 150 })),
      [],
    ],
    [
      'drift after an upgrade',
      cluster(6, hco({ completionTimeoutPerGiB: 800 }), kubeVirt({ completionTimeoutPerGiB: 800 })),
      ['settings/left-over'],
    ],
    [
      'a CR that differs',
      cluster(6, hco({ progressTimeout: 150 }), kubeVirt({ progressTimeout: 300 })),
      ['settings/diverges'],
    ],
    [
      'post-copy that never happens',
      cluster(9, kubeVirt({ allowPostCopy: true, allowWorkloadDisruption: false })),
      ['settings/post-copy-defeated', 'settings/post-copy-risk'],
    ],
    [
      'post-copy that costs the connections',
      cluster(6, kubeVirt({ allowPostCopy: true })),
      ['settings/post-copy-one-connection', 'settings/post-copy-risk'],
    ],
    [
      'unencrypted and unsafe',
      cluster(6, kubeVirt({ disableTLS: true, unsafeMigrationOverride: true })),
      ['settings/unsafe', 'settings/no-tls'],
    ],
    ['limits at odds', cluster(6, kubeVirt({ parallelMigrationsPerCluster: 1 })), ['settings/outbound-above-cluster']],
    ['no limit at all', cluster(6, kubeVirt({ bandwidthPerMigration: '64' })), ['settings/bandwidth-below-mib']],
    ['a gate that is off', cluster(9, kubeVirt({ maxDowntimeMs: 500 })), ['settings/gate-off']],
  ])('%s', (_, snapshot, checks) => {
    expect(settingsFindings(snapshot).map(({ check }) => check)).toEqual(checks);
  });
});
