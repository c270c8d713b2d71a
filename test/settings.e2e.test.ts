import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Ran, run } from '../src/cli/testing/run.ts';
import { parseSnapshot } from '../src/cluster/saved-snapshot.ts';
import { type Lab, type LabOptions, startLab } from '../src/lab/lab.ts';
import type { HyperConverged, KubeObject, KubeVirt, MigrationPolicy } from '../src/model/objects.ts';
import { McpClient } from './mcp-client.ts';

// The settings commands on the lab, whose operators and webhooks do what the real ones do.

const folder = mkdtempSync(join(tmpdir(), 'ferry-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(text: string): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

type Ferry = (...argv: string[]) => Promise<Ran>;

async function withLab<T>(options: LabOptions, use: (lab: Lab, ferry: Ferry) => Promise<T>): Promise<T> {
  const lab = await startLab({ scenario: 'small', speed: 100, seed: 'settings', ...options });
  const kubeconfig = file(lab.kubeconfig);
  try {
    const result = await use(lab, (...argv) => run(argv, { env: { KUBECONFIG: kubeconfig, HOME: folder } }));
    expect(lab.faults).toEqual([]);
    return result;
  } finally {
    await lab.stop();
  }
}

const HCO = 'hyperconvergeds.hco.kubevirt.io';
const KUBEVIRTS = 'kubevirts.kubevirt.io';
const CNV = 'openshift-cnv';

const hco = (lab: Lab): HyperConverged => lab.store.get<HyperConverged>(HCO, CNV, 'kubevirt-hyperconverged')!;
const kubeVirt = (lab: Lab): KubeVirt => lab.store.list<KubeVirt>(KUBEVIRTS)[0]!;
const inForce = (lab: Lab): Record<string, unknown> =>
  (kubeVirt(lab).spec?.configuration?.migrations ?? {}) as Record<string, unknown>;

/** Objects but for what every write changes. */
function essence(...objects: KubeObject[]): unknown {
  return objects.map((object) => {
    const { resourceVersion: _r, generation: _g, managedFields: _m, ...metadata } = object.metadata;
    const { status: _s, ...rest } = object as KubeObject & { status?: unknown };
    return { ...rest, metadata };
  });
}

/** The live-migration settings where the stored version has them (facts/kubevirt.md A10). */
function live({ apiVersion, spec }: HyperConverged): Record<string, unknown> {
  const holder = apiVersion === 'hco.kubevirt.io/v1' ? spec?.virtualization : spec;
  return (holder?.liveMigrationConfig ?? {}) as Record<string, unknown>;
}

function changeHco(lab: Lab, change: (draft: HyperConverged) => void): void {
  const draft = structuredClone(hco(lab));
  change(draft);
  delete draft.metadata.resourceVersion;
  lab.store.update(HCO, draft);
}

/** A lab like `small` without HyperConverged: KubeVirt alone. */
async function withoutHco(cnv: string): Promise<LabOptions> {
  return await withLab({ cnv, speed: 'stopped', startTime: Date.parse('2026-05-04T10:00:00Z') }, async (_, ferry) => {
    const snapshot = await parseSnapshot((await ferry('snapshot', '-A')).stdout, 'stdout');
    const [object] = (snapshot.lists.kubeVirts as { items: KubeVirt[] }).items;
    delete object!.spec!.configuration!.migrations;
    return { from: { ...snapshot, lists: { ...snapshot.lists, hyperConvergeds: { known: true, items: [] } } }, cnv };
  });
}

const releases = ['4.17', '4.18', '4.19', '4.20', '4.21', '4.22', 'next'];

const versions = [
  ['4.17', 'hco.kubevirt.io/v1beta1', '.spec.liveMigrationConfig', 800],
  ['4.18', 'hco.kubevirt.io/v1beta1', '.spec.liveMigrationConfig', 150],
  ['4.19', 'hco.kubevirt.io/v1beta1', '.spec.liveMigrationConfig', 150],
  ['4.20', 'hco.kubevirt.io/v1beta1', '.spec.liveMigrationConfig', 150],
  ['4.21', 'hco.kubevirt.io/v1beta1', '.spec.liveMigrationConfig', 150],
  [
    '4.22',
    'hco.kubevirt.io/v1',
    '.spec.virtualization.liveMigrationConfig',
    150,
    'hco.kubevirt.io/v1beta1',
    '.spec.liveMigrationConfig',
  ],
  ['next', 'hco.kubevirt.io/v1', '.spec.virtualization.liveMigrationConfig', 20],
] as const;

describe.each(versions)(
  'on OpenShift Virtualization %s',
  (cnv, apiVersion, path, timeout, stored: string = apiVersion, writes: string = path) => {
    test('settings are shown with their origin, set where they belong, and taken back', () =>
      withLab({ cnv }, async (lab, ferry) => {
        const shown = JSON.parse((await ferry('settings', 'get', '-o', 'json')).stdout) as {
          items: { name: string }[];
        };
        expect(shown.items.find(({ name }) => name === 'completionTimeoutPerGiB')).toMatchObject({
          value: timeout,
          source: 'HyperConverged',
          apiVersion,
          field: `${path}.completionTimeoutPerGiB`,
          how: "the CRD's default",
          default: timeout,
        });
        const before = essence(hco(lab), kubeVirt(lab));

        const dry = await ferry(
          'settings',
          'set',
          'progressTimeout=300',
          'bandwidthPerMigration=512Mi',
          '--dry-run=server',
        );
        expect([dry.code, dry.stdout]).toEqual([
          0,
          `HyperConverged openshift-cnv/kubevirt-hyperconverged (${stored})\n- ${writes}.progressTimeout: 150\n+ ${writes}.progressTimeout: 300\n- ${writes}.bandwidthPerMigration: (not set)\n+ ${writes}.bandwidthPerMigration: 512Mi\n`,
        ]);
        expect(essence(hco(lab), kubeVirt(lab))).toEqual(before);

        const set = await ferry('settings', 'set', 'progressTimeout=300', 'bandwidthPerMigration=512Mi', '--yes');
        expect([set.code, set.stdout]).toEqual([
          0,
          'Changed, and KubeVirt has taken it (change 1). To take it back: ferry settings revert 1\n',
        ]);
        expect(inForce(lab)).toMatchObject({ progressTimeout: 300, bandwidthPerMigration: '512Mi' });
        expect((await ferry('settings', 'set', 'progressTimeout=300', '--yes')).stderr).toContain('Nothing to change');

        const history = JSON.parse((await ferry('settings', 'history', '-o', 'json')).stdout) as { items: unknown[] };
        expect(history.items).toMatchObject([
          {
            id: 1,
            by: 'admin',
            outcome: 'applied',
            now: 'in-force',
            changes: [
              { name: 'progressTimeout', from: 150, to: 300 },
              { name: 'bandwidthPerMigration', to: '512Mi' },
            ],
          },
        ]);

        expect((await ferry('settings', 'revert', '--yes')).code).toBe(0);
        expect(essence(hco(lab), kubeVirt(lab))).toEqual(before);
        expect((await ferry('settings', 'revert', '1', '--yes')).code).toBe(8);
      }));

    test('without HyperConverged the KubeVirt CR is changed, and is as it was after a revert', async () => {
      await withLab(await withoutHco(cnv), async (lab, ferry) => {
        const before = essence(kubeVirt(lab));
        const get = await ferry('settings', 'get', 'completionTimeoutPerGiB');
        expect(get.stdout).toMatch(/completionTimeoutPerGiB +\d+ +default +built into KubeVirt/);
        const set = await ferry(
          'settings',
          'set',
          'completionTimeoutPerGiB=222',
          'unsafeMigrationOverride=true',
          '--yes',
        );
        expect([set.code, set.stderr]).toEqual([0, expect.stringContaining('data can be corrupted')]);
        expect(inForce(lab)).toEqual({ completionTimeoutPerGiB: 222, unsafeMigrationOverride: true });
        expect((await ferry('settings', 'revert', '--yes')).code).toBe(0);
        expect(essence(kubeVirt(lab))).toEqual(before);
      });
    });
  },
);

describe('set', () => {
  test('refuses what would not work or not last, in one sentence, and changes nothing', () =>
    withLab({ cnv: '4.20' }, async (lab, ferry) => {
      const before = essence(hco(lab), kubeVirt(lab));
      const cases: [string[], number, string][] = [
        [['parallelOutboundMigrationsPerNode=9'], 8, 'only 5 may be under way in the whole cluster'],
        [['parallelMigrationsPerCluster=0'], 8, 'no VM can migrate at all'],
        [['parallelMigrationsPerCluster=99999999999'], 2, 'is too large a number'],
        [['parallelMigrationsPerCluster=many'], 2, 'It must be a whole number (migrations).'],
        [['progressTimeout=-1'], 8, 'is a time, and cannot be -1'],
        [['bandwidthPerMigration=64'], 8, 'did you mean 64Mi?'],
        [['bandwidthPerMigration=1Gbit'], 2, 'a Kubernetes quantity'],
        [['bandwidthPerMigration=-5Mi'], 8, 'cannot be negative'],
        [['network=nowhere'], 8, 'there is no NetworkAttachmentDefinition nowhere in namespace openshift-cnv'],
        [['disableTLS=true'], 8, 'HyperConverged has no field for disableTLS'],
        [['allowWorkloadDisruption=true'], 8, 'A MigrationPolicy can set it for chosen VMs.'],
        [['maxDowntimeMs=500'], 2, 'KubeVirt 1.6 has no setting maxDowntimeMs'],
        [['timeout=5'], 2, 'Did you mean: completionTimeoutPerGiB, progressTimeout'],
        [['progressTimeout'], 2, 'neither KEY=VALUE nor KEY-'],
      ];
      for (const [argv, code, text] of cases) {
        const ran = await ferry('settings', 'set', ...argv, '--yes');
        expect([argv, ran.code, ran.stderr]).toEqual([argv, code, expect.stringContaining(text)]);
      }
      expect((await ferry('settings', 'set', 'progressTimeout=151')).code).toBe(8);
      expect(essence(hco(lab), kubeVirt(lab))).toEqual(before);
    }));

  test('allowPostCopy needs allowWorkloadDisruption where HyperConverged says false to it', () =>
    withLab({ cnv: 'next' }, async (lab, ferry) => {
      const alone = await ferry('settings', 'set', 'allowPostCopy=true', '--yes');
      expect([alone.code, alone.stderr]).toEqual([
        8,
        expect.stringContaining('allowPostCopy=true allowWorkloadDisruption=true'),
      ]);
      const both = await ferry('settings', 'set', 'allowPostCopy=true', 'allowWorkloadDisruption=true', '--yes');
      expect(both.code).toBe(0);
      expect(inForce(lab)).toMatchObject({ allowPostCopy: true, allowWorkloadDisruption: true });
    }));

  test('a setting that the jsonpatch annotation decides is shown as such, and not set beneath it', () =>
    withLab({ cnv: '4.20' }, async (lab, ferry) => {
      const patch = [{ op: 'add', path: '/spec/configuration/migrations/progressTimeout', value: 77 }];
      changeHco(
        lab,
        ({ metadata }) =>
          (metadata.annotations = { ...metadata.annotations, 'kubevirt.kubevirt.io/jsonpatch': JSON.stringify(patch) }),
      );
      await expect.poll(() => inForce(lab)['progressTimeout']).toBe(77);
      expect((await ferry('settings', 'get', 'progressTimeout')).stdout).toMatch(/77 +jsonpatch/);
      const set = await ferry('settings', 'set', 'progressTimeout=150', '--yes');
      expect([set.code, set.stderr]).toEqual([8, expect.stringContaining('decides progressTimeout')]);
    }));

  test('a viewer is told what is missing', () =>
    withLab({ cnv: '4.20' }, async (_, ferry) => {
      const ran = await ferry(
        'settings',
        'set',
        'progressTimeout=151',
        '--yes',
        '--context',
        'ferry-lab',
        '--as',
        'nobody',
        '--as-group',
        'system:authenticated',
      );
      expect([ran.code, ran.stderr]).toEqual([7, expect.stringContaining('verbs:')]);
    }));
});

describe.each(releases)('set on OpenShift Virtualization %s, when something fails', (cnv) => {
  test('an error of the API server leaves the old value, and the history says that it failed', () =>
    withLab({ cnv }, async (lab, ferry) => {
      const before = essence(hco(lab), kubeVirt(lab));
      // The dry run is the first PATCH; the change itself fails.
      const original = lab.store.update.bind(lab.store);
      let refused = 0;
      lab.store.update = ((resource: never, object: never, ...rest: never[]) => {
        if ((resource as string) === HCO && live(object).progressTimeout === 151 && refused++ < 20)
          throw new Error('etcd is gone');
        return (original as (...args: unknown[]) => unknown)(resource, object, ...rest);
      }) as never;
      const ran = await ferry('settings', 'set', 'progressTimeout=151', '--yes');
      lab.store.update = original;
      lab.faults.length = 0;
      expect([ran.code, refused > 0]).toEqual([4, true]);
      expect(essence(hco(lab), kubeVirt(lab))).toEqual(before);
      expect((await ferry('settings', 'history')).stdout).toMatch(/progressTimeout +150 +151 +failed +taken-back/);
    }));

  test.each([
    ['another setting: the change is decided again, and made', 'completionTimeoutPerGiB', 0, 151],
    ['the same setting: nothing is written over it', 'progressTimeout', 8, 500],
  ] as const)('somebody changes %s', (_, name, code, value) =>
    withLab({ cnv }, async (lab, ferry) => {
      // Between the record and the patch.
      const stop = lab.store.subscribe(({ type, object }) => {
        if (type !== 'ADDED' || object.metadata.name !== 'ferry-settings-history') return;
        // Before the record is answered, and so before the patch.
        queueMicrotask(() => changeHco(lab, (draft) => (live(draft)[name] = 500)));
      });
      const ran = await ferry('settings', 'set', 'progressTimeout=151', '--yes');
      stop();
      expect([ran.code, live(hco(lab)).progressTimeout]).toEqual([code, value]);
      expect(live(hco(lab))[name]).toBe(500);
    }),
  );

  test('an API server that fails is said, and nothing is recorded', () =>
    withLab({ cnv }, async (lab, ferry) => {
      lab.injector.inject({ name: 'api-500', verb: 'patch', resource: 'hyperconvergeds.hco.kubevirt.io' });
      const ran = await ferry('settings', 'set', 'progressTimeout=151', '--yes');
      expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining('etcdserver: request timed out')]);
      expect((await ferry('settings', 'history')).stderr).toContain('Ferry has changed no settings here.');
    }));

  test('who puts the old value back is noticed', () =>
    withLab({ cnv }, async (lab, ferry) => {
      lab.store.subscribe(({ resource, object }) => {
        if (resource !== HCO || live(object).progressTimeout !== 151) return;
        lab.clock.after(1, () => changeHco(lab, (draft) => (live(draft).progressTimeout = 150)));
      });
      const ran = await ferry('settings', 'set', 'progressTimeout=151', '--yes');
      expect([ran.code, ran.stderr]).toEqual([
        5,
        expect.stringContaining('somebody put the old values back (FERRY_E_PUT_BACK)'),
      ]);
    }));
});

