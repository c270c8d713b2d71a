import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../src/cli/testing/run.ts';
import { connect } from '../src/kube/connect.ts';
import { realTiming } from '../src/kube/timing.ts';
import { type Lab, type LabOptions, startLab } from '../src/lab/lab.ts';
import type { HyperConverged, KubeObject, KubeVirt, MigrationPolicy } from '../src/model/objects.ts';
import { type Answered, type Era, type Ferry, ferryMcp, type Transport, ways } from './mcp-ferry.ts';

// The live-migration settings through the MCP server: read, advised, changed in two steps, and taken back.

const HCO = 'hyperconvergeds.hco.kubevirt.io';
const CNV = 'openshift-cnv';
const CHANGE = 'migration_settings_change';

const hco = (lab: Lab): HyperConverged => lab.store.get<HyperConverged>(HCO, CNV, 'kubevirt-hyperconverged')!;
const kubeVirt = (lab: Lab): KubeVirt => lab.store.list<KubeVirt>('kubevirts.kubevirt.io')[0]!;
const policies = (lab: Lab): MigrationPolicy[] => lab.store.list('migrationpolicies.migrations.kubevirt.io');
const inForce = (lab: Lab): Record<string, unknown> =>
  (kubeVirt(lab).spec?.configuration?.migrations ?? {}) as Record<string, unknown>;

/** Objects but for what every write changes. */
function essence(lab: Lab): unknown {
  return [hco(lab), kubeVirt(lab)].map((object) => {
    const { resourceVersion: _r, generation: _g, managedFields: _m, ...metadata } = object.metadata;
    const { status: _s, ...rest } = object as KubeObject & { status?: unknown };
    return { ...rest, metadata };
  });
}

function changeHco(lab: Lab, values: Record<string, unknown>): void {
  const draft = structuredClone(hco(lab));
  Object.assign(draft.spec!.liveMigrationConfig!, values);
  delete draft.metadata.resourceVersion;
  lab.store.update(HCO, draft);
}

async function withLab<T>(options: LabOptions, use: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await startLab({ scenario: 'small', speed: 100, seed: 'mcp-settings', cnv: '4.20', ...options });
  try {
    const result = await use(lab);
    expect(lab.faults).toEqual([]);
    return result;
  } finally {
    await lab.stop();
  }
}

async function withFerry<T>(
  lab: Pick<Lab, 'kubeconfig'>,
  [transport, era]: [Transport, Era],
  use: (ferry: Ferry) => Promise<T>,
): Promise<T> {
  const ferry = await ferryMcp(lab.kubeconfig, transport, era, { allowWrites: true });
  try {
    return await use(ferry);
  } finally {
    await ferry.close();
  }
}

const HTTP: [Transport, Era] = ['http', 'modern'];

/** Proposes, and carries out what was proposed. */
async function change({ call }: Ferry, args: Record<string, unknown>): Promise<{ proposal: Answered; done: Answered }> {
  const proposal = await call(CHANGE, args);
  expect([proposal.isError, proposal.text]).toEqual([false, expect.anything()]);
  const { id, hash } = proposal.structured;
  return { proposal, done: await call('apply_proposal', { id, hash, wait_seconds: 100 }) };
}

async function settingOf({ call }: Ferry, name: string, more: object = {}): Promise<Record<string, unknown>> {
  const { structured } = await call('migration_settings', { names: [name], ...more });
  return structured.settings[0];
}

