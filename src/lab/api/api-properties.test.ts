import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import { startTestServer, type TestServer } from './testing.ts';

// Random requests to the API, against a model that is as simple as can be: a map of objects, a list of all changes, and
// who wrote which annotation last. PROPERTY_RUNS=1000 looks longer.

const NUM_RUNS = Number(process.env['PROPERTY_RUNS'] ?? 25);
const PATH = '/apis/migrations.kubevirt.io/v1alpha1/migrationpolicies';
const RESOURCE = 'migrationpolicies.migrations.kubevirt.io';
const FINALIZER = 'example.com/wait';
const NAMES = ['a', 'b', 'c'];
const KEYS = ['x', 'y', 'z'];
const VALUES = ['1', '2'];
const APPS = ['red', 'blue'];

type Annotations = Record<string, string>;

interface Modelled {
  annotations: Annotations;
  app: string;
  finalizer: boolean;
  deleting: boolean;
  generation: number;
  version: number;
  uid: string;
  /** Who owns each annotation: `manager operation`. */
  owners: Map<string, Set<string>>;
  /** Who has applied it: that alone is a change. */
  appliers: Set<string>;
}

interface Change {
  version: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  name: string;
  app: string;
  before: string | undefined;
}

interface Model {
  objects: Map<string, Modelled>;
  changes: Change[];
  version: number;
  compacted: number;
  watches: { expected: (changes: Change[]) => string[]; begun: Promise<Awaited<ReturnType<TestServer['watch']>>> }[];
}

type Real = TestServer;
type Command = fc.AsyncCommand<Model, Real>;

const copyOf = (object: Modelled): Modelled => structuredClone(object);

function changed(model: Model, name: string, before: Modelled | undefined, after: Modelled | undefined): void {
  model.version++;
  const type = before === undefined ? 'ADDED' : after === undefined ? 'DELETED' : 'MODIFIED';
  const app = (after ?? before)!.app;
  model.changes.push({ version: model.version, type, name, app, before: before?.app });
  if (after === undefined) model.objects.delete(name);
  else model.objects.set(name, { ...after, version: model.version });
}

/** A plain write: the writer owns what it changed, nobody owns what went. */
function own(object: Modelled, wanted: Annotations, manager: string): void {
  for (const [key, value] of Object.entries(wanted)) {
    if (object.annotations[key] !== value) object.owners.set(key, new Set([manager]));
  }
  for (const key of Object.keys(object.annotations)) if (!(key in wanted)) object.owners.delete(key);
  object.annotations = { ...wanted };
}

const sameAs = (a: Modelled, b: Modelled): boolean =>
  JSON.stringify([Object.entries(a.annotations).map(String).sort(), a.app, a.finalizer, a.deleting]) ===
  JSON.stringify([Object.entries(b.annotations).map(String).sort(), b.app, b.finalizer, b.deleting]);

/** Owners of annotations, as managedFields tell them. */
function ownersIn(object: KubeObject): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { manager, operation, fieldsV1 } of object.metadata.managedFields ?? []) {
    const fields = fieldsV1 as { 'f:metadata'?: { 'f:annotations'?: object } };
    for (const element of Object.keys(fields['f:metadata']?.['f:annotations'] ?? {})) {
      if (element !== '.') (found[element.slice(2)] ??= []).push(`${manager} ${operation}`);
    }
  }
  for (const managers of Object.values(found)) managers.sort();
  return found;
}

async function matches(model: Model, real: Real, name: string): Promise<void> {
  expect(real.store.version, 'the version counts changes').toBe(model.version);
  const { status, body } = await real.send('GET', `${PATH}/${name}`);
  const wanted = model.objects.get(name);
  expect(status).toBe(wanted === undefined ? 404 : 200);
  if (wanted === undefined) return;
  const { metadata } = body;
  expect(metadata.resourceVersion).toBe(String(wanted.version));
  expect(metadata.annotations ?? {}).toEqual(wanted.annotations);
  expect(metadata.labels?.['app'] ?? '').toBe(wanted.app);
  expect(metadata.finalizers ?? []).toEqual(wanted.finalizer ? [FINALIZER] : []);
  expect(metadata.deletionTimestamp !== undefined).toBe(wanted.deleting);
  expect(metadata.generation).toBe(wanted.generation);
  const owners = [...wanted.owners].map(([key, managers]) => [key, [...managers].sort()]);
  expect(ownersIn(body)).toEqual(Object.fromEntries(owners));
}