describe('set, and KubeVirt', () => {
  test('an operator that does not come round is waited for no longer than --timeout', () =>
    withLab({ cnv: '4.22', speed: 'stopped' }, async (lab, ferry) => {
      const ran = await ferry('settings', 'set', 'progressTimeout=151', '--yes', '--timeout', '50ms');
      expect([ran.code, ran.stderr]).toEqual([6, expect.stringContaining('KubeVirt has not taken it within 0.05 s')]);
      expect((await ferry('settings', 'get', 'progressTimeout')).stderr).toContain(
        'HyperConverged, which puts its own back',
      );
      lab.clock.advanceBy(60_000);
      expect((await ferry('settings', 'get', 'progressTimeout')).stdout).toContain('151');
    }));

  test('what runs keeps its settings, and the network is not changed under it', () =>
    withLab({ cnv: '4.20', scenario: 'hana', speed: 1 }, async (lab, ferry) => {
      const moving = ferry('move', '-n', 'sap', 'hana-qas', '--yes');
      const phase = (): string | undefined =>
        lab.store.list<KubeObject & { status?: { phase?: string } }>('virtualmachineinstancemigrations.kubevirt.io')[0]
          ?.status?.phase;
      lab.clock.drive(5);
      await expect.poll(phase, { timeout: 20_000 }).toBe('Running');
      const set = await ferry(
        'settings',
        'set',
        'progressTimeout=151',
        'parallelMigrationsPerCluster=6',
        '--dry-run=client',
      );
      expect(set.stderr).toContain('1 migration is under way with the settings as they were, and will not notice.');
      expect(set.stderr).toContain('The limits count at once');
      const network = await ferry('settings', 'set', 'network-', '--yes');
      expect([network.code, network.stderr]).toEqual([
        8,
        expect.stringContaining('restarts virt-handler on every node'),
      ]);
      lab.clock.drive('max');
      await moving;
    }));
});