describe.each(ways)('over %s, era %s', (transport, era) => {
  test('a change is proposed, applied, seen, and taken back', () =>
    withLab({}, async (lab) => {
      await withFerry(lab, [transport, era], async (ferry) => {
        const before = essence(lab);
        const { proposal, done } = await (async () => {
          const proposal = await ferry.call(CHANGE, {
            set: { progress_timeout: '300', bandwidthPerMigration: '512Mi' },
          });
          // Nothing has happened yet, not even in the history.
          expect(essence(lab)).toEqual(before);
          expect(lab.store.get('configmaps', CNV, 'ferry-settings-history')).toBeUndefined();
          const { id, hash } = proposal.structured;
          return { proposal, done: await ferry.call('apply_proposal', { id, hash, wait_seconds: 100 }) };
        })();
        expect(proposal.structured).toMatchObject({
          summary:
            'Set progressTimeout (150 -> 300), bandwidthPerMigration ((not set) -> 512Mi) in HyperConverged openshift-cnv/kubevirt-hyperconverged.',
          changes: [
            {
              verb: 'patch',
              object: { kind: 'HyperConverged', namespace: CNV, name: 'kubevirt-hyperconverged' },
              fields: [
                { path: '.spec.liveMigrationConfig.progressTimeout', from: 150, to: 300 },
                { path: '.spec.liveMigrationConfig.bandwidthPerMigration', from: null, to: '512Mi' },
              ],
            },
          ],
          effect: expect.arrayContaining([
            expect.stringMatching(/^Emptying worker-\d \(\d+ VMs\): .+ now, .+ then\.$/),
            expect.stringContaining('recorded in ConfigMap openshift-cnv/ferry-settings-history'),
          ]),
        });
        expect(proposal.text).toContain('.spec.liveMigrationConfig.progressTimeout: 150 -> 300');
        expect(done.structured).toMatchObject({
          state: 'done',
          exit: 0,
          details: { result: 'taken', changes: [{ id: 1 }] },
          summary: expect.stringMatching(/KubeVirt has taken it \(change 1\)\. To take it back: revert 1/),
        });
        expect(await settingOf(ferry, 'progressTimeout')).toMatchObject({ value: 300, source: 'HyperConverged' });
        expect(inForce(lab)).toMatchObject({ progressTimeout: 300, bandwidthPerMigration: '512Mi' });

        const { structured, text } = await ferry.call('migration_settings', { history: true });
        expect(structured.history).toMatchObject([{ id: 1, outcome: 'applied', now: 'in-force', by: 'admin' }]);
        expect(text).toContain('progressTimeout: 150 -> 300');

        const back = await change(ferry, { revert: true });
        expect(back.proposal.structured.summary).toMatch(/^Take change 1 back: set progressTimeout \(300 -> 150\)/);
        expect(back.done.structured).toMatchObject({ state: 'done', exit: 0 });
        expect(essence(lab)).toEqual(before);
        const again = await ferry.call(CHANGE, { revert: 1 });
        expect([again.isError, again.text]).toEqual([true, expect.stringContaining('is taken back already')]);
      });
    }));
});