/** Takes the change if it is one; an object in deletion goes with its finalizer. */
function store(model: Model, name: string, before: Modelled, after: Modelled): void {
  if (sameAs(before, after)) {
    // Nothing but who owns what may have changed, which is a change, too.
    const owners = (object: Modelled): string =>
      JSON.stringify([
        [...object.appliers].sort(),
        [...object.owners].map(([key, set]) => `${key} ${[...set].sort().join()}`).sort(),
      ]);
    if (owners(before) === owners(after)) return;
  }
  changed(model, name, before, after.deleting && !after.finalizer ? undefined : after);
}

const bodyOf = (name: string, app: string, annotations: Annotations, more: object = {}): object => ({
  apiVersion: 'migrations.kubevirt.io/v1alpha1',
  kind: 'MigrationPolicy',
  metadata: { name, labels: { app, fixed: 'yes' }, annotations, ...more },
  spec: { selectors: {} },
});

/** A resourceVersion to write with: none, the stored one, or one that is not it any more. */
type Basis = 'none' | 'current' | 'stale';

const versionOf = (basis: Basis, object: Modelled | undefined): { resourceVersion?: string } =>
  basis === 'none' ? {} : { resourceVersion: String((object?.version ?? 1000) - (basis === 'stale' ? 1 : 0)) };

const command = (label: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  run,
  toString: () => label,
});

const name = fc.constantFrom(...NAMES);
const app = fc.constantFrom(...APPS);
const annotations = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { maxKeys: 3 });
const basis = fc.constantFrom<Basis>('none', 'current', 'stale');
const manager = fc.constantFrom('one', 'two');

const created = fc.record({ name, app, annotations, finalizer: fc.boolean() }).map((how) =>
  command(`create ${JSON.stringify(how)}`, async (model, real) => {
    const finalizers = how.finalizer ? { finalizers: [FINALIZER] } : {};
    const path = `${PATH}?fieldManager=maker`;
    const answer = await real.send('POST', path, { body: bodyOf(how.name, how.app, how.annotations, finalizers) });
    expect(answer.status).toBe(model.objects.has(how.name) ? 409 : 201);
    if (answer.status === 201) {
      changed(model, how.name, undefined, {
        annotations: how.annotations,
        app: how.app,
        finalizer: how.finalizer,
        deleting: false,
        generation: 1,
        version: 0,
        uid: answer.body.metadata.uid ?? '',
        owners: new Map(Object.keys(how.annotations).map((key) => [key, new Set(['maker Update'])])),
        appliers: new Set(),
      });
    }
    await matches(model, real, how.name);
  }),
);

const replaced = fc.record({ name, app, annotations, basis }).map((how) =>
  command(`put ${JSON.stringify(how)}`, async (model, real) => {
    const before = model.objects.get(how.name);
    const finalizers = before?.finalizer === true ? { finalizers: [FINALIZER] } : {};
    const body = bodyOf(how.name, how.app, how.annotations, { ...finalizers, ...versionOf(how.basis, before) });
    const answer = await real.send('PUT', `${PATH}/${how.name}?fieldManager=writer`, { body });
    const wanted = before === undefined ? 404 : how.basis === 'none' ? 422 : how.basis === 'stale' ? 409 : 200;
    expect(answer.status).toBe(wanted);
    if (before !== undefined && wanted === 200) {
      const after = copyOf(before);
      own(after, how.annotations, 'writer Update');
      after.app = how.app;
      store(model, how.name, before, after);
    }
    await matches(model, real, how.name);
  }),
);

const merged = fc
  .record({
    name,
    annotations: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES, null), { maxKeys: 2 }),
    app: fc.option(app, { nil: undefined }),
    release: fc.boolean(),
    basis,
  })
  .map((how) =>
    command(`merge patch ${JSON.stringify(how)}`, async (model, real) => {
      const before = model.objects.get(how.name);
      const metadata = {
        annotations: how.annotations,
        ...(how.app === undefined ? {} : { labels: { app: how.app } }),
        ...(how.release ? { finalizers: null } : {}),
        ...versionOf(how.basis, before),
      };
      const answer = await real.send('PATCH', `${PATH}/${how.name}?fieldManager=patcher`, {
        body: { metadata },
        contentType: 'application/merge-patch+json',
      });
      const wanted = before === undefined ? 404 : how.basis === 'stale' ? 409 : 200;
      expect(answer.status).toBe(wanted);
      if (before !== undefined && wanted === 200) {
        const after = copyOf(before);
        const left = Object.entries({ ...before.annotations, ...how.annotations }).filter(
          ([, value]) => value !== null,
        );
        own(after, Object.fromEntries(left) as Annotations, 'patcher Update');
        after.app = how.app ?? before.app;
        if (how.release) after.finalizer = false;
        store(model, how.name, before, after);
      }
      await matches(model, real, how.name);
    }),
  );