describe('history', () => {
  test('tells what became of a change whose Ferry was killed, and takes it back', () =>
    withLab({ cnv: '4.20' }, async (lab, ferry) => {
      expect((await ferry('settings', 'set', 'progressTimeout=151', '--yes')).code).toBe(0);
      // As a Ferry leaves it that dies after the patch, and one that dies before it.
      const map = structuredClone(
        lab.store.get<KubeObject & { data: Record<string, string> }>('configmaps', CNV, 'ferry-settings-history')!,
      );
      const record = {
        ...(JSON.parse(map.data['change-000001']!) as object),
        outcome: 'pending',
        at: '2026-01-01T00:00:00Z',
      };
      const never = { ...record, id: 2, changes: [{ name: 'progressTimeout', from: 151, to: 152 }] };
      map.data = {
        'change-000001': JSON.stringify(record),
        'change-000002': JSON.stringify(never),
        other: '{',
        'change-000003': 'nonsense',
      };
      delete map.metadata.resourceVersion;
      lab.store.update('configmaps', map);
      const { items } = JSON.parse((await ferry('settings', 'history', '-o', 'json')).stdout) as { items: unknown[] };
      expect(items).toMatchObject([
        { id: 1, outcome: 'applied', now: 'in-force' },
        { id: 2, outcome: 'failed', now: 'taken-back' },
      ]);
      const revert = await ferry('settings', 'revert', '1', '--yes');
      expect([revert.code, revert.stderr]).toEqual([
        0,
        expect.stringContaining('change 2 was left unfinished: Ferry ended before it made the change'),
      ]);
      expect(inForce(lab)['progressTimeout']).toBe(150);
    }));

  test('a value that was changed since is not overwritten by a revert', () =>
    withLab({ cnv: '4.20' }, async (lab, ferry) => {
      await ferry('settings', 'set', 'progressTimeout=151', '--yes');
      changeHco(lab, ({ spec }) => (spec!.liveMigrationConfig!.progressTimeout = 200));
      const revert = await ferry('settings', 'revert', '1', '--yes');
      expect([revert.code, revert.stderr]).toEqual([
        8,
        expect.stringContaining('progressTimeout changed again after change 1'),
      ]);
      expect(hco(lab).spec!.liveMigrationConfig!.progressTimeout).toBe(200);
    }));

  test('set, in whatever order, then revert as often: the cluster is as before', () =>
    withLab({ cnv: '4.22' }, async (lab, ferry) => {
      const setting = fc.oneof(
        fc.integer({ min: 5, max: 60 }).map((value) => `parallelMigrationsPerCluster=${value}`),
        fc.integer({ min: 1, max: 5 }).map((value) => `parallelOutboundMigrationsPerNode=${value}`),
        fc.integer({ min: 1, max: 4096 }).map((value) => `bandwidthPerMigration=${value}Mi`),
        fc.integer({ min: 0, max: 900 }).map((value) => `completionTimeoutPerGiB=${value}`),
        fc.integer({ min: 0, max: 900 }).map((value) => `progressTimeout=${value}`),
        fc.constantFrom('allowAutoConverge=true', 'allowPostCopy=true', 'allowAutoConverge-', 'bandwidthPerMigration-'),
      );
      const before = essence(hco(lab), kubeVirt(lab));
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(setting, { minLength: 1, maxLength: 3, selector: (text) => text.split(/[=-]/)[0]! }),
          async (texts) => {
            let changes = 0;
            for (const text of texts) {
              const ran = await ferry('settings', 'set', text, '--yes');
              expect([text, ran.code, ran.stderr]).toEqual([text, 0, expect.anything()]);
              if (!ran.stderr.includes('Nothing to change')) changes++;
            }
            for (; changes > 0; changes--) expect((await ferry('settings', 'revert', '--yes')).code).toBe(0);
            expect(essence(hco(lab), kubeVirt(lab))).toEqual(before);
          },
        ),
        { numRuns: 8, seed: 5 },
      );
    }));
});