describe('on one lab', () => {
  let lab: Lab;
  let ferry: Ferry;

  beforeAll(async () => {
    lab = await startLab({ scenario: 'small', speed: 100, seed: 'mcp-settings', cnv: '4.20' });
    ferry = await ferryMcp(lab.kubeconfig, ...HTTP, { allowWrites: true });
  });
  afterAll(async () => {
    await ferry.close();
    expect(lab.faults).toEqual([]);
    await lab.stop();
  });

  test('everything in force is told with where it comes from and what it really does, as text and as data', async () => {
    const { structured, text } = await ferry.call('migration_settings');
    expect(structured.total).toBe(structured.settings.length);
    for (const { name, how, does, remarks } of structured.settings) {
      expect(text).toContain(`${name}: `);
      for (const line of [how, does, ...remarks]) expect(text).toContain(line);
    }
    expect(structured.settings[0]).toMatchObject({
      name: 'parallelMigrationsPerCluster',
      value: 5,
      source: 'HyperConverged',
      field: '.spec.liveMigrationConfig.parallelMigrationsPerCluster',
      default: 5,
    });
    const page = await ferry.call('migration_settings', { limit: 2, offset: 1 });
    expect(page.structured).toMatchObject({ settings: [{}, { name: 'bandwidthPerMigration' }], next: 3 });
  });

  test('advice is told with reasons, effects and policies, and names what it rests on', async () => {
    const { structured, text } = await ferry.call('migration_settings', { goal: 'gentle' });
    const { advice, vms } = structured;
    expect(advice.recommendations.length).toBeGreaterThan(0);
    expect(advice).toMatchObject({ goal: 'gentle', effects: { before: { drain: {} }, after: { drain: {} } } });
    for (const { setting, reason, risk } of advice.recommendations)
      for (const said of [`${setting}: `, reason, risk]) expect(text).toContain(said);
    for (const { vm } of vms) expect(text).toContain(vm);
    for (const line of advice.basis) expect(text).toContain(line);
    const few = await ferry.call('migration_settings', { goal: 'gentle', limit: 1, offset: 5000 });
    expect(few.structured.vms).toEqual([]);
  });

  test.each<[string, string, Record<string, unknown>, string]>([
    ['a setting that is misspelt', CHANGE, { set: { progresTimeout: 300 } }, 'Did you mean: progressTimeout.'],
    ['a setting beside set', CHANGE, { progressTimeout: 300 }, 'use "set": {"progressTimeout": ...}'],
    ['an unknown argument', CHANGE, { sets: {} }, 'did you mean "set"?'],
    ['nothing', CHANGE, {}, 'nothing was given to change'],
    ['nothing to set', CHANGE, { set: {} }, 'nothing was given to change'],
    ['two ways at once', CHANGE, { set: { progressTimeout: 1 }, revert: true }, 'more than one way'],
    ['a text for a number', CHANGE, { set: { progressTimeout: 'long' } }, 'It must be a whole number (s).'],
    ['a list for a value', CHANGE, { set: { progressTimeout: [300] } }, 'progressTimeout cannot be [300]'],
    ['a setting twice', CHANGE, { set: { progressTimeout: 1, progress_timeout: 2 } }, 'is given twice'],
    ['a value that would not work', CHANGE, { set: { parallelMigrationsPerCluster: 0 } }, 'no VM can migrate at all'],
    ['a value without a unit', CHANGE, { set: { bandwidthPerMigration: 64 } }, 'did you mean 64Mi?'],
    ['what HyperConverged has no field for', CHANGE, { set: { disableTLS: true } }, 'HyperConverged has no field'],
    ['what is so already', CHANGE, { set: { progressTimeout: 150 } }, 'there is nothing to change'],
    ['a change that is not there', CHANGE, { revert: 99 }, 'there is no change 99'],
    ['revert: false', CHANGE, { revert: false }, 'revert: '],
    ['a Secret', CHANGE, { documents: 'kind: Secret' }, 'a document of kind Secret'],
    ['no YAML', CHANGE, { documents: 'a: [' }, 'documents is no YAML'],
    ['a document that is none', CHANGE, { documents: [7] }, 'a document is no object'],
    [
      'a setting that is not there',
      'migration_settings',
      { names: ['timeout'] },
      'Did you mean: completionTimeoutPerGiB',
    ],
    ['a VM that is not there', 'migration_settings', { vm: 'nobody' }, 'there is no VM nobody'],
    ['a VM and a goal', 'migration_settings', { vm: 'ledger-app', goal: 'gentle' }, 'Give one of them.'],
    ['a goal that is none', 'migration_settings', { goal: 'fast' }, 'goal: '],
  ])('%s is refused in words, and nothing is written', async (_, tool, args, said) => {
    const before = essence(lab);
    const { isError, text } = await ferry.call(tool, args);
    expect([isError, text]).toEqual([true, expect.stringContaining(said)]);
    expect(essence(lab)).toEqual(before);
  });

  test('a wrong hash, and a cluster that has changed since, are refused; nothing is written over it', async () => {
    const { structured: proposal } = await ferry.call(CHANGE, { set: { progressTimeout: 222 } });
    const wrong = await ferry.call('apply_proposal', { id: proposal.id, hash: 'f'.repeat(64) });
    expect([wrong.isError, wrong.text]).toEqual([true, expect.stringContaining('FERRY_E_UNCONFIRMED')]);
    // Another setting of the same object is no reason; the same is.
    changeHco(lab, { progressTimeout: 160 });
    const stale = await ferry.call('apply_proposal', { id: proposal.id, hash: proposal.hash });
    expect([stale.isError, stale.text]).toEqual([true, expect.stringContaining('FERRY_E_STALE')]);
    expect(stale.text).toContain('progressTimeout was 150 -> 222, is 160 -> 222');
    expect(hco(lab).spec?.liveMigrationConfig?.progressTimeout).toBe(160);
    changeHco(lab, { progressTimeout: 150 });
    await expect.poll(() => inForce(lab)['progressTimeout']).toBe(150);
  });

  test('somebody who changes another setting of the same object is not in the way', async () => {
    const { structured: proposal } = await ferry.call(CHANGE, { set: { progressTimeout: 222 } });
    changeHco(lab, { completionTimeoutPerGiB: 170 });
    const { structured } = await ferry.call('apply_proposal', {
      id: proposal.id,
      hash: proposal.hash,
      wait_seconds: 100,
    });
    expect(structured).toMatchObject({ state: 'done', exit: 0 });
    expect(hco(lab).spec?.liveMigrationConfig).toMatchObject({ progressTimeout: 222, completionTimeoutPerGiB: 170 });
    await change(ferry, { revert: true });
    changeHco(lab, { completionTimeoutPerGiB: 150 });
    await expect.poll(() => inForce(lab)['completionTimeoutPerGiB']).toBe(150);
  });

  test('a MigrationPolicy is created, shown for its VM, and taken back', async () => {
    const policy = {
      apiVersion: 'migrations.kubevirt.io/v1alpha1',
      kind: 'MigrationPolicy',
      metadata: { name: 'caches' },
      spec: { allowAutoConverge: true, selectors: { virtualMachineInstanceSelector: { app: 'cache' } } },
    };
    const { proposal, done } = await change(ferry, { documents: [policy] });
    expect(proposal.structured).toMatchObject({
      summary: 'Create MigrationPolicy caches.',
      changes: [{ verb: 'create', object: { kind: 'MigrationPolicy', name: 'caches' } }],
    });
    expect(done.structured).toMatchObject({
      exit: 0,
      summary: expect.stringContaining('Created MigrationPolicy caches'),
    });
    const args = { vm: 'session-cache', namespace: 'shop' };
    expect(await settingOf(ferry, 'allowAutoConverge', args)).toMatchObject({ value: true, source: 'MigrationPolicy' });
    const { structured, text } = await ferry.call('migration_settings', args);
    expect(structured.vm).toMatchObject({
      policy: 'caches',
      why: [expect.stringContaining('only one'), expect.anything()],
    });
    for (const line of structured.vm.why) expect(text).toContain(line);
    const back = await change(ferry, { revert: true });
    expect(back.proposal.structured.changes).toMatchObject([{ verb: 'delete', object: { name: 'caches' } }]);
    expect(back.done.structured.exit).toBe(0);
    expect(policies(lab)).toEqual([]);
  });

  test("the mission's own settings, as it writes them, are understood and corrected", async () => {
    const before = essence(lab);
    const mission = `apiVersion: hco.kubevirt.io/v1beta1
kind: HyperConverged
metadata:
  name: kubevirt-hyperconverged
  namespace: openshift-cnv
spec:
  liveMigrationConfig:
    completionTimeoutPerGiB: 800
    parallelMigrationsPerCluster: 5
    parallelOutboundMigrationsPerNode: 2
    progressTimeout: 150
    bandwidthPerMigration: 64Mi
    network: ""
`;
    const { proposal, done } = await change(ferry, { documents: mission });
    expect(proposal.structured.changes[0].fields).toEqual([
      { path: '.spec.liveMigrationConfig.completionTimeoutPerGiB', from: 150, to: 800 },
      { path: '.spec.liveMigrationConfig.bandwidthPerMigration', from: null, to: '64Mi' },
    ]);
    expect(proposal.structured.findings.map(({ check }: { check: string }) => check)).toEqual([
      'settings/documented-default',
      'settings/documented-default',
      'settings/empty-network',
      'settings/bandwidth-slow',
    ]);
    expect(done.structured.exit).toBe(0);
    expect(inForce(lab)).toMatchObject({ completionTimeoutPerGiB: 800, bandwidthPerMigration: '64Mi' });
    await change(ferry, { revert: true });
    // Its fragments without kind, which it puts in place of the whole object.
    const part = { spec: { liveMigrationConfig: { completionTimeoutPerGiB: 1200, progressTimeout: 300 } } };
    const second = await change(ferry, { documents: [part] });
    expect(second.done.structured.exit).toBe(0);
    expect(inForce(lab)).toMatchObject({ completionTimeoutPerGiB: 1200, progressTimeout: 300 });
    await change(ferry, { revert: true });
    expect(essence(lab)).toEqual(before);
  });

  test('what is proposed, applied and reverted leaves the objects as they were', async () => {
    const before = essence(lab);
    const set = fc
      .record(
        {
          parallelMigrationsPerCluster: fc.integer({ min: 5, max: 60 }),
          parallelOutboundMigrationsPerNode: fc.integer({ min: 1, max: 5 }),
          bandwidthPerMigration: fc.oneof(
            fc.integer({ min: 1, max: 4096 }).map((value) => `${value}Mi`),
            fc.constant(null),
          ),
          completionTimeoutPerGiB: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.constant(null)),
          progressTimeout: fc.integer({ min: 1, max: 900 }),
          allowAutoConverge: fc.boolean(),
          allowPostCopy: fc.boolean(),
        },
        { requiredKeys: [] },
      )
      .filter((record) => Object.keys(record).length > 0);
    await fc.assert(
      fc.asyncProperty(set, async (values) => {
        const proposal = await ferry.call(CHANGE, { set: values });
        if (proposal.isError) {
          expect(proposal.text).toContain('there is nothing to change');
          return;
        }
        const { id, hash, changes } = proposal.structured;
        const done = await ferry.call('apply_proposal', { id, hash, wait_seconds: 100 });
        expect([done.text, done.structured.exit]).toEqual([expect.anything(), 0]);
        for (const { path, to } of changes[0].fields) {
          const found = (hco(lab).spec?.liveMigrationConfig ?? {}) as Record<string, unknown>;
          expect(found[path.split('.').at(-1)] ?? null).toEqual(to);
        }
        expect((await change(ferry, { revert: true })).done.structured.exit).toBe(0);
        expect(essence(lab)).toEqual(before);
      }),
      { numRuns: 12, seed: 3 },
    );
  });
});