const patched = fc.record({ name, expected: app, app }).map((how) =>
  command(`JSON patch ${JSON.stringify(how)}`, async (model, real) => {
    const before = model.objects.get(how.name);
    const answer = await real.send('PATCH', `${PATH}/${how.name}?fieldManager=patcher`, {
      body: [
        { op: 'test', path: '/metadata/labels/app', value: how.expected },
        { op: 'replace', path: '/metadata/labels/app', value: how.app },
      ],
      contentType: 'application/json-patch+json',
    });
    expect(answer.status).toBe(before === undefined ? 404 : before.app === how.expected ? 200 : 422);
    if (before !== undefined && answer.status === 200) {
      store(model, how.name, before, { ...copyOf(before), app: how.app });
    }
    await matches(model, real, how.name);
  }),
);

const applied = fc.record({ name, manager, annotations, force: fc.boolean() }).map((how) =>
  command(`apply ${JSON.stringify(how)}`, async (model, real) => {
    const before = model.objects.get(how.name);
    const mine = `${how.manager} Apply`;
    const path = `${PATH}/${how.name}?fieldManager=${how.manager}&force=${how.force}`;
    const answer = await real.send('PATCH', path, {
      // Without labels: who applies them would own them.
      body: {
        apiVersion: 'migrations.kubevirt.io/v1alpha1',
        kind: 'MigrationPolicy',
        metadata: Object.keys(how.annotations).length === 0 ? {} : { annotations: how.annotations },
        spec: { selectors: {} },
      },
      contentType: 'application/apply-patch+yaml',
    });
    if (before === undefined) {
      expect(answer.status).toBe(201);
      changed(model, how.name, undefined, {
        annotations: how.annotations,
        app: '',
        finalizer: false,
        deleting: false,
        generation: 1,
        version: 0,
        uid: answer.body.metadata.uid ?? '',
        owners: new Map(Object.keys(how.annotations).map((key) => [key, new Set([mine])])),
        appliers: new Set([mine]),
      });
    } else {
      const others = (key: string): string[] => [...(before.owners.get(key) ?? [])].filter((each) => each !== mine);
      const taken = Object.entries(how.annotations).filter(
        ([key, value]) =>
          before.annotations[key] !== undefined && before.annotations[key] !== value && others(key).length > 0,
      );
      expect(answer.status).toBe(taken.length > 0 && !how.force ? 409 : 200);
      if (answer.status === 200) {
        const after = copyOf(before);
        after.appliers.add(mine);
        for (const [key, value] of Object.entries(how.annotations)) {
          const kept = before.annotations[key] === value ? (before.owners.get(key) ?? []) : [];
          after.owners.set(key, new Set([...kept, mine]));
          after.annotations[key] = value;
        }
        for (const key of Object.keys(before.annotations)) {
          if (key in how.annotations || before.owners.get(key)?.has(mine) !== true) continue;
          after.owners.get(key)?.delete(mine);
          // What nobody else wants goes with the last who applied it.
          if (after.owners.get(key)?.size === 0) {
            after.owners.delete(key);
            delete after.annotations[key];
          }
        }
        store(model, how.name, before, after);
      }
    }
    await matches(model, real, how.name);
  }),
);

const deleted = fc.record({ name, basis, otherUid: fc.boolean() }).map((how) =>
  command(`delete ${JSON.stringify(how)}`, async (model, real) => {
    const before = model.objects.get(how.name);
    const uid = how.otherUid ? { uid: 'another' } : {};
    const preconditions = { ...uid, ...versionOf(how.basis, before) };
    const answer = await real.send('DELETE', `${PATH}/${how.name}`, {
      body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions },
    });
    const refused = how.otherUid || how.basis === 'stale';
    expect(answer.status).toBe(before === undefined ? 404 : refused ? 409 : 200);
    if (before !== undefined && answer.status === 200) {
      if (!before.finalizer) changed(model, how.name, before, undefined);
      else if (!before.deleting) {
        changed(model, how.name, before, { ...copyOf(before), deleting: true, generation: before.generation + 1 });
      }
    }
    await matches(model, real, how.name);
  }),
);

const selectors: Record<string, (app: string, name: string) => boolean> = {
  '': () => true,
  'labelSelector=app%3Dred': (app) => app === 'red',
  'labelSelector=app%21%3Dred': (app) => app !== 'red',
  'fieldSelector=metadata.name%3Da': (_, name) => name === 'a',
};