/** The mission's first example, as people copy it. */
const mission = (apiVersion: string, wrap: (config: string) => string): string => `apiVersion: ${apiVersion}
kind: HyperConverged
metadata:
  name: kubevirt-hyperconverged
  namespace: openshift-cnv
spec:
${wrap(`liveMigrationConfig:
  completionTimeoutPerGiB: 800        # Seconds per GiB for migration completion
  parallelMigrationsPerCluster: 5
  parallelOutboundMigrationsPerNode: 2
  progressTimeout: 150
  bandwidthPerMigration: 64Mi
  network: ""`).replaceAll(/^/gm, '  ')}
`;
const plainly = (config: string): string => config;

describe('apply', () => {
  test("the documentation's own HyperConverged gets the findings it deserves", () =>
    withLab({ cnv: '4.22' }, async (lab, ferry) => {
      const ran = await ferry(
        'settings',
        'apply',
        '-f',
        file(mission('hco.kubevirt.io/v1beta1', plainly)),
        '--yes',
        '-o',
        'json',
      );
      expect(ran.code).toBe(0);
      const { findings, changes } = JSON.parse(ran.stdout) as { findings: { check: string }[]; changes: unknown[] };
      expect(findings.map(({ check }) => check)).toEqual([
        'settings/older-version',
        'settings/documented-default',
        'settings/documented-default',
        'settings/empty-network',
        'settings/bandwidth-slow',
      ]);
      expect(changes).toEqual([
        { setting: 'completionTimeoutPerGiB', from: 150, to: 800 },
        { setting: 'bandwidthPerMigration', from: null, to: '64Mi' },
      ]);
      expect(inForce(lab)).toMatchObject({ completionTimeoutPerGiB: 800, bandwidthPerMigration: '64Mi' });
      expect('network' in inForce(lab)).toBe(false);
    }));

  test.each([
    [
      'v1 with the field of v1beta1',
      mission('hco.kubevirt.io/v1', plainly),
      0,
      'is dropped by the API server without a word',
    ],
    [
      'another name',
      mission('hco.kubevirt.io/v1beta1', plainly).replace('name: kubevirt-hyper', 'name: hyper'),
      0,
      'there can be only one',
    ],
    [
      'a part without kind',
      '{"spec":{"liveMigrationConfig":{"completionTimeoutPerGiB":1200,"progressTimeout":300,"bandwidthPerMigration":"32Mi"}}}',
      0,
      'a part of a HyperConverged',
    ],
    [
      'a text for a number',
      mission('hco.kubevirt.io/v1beta1', plainly).replace('Timeout: 150', 'Timeout: "150"'),
      2,
      'without quotes',
    ],
    [
      'a misspelt setting',
      mission('hco.kubevirt.io/v1beta1', plainly).replace('PerGiB', 'PerGib'),
      2,
      'Did you mean completionTimeoutPerGiB?',
    ],
    [
      "KubeVirt's CR",
      'apiVersion: kubevirt.io/v1\nkind: KubeVirt\nspec: {configuration: {migrations: {progressTimeout: 300}}}',
      8,
      'undoes what others write into it',
    ],
    ['something else', 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}', 2, 'a document of kind Secret'],
    ['nothing', '', 2, 'hold no live-migration settings'],
    ['no YAML', 'a: [', 2, 'is no YAML'],
    [
      'a policy of a later version',
      'apiVersion: migrations.kubevirt.io/v1alpha1\nkind: MigrationPolicy\nmetadata: {name: p}\nspec: {progressTimeout: 5, selectors: {}}',
      2,
      'which no policy can set',
    ],
    [
      'a policy without selectors',
      'apiVersion: migrations.kubevirt.io/v1alpha1\nkind: MigrationPolicy\nmetadata: {name: p}\nspec: {allowAutoConverge: true}',
      2,
      'would never match',
    ],
  ])('says what is wrong with %s', (_, text, code, said) =>
    withLab({ cnv: '4.22' }, async (__, ferry) => {
      const ran = await ferry('settings', 'apply', '-f', file(text), '--dry-run=server');
      expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(said)]);
    }),
  );
});