test('the advice for a goal is applied as it was shown, and then there is no more to advise', () =>
  withLab({}, async (lab) => {
    changeHco(lab, { bandwidthPerMigration: '16Mi', completionTimeoutPerGiB: 3000 });
    await expect.poll(() => inForce(lab)['bandwidthPerMigration']).toBe('16Mi');
    const before = essence(lab);
    await withFerry(lab, HTTP, async (ferry) => {
      const { structured } = await ferry.call('migration_settings', { goal: 'balanced' });
      const { proposal, done } = await change(ferry, { advice: 'balanced' });
      const fields = proposal.structured.changes[0].fields as { path: string; to: unknown }[];
      expect(fields.map(({ path, to }) => [path.split('.').at(-1), to])).toEqual(
        structured.advice.recommendations.map((each: { setting: string; recommended: unknown }) => [
          each.setting,
          each.recommended,
        ]),
      );
      expect(done.structured.exit).toBe(0);
      expect(policies(lab).length).toBeGreaterThan(0);
      const none = await ferry.call(CHANGE, { advice: 'balanced' });
      expect([none.isError, none.text]).toEqual([true, expect.stringContaining('no setting should change')]);
      for (const _ of done.structured.details.changes) await change(ferry, { revert: true });
      expect([policies(lab), essence(lab)]).toEqual([[], before]);
    });
  }));