const watched = fc
  .record({ back: fc.nat(12), selector: fc.constantFrom(...Object.keys(selectors)), bookmarks: fc.boolean() })
  .map(({ back, selector, bookmarks }) =>
    command(`watch ${selector} from ${back} changes ago`, async (model, real) => {
      const from = Math.max(1, model.version - back);
      const selects = selectors[selector]!;
      const lost = from < model.compacted;
      const more = bookmarks ? '&allowWatchBookmarks=true' : '';
      const begun = real.watch(`${PATH}?watch=true&resourceVersion=${from}&${selector}${more}`);
      await begun;
      model.watches.push({
        begun,
        expected: (changes) =>
          lost
            ? ['ERROR 410']
            : changes
                .filter(({ version }) => version > from)
                .flatMap(({ type, version, name: of, app: now, before }) => {
                  const is = type !== 'DELETED' && selects(now, of);
                  const was = before !== undefined && selects(before, of);
                  if (!is && !was) return [];
                  return [`${is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED'} ${of} ${version}`];
                }),
      });
    }),
  );

const listed = fc
  .record({ limit: fc.nat(2), selector: fc.constantFrom(...Object.keys(selectors)) })
  .map(({ limit, selector }) =>
    command(`list ${selector} in pages of ${limit}`, async (model, real) => {
      const found: string[] = [];
      let token = '';
      do {
        const { status, body } = await real.send('GET', `${PATH}?limit=${limit}&continue=${token}&${selector}`);
        expect(status).toBe(200);
        const { items, metadata } = body as unknown as {
          items: KubeObject[];
          metadata: { continue?: string; resourceVersion: string };
        };
        expect(Number(metadata.resourceVersion)).toBe(model.version);
        if (limit > 0) expect(items.length).toBeLessThanOrEqual(limit);
        found.push(...items.map((item) => `${item.metadata.name} ${item.metadata.resourceVersion}`));
        token = metadata.continue ?? '';
      } while (token !== '');
      const selects = selectors[selector]!;
      const wanted = [...model.objects]
        .filter(([of, object]) => selects(object.app, of))
        .sort(([a], [b]) => (a < b ? -1 : 1));
      expect(found).toEqual(wanted.map(([of, { version }]) => `${of} ${version}`));
    }),
  );

const compacted = fc.constant(
  command('compact', async (model, real) => {
    real.store.compact();
    model.compacted = model.version;
  }),
);

let real: TestServer;
beforeAll(async () => {
  real = await startTestServer();
});
afterAll(() => real.close());

/** Everything that is there goes, past the API, so that the next run begins with nothing. */
function emptied(): Model {
  for (const { metadata } of real.store.list(RESOURCE)) real.store.delete(RESOURCE, undefined, metadata.name);
  const { version } = real.store;
  real.store.compact();
  return { objects: new Map(), changes: [], version, compacted: version, watches: [] };
}

/** Each watch has seen what it should, in order, and nothing else: the last change is one that all see. */
async function watchesSaw({ watches, changes, objects, version }: Model): Promise<void> {
  const model: Model = { watches, changes, objects, version, compacted: 0 };
  for (const app of APPS) {
    // `a` is seen by the watch of its name; each colour by the watches of it.
    const before = model.objects.get('a');
    if (before !== undefined) {
      real.store.delete(RESOURCE, undefined, 'a');
      changed(model, 'a', before, undefined);
    }
    real.store.create(RESOURCE, bodyOf('a', app, {}) as KubeObject);
    changed(model, 'a', undefined, { app } as Modelled);
  }
  for (const { expected, begun } of watches) {
    const watching = await begun;
    const wanted = expected(model.changes);
    const seen: string[] = [];
    while (seen.length < wanted.length) {
      const line = await watching.next();
      if (line === undefined) break;
      if (line.type === 'BOOKMARK') continue;
      if (line.type === 'ERROR') seen.push(`ERROR ${line.object.code}`);
      else seen.push(`${line.type} ${line.object.metadata.name} ${line.object.metadata.resourceVersion}`);
    }
    expect(seen).toEqual(wanted);
    watching.stop();
  }
}

describe('the API, whatever is asked of it in whatever order', () => {
  test('stores, refuses and tells what the naive model does', async () => {
    const commands = fc.commands(
      [created, created, replaced, merged, merged, patched, applied, applied, deleted, watched, listed, compacted],
      { maxCommands: 60, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (run) => {
        const model = emptied();
        try {
          await fc.asyncModelRun(() => ({ model, real }), run);
          await watchesSaw(model);
        } finally {
          for (const { begun } of model.watches) (await begun).stop();
        }
        expect(real.faults).toEqual([]);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