describe('advise', () => {
  test.each(['balanced', 'drain-fast', 'gentle', 'large-vms'])(
    'for %s is what apply takes, and then there is no more to advise',
    (goal) =>
      withLab({ cnv: '4.20' }, async (lab, ferry) => {
        changeHco(lab, ({ spec }) =>
          Object.assign(spec!.liveMigrationConfig!, { bandwidthPerMigration: '16Mi', completionTimeoutPerGiB: 3000 }),
        );
        await expect.poll(() => inForce(lab)['bandwidthPerMigration']).toBe('16Mi');
        const before = essence(hco(lab), kubeVirt(lab));
        const advice = await ferry('settings', 'advise', '--goal', goal, '-o', 'yaml');
        expect(advice.code).toBe(1);
        const first = parse(advice.stdout) as {
          recommendations: { setting: string }[];
          policies: { manifest: MigrationPolicy }[];
        };
        expect(first.recommendations.map(({ setting }) => setting)).toEqual(
          expect.arrayContaining(['bandwidthPerMigration', 'completionTimeoutPerGiB']),
        );
        expect((await ferry('settings', 'apply', '-f', file(advice.stdout), '--yes')).code).toBe(0);
        const second = parse((await ferry('settings', 'advise', '--goal', goal, '-o', 'yaml')).stdout) as typeof first;
        expect([second.recommendations, second.policies]).toEqual([[], []]);
        for (let left = 1 + first.policies.length; left > 0; left--)
          expect((await ferry('settings', 'revert', '--yes')).code).toBe(0);
        expect(essence(hco(lab), kubeVirt(lab))).toEqual(before);
        expect(lab.store.list('migrationpolicies.migrations.kubevirt.io')).toEqual([]);
      }),
  );

  test('is the same for the same snapshot, and rendered as it should be', () =>
    withLab({ cnv: '4.20', speed: 'stopped', startTime: Date.parse('2026-05-04T10:00:00Z') }, async (_, ferry) => {
      const snapshot = file((await ferry('snapshot', '-A')).stdout);
      const [first, second] = [
        await ferry('settings', 'advise', '--snapshot', snapshot),
        await ferry('settings', 'advise', '--snapshot', snapshot),
      ];
      expect(second).toEqual(first);
      await expect(first.stdout).toMatchFileSnapshot(join(import.meta.dirname, 'golden/settings/advise.txt'));
      const gentle = await ferry('settings', 'advise', '--snapshot', snapshot, '--goal', 'gentle');
      await expect(gentle.stdout).toMatchFileSnapshot(join(import.meta.dirname, 'golden/settings/advise-gentle.txt'));
      await expect((await ferry('settings', 'get', '--snapshot', snapshot)).stdout).toMatchFileSnapshot(
        join(import.meta.dirname, 'golden/settings/get.txt'),
      );
      await expect((await ferry('settings', 'get', '--snapshot', snapshot, '-o', 'wide')).stdout).toMatchFileSnapshot(
        join(import.meta.dirname, 'golden/settings/get-wide.txt'),
      );
      await expect((await ferry('settings', 'get', '--snapshot', snapshot, '--explain')).stdout).toMatchFileSnapshot(
        join(import.meta.dirname, 'golden/settings/get-explain.txt'),
      );
      const vm = await ferry('settings', 'get', '--snapshot', snapshot, '--for', 'shop/session-cache', '-o', 'json');
      expect(JSON.parse(vm.stdout)).toMatchObject({ vm: { namespace: 'shop', name: 'session-cache' }, policy: null });
    }));

  test('what an upgrade left behind is a finding', () =>
    withLab({ cnv: '4.20' }, async (lab, ferry) => {
      changeHco(lab, ({ spec }) => (spec!.liveMigrationConfig!.completionTimeoutPerGiB = 800));
      await expect.poll(() => inForce(lab)['completionTimeoutPerGiB']).toBe(800);
      const get = await ferry('settings', 'get');
      expect(get.stderr).toContain('completionTimeoutPerGiB is 800, the default of OpenShift Virtualization 4.17');
      expect((await ferry('settings', 'advise')).stdout).toContain('[settings/left-over]');
    }));

  test('what the documentation recommends for a single problem VM is a policy, which then is in force for that VM alone', () =>
    withLab({ cnv: '4.20' }, async (lab, ferry) => {
      const advice = await ferry('settings', 'advise', '-o', 'yaml');
      expect((await ferry('settings', 'apply', '-f', file(advice.stdout), '--yes')).code).toBe(0);
      const [policy] = lab.store.list<MigrationPolicy>('migrationpolicies.migrations.kubevirt.io');
      expect(policy?.metadata.name).toBe('ferry-shop-session-cache');
      const vm = await ferry('settings', 'get', 'allowAutoConverge', '--for', 'vm/session-cache', '-n', 'shop');
      expect([vm.stdout, vm.stderr]).toEqual([
        expect.stringMatching(/allowAutoConverge +true +MigrationPolicy/),
        expect.stringContaining('is the only one that matches'),
      ]);
      const other = await ferry('settings', 'get', 'allowAutoConverge', '--for', 'vm/orders-db', '-n', 'shop');
      expect([other.stdout, other.stderr]).toEqual([
        expect.stringMatching(/allowAutoConverge +false/),
        expect.stringContaining('does not match: it asks for app=cache'),
      ]);
    }));
});