test('who puts the old values back is told with exit 5', () =>
  withLab({}, async (lab) => {
    lab.store.subscribe(({ resource }) => {
      if (resource !== HCO || hco(lab).spec?.liveMigrationConfig?.progressTimeout !== 151) return;
      lab.clock.after(1, () => changeHco(lab, { progressTimeout: 150 }));
    });
    await withFerry(lab, HTTP, async (ferry) => {
      const { done } = await change(ferry, { set: { progressTimeout: 151 } });
      expect([done.isError, done.structured]).toMatchObject([true, { exit: 5, details: { result: 'put-back' } }]);
      expect(done.text).toMatch(/somebody put the old values back\. .*GitOps/);
    });
  }));

test('settings that are changed while their policy cannot be created are told as done in part, and can be taken back', () =>
  withLab({}, async (lab) => {
    const before = essence(lab);
    await withFerry(lab, HTTP, async (ferry) => {
      const policy = {
        apiVersion: 'migrations.kubevirt.io/v1alpha1',
        kind: 'MigrationPolicy',
        metadata: { name: 'caches' },
        spec: { allowAutoConverge: true, selectors: { virtualMachineInstanceSelector: { app: 'cache' } } },
      };
      const part = { spec: { liveMigrationConfig: { progressTimeout: 151 } } };
      // From when the settings are written: the dry runs have passed by then.
      const stop = lab.store.subscribe(({ resource }) => {
        if (resource !== HCO) return;
        stop();
        lab.injector.inject({ name: 'api-500', verb: 'create', resource: 'migrationpolicies.migrations.kubevirt.io' });
      });
      const { proposal, done } = await change(ferry, { documents: [part, policy] });
      expect(proposal.structured.summary).toContain('then create MigrationPolicy caches.');
      expect([done.isError, done.structured]).toMatchObject([true, { exit: 3, details: { changes: [{ id: 1 }] } }]);
      expect(done.text).toMatch(/taken it \(change 1\)\. The rest was not done: .*To take it back: revert 1/);
      expect([policies(lab), inForce(lab)]).toMatchObject([[], { progressTimeout: 151 }]);
      const back = await change(ferry, { revert: 1 });
      expect([back.done.structured.exit, essence(lab)]).toEqual([0, before]);
    });
  }));

test('a user without the rights is told the rules that are missing, and nothing is written', () =>
  withLab({}, async (lab) => {
    const admin = await connect({ kubeconfig: fileOf(lab.kubeconfig) }, realTiming);
    const post = (path: string, body: object) => admin.raw('POST', path, { body });
    const { text } = await post('/lab/v1/users', { name: 'reader', roles: [] });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rule = (apiGroup: string, ...resources: string[]) => ({
      apiGroups: [apiGroup],
      resources,
      verbs: ['list', 'get'],
    });
    const rules = [
      rule('kubevirt.io', 'kubevirts', 'virtualmachines', 'virtualmachineinstances'),
      rule('hco.kubevirt.io', 'hyperconvergeds'),
      rule('', 'configmaps'),
    ];
    await post(`${rbac}/clusterroles`, { metadata: { name: 'reading' }, rules });
    await post(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'reading' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reading' },
      subjects: [{ kind: 'User', name: 'reader' }],
    });
    admin.close();
    const before = essence(lab);
    await withFerry(JSON.parse(text) as { kubeconfig: string }, HTTP, async ({ call }) => {
      expect((await call('migration_settings')).isError).toBe(false);
      const { isError, text } = await call(CHANGE, { set: { progressTimeout: 151 } });
      expect([isError, text]).toEqual([true, expect.stringContaining('FERRY_E_FORBIDDEN')]);
      expect(text).toContain(
        'you may not patch hyperconvergeds.hco.kubevirt.io; create, patch configmaps in the whole cluster',
      );
    });
    expect(essence(lab)).toEqual(before);
  }));

const folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function fileOf(text: string): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

describe('at the terminal', () => {
  test.each<[string, string[], (lab: Lab) => void]>([
    ['the setting', ['set', 'progressTimeout=300'], (lab) => changeHco(lab, { progressTimeout: 200 })],
    [
      'the owner of the settings',
      ['set', 'progressTimeout=300'],
      (lab) => {
        const { resourceVersion: _, uid: __, ...metadata } = hco(lab).metadata;
        const again = { ...structuredClone(hco(lab)), metadata };
        lab.store.delete(HCO, CNV, 'kubevirt-hyperconverged');
        lab.store.create(HCO, again);
      },
    ],
  ])('%s changes between question and answer: it is stale, and nothing is written', (_, argv, between) =>
    withLab({}, async (lab) => {
      const env = { KUBECONFIG: fileOf(lab.kubeconfig), HOME: folder };
      let asked = false;
      const ran = await run(['settings', ...argv], {
        env,
        tty: true,
        stdin: 'y\n',
        onOutput: (text) => {
          if (asked || !text.includes('[y/N]')) return;
          asked = true;
          between(lab);
        },
      });
      expect([asked, ran.code, ran.stderr]).toEqual([true, 8, expect.stringContaining('FERRY_E_STALE')]);
      expect(hco(lab).spec?.liveMigrationConfig?.progressTimeout).not.toBe(300);
      expect(lab.store.get('configmaps', CNV, 'ferry-settings-history')).toBeUndefined();
    }),
  );

  test('it is shown what is predicted, and a yes does it', () =>
    withLab({}, async (lab) => {
      const env = { KUBECONFIG: fileOf(lab.kubeconfig), HOME: folder };
      const ran = await run(['settings', 'set', 'bandwidthPerMigration=64Mi'], { env, tty: true, stdin: 'y\n' });
      expect([ran.code, ran.stderr]).toEqual([
        0,
        expect.stringMatching(/Emptying worker-\d \(\d+ VMs\): .* now, .* then/),
      ]);
      expect(inForce(lab)).toMatchObject({ bandwidthPerMigration: '64Mi' });
    }));
});