test('set by hand through kubernetes-mcp-server as the mission does, the settings are the same', async () => {
  const wanted = { parallelMigrationsPerCluster: 8, parallelOutboundMigrationsPerNode: 3, progressTimeout: 200 };
  const mine = await withLab({}, async (lab, ferry) => {
    const flags = Object.entries(wanted).map(([name, value]) => `${name}=${value}`);
    expect((await ferry('settings', 'set', ...flags, '--yes')).code).toBe(0);
    return [hco(lab).spec, inForce(lab)];
  });
  const theirs = await withLab({}, async (lab) => {
    const kubeconfig = file(lab.kubeconfig);
    const mcp = new McpClient(
      'node_modules/.bin/kubernetes-mcp-server',
      ['--kubeconfig', kubeconfig, '--toolsets', 'core,config'],
      { PATH: process.env['PATH'], HOME: folder },
    );
    try {
      await mcp.initialize();
      const { isError } = await mcp.call('resources_create_or_update', {
        resource: JSON.stringify({
          apiVersion: 'hco.kubevirt.io/v1beta1',
          kind: 'HyperConverged',
          metadata: { name: 'kubevirt-hyperconverged', namespace: CNV },
          spec: { liveMigrationConfig: wanted },
        }),
      });
      expect(isError).toBe(false);
      await expect.poll(() => inForce(lab)['progressTimeout'], { timeout: 30_000 }).toBe(wanted.progressTimeout);
    } finally {
      mcp.close();
    }
    return [hco(lab).spec, inForce(lab)];
  });
  expect(mine).toEqual(theirs);
});
