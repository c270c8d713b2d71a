import { ApiError, ConnectionError } from '../../kube/errors.ts';
import type { KubeClient, Resource, StoredObject, WatchEvent } from '../../kube/types.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';

type Migration = VirtualMachineInstanceMigration;
type Vmi = VirtualMachineInstance;

/** A cluster for tests of execute/: what is in it changes only when the test says so. */
export interface FakeCluster {
  client: KubeClient;
  vmi(name: string): Vmi;
  migration(name: string): Migration;
  migrations(): Migration[];
  /** Every call that changes something, in order. */
  calls: string[];
  /** The most migrations that were unfinished at once. */
  mostUnfinished(): number;
  addVmi(name: string, node: string): Vmi;
  /** Somebody else's migration. */
  addMigration(vm: string, options?: { name?: string; phase?: string; created?: string }): Migration;
  phase(name: string, phase: string): void;
  /** KubeVirt's hand-off: the VMI gets the migration's state. */
  handOff(name: string, target: string): void;
  /** The VMI is told the result; the migration is not. */
  vmiDone(name: string, how?: { failed?: string; aborted?: boolean }): void;
  /** Its own state, which comes one event after its phase. */
  migrationDone(name: string): void;
  removeMigration(name: string): void;
  editVmi(name: string, edit: (vmi: Vmi) => void): void;
  removeVmi(name: string): void;
  /** What the next creations answer; undefined: they work. `lost`: it is created, but the answer never comes. */
  answers: (Error | 'lost' | undefined)[];
  events: { involved: string; type: string; reason: string; message: string }[];
  /** Text of virt-handler's /metrics. */
  metrics: string | undefined;
  interrupt(message: string): void;
  /** Whether requests are answered that are no watches. */
  reachable: boolean;
  /** Waits until whatever is under way has come to rest. */
  settle(): Promise<void>;
}

export const NAMESPACE = 'vms';

/** A refusal as the API server words it. */
export function refused(status: number, message: string, reason?: string): ApiError {
  const access = {
    verb: 'create',
    group: 'kubevirt.io',
    resource: 'virtualmachineinstancemigrations',
    namespace: NAMESPACE,
  };
  return new ApiError(status, access, {
    message,
    body: { message, code: status, ...(reason !== undefined && { reason }) },
  });
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the test asks for what is not there');
  return value;
}

export function fakeCluster(): FakeCluster {
  const stores = { vmis: new Map<string, Vmi>(), migrations: new Map<string, Migration>() };
  const watchers = new Set<{ plural: string; push: (event: WatchEvent<StoredObject>) => void }>();
  let version = 1;
  let seconds = 0;
  let most = 0;

  const tell = (plural: string, type: 'added' | 'modified' | 'deleted', object: StoredObject): void => {
    for (const watcher of watchers)
      if (watcher.plural === plural) watcher.push({ type, object: structuredClone(object) });
  };
  const unfinished = (): Migration[] =>
    [...stores.migrations.values()].filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  const stamp = (): string => new Date(Date.UTC(2026, 0, 1) + seconds++ * 1000).toISOString().replace('.000', '');
  const put = <T extends StoredObject>(store: Map<string, T>, plural: string, object: T): T => {
    const type = store.has(object.metadata.name) ? 'modified' : 'added';
    object.metadata.resourceVersion = String(++version);
    store.set(object.metadata.name, object);
    most = Math.max(most, unfinished().length);
    tell(plural, type, object);
    return object;
  };
  const storeOf = (resource: Resource): Map<string, StoredObject> =>
    resource.plural === 'virtualmachineinstances' ? stores.vmis : stores.migrations;
  const vmi = (name: string): Vmi => must(stores.vmis.get(name));
  const migration = (name: string): Migration => must(stores.migrations.get(name));
  const touchVmi = (name: string): Vmi => put(stores.vmis, 'virtualmachineinstances', structuredClone(vmi(name)));
  const touch = (name: string): Migration =>
    put(stores.migrations, 'virtualmachineinstancemigrations', structuredClone(migration(name)));

  const insert = (object: Migration): Migration => {
    const uid = `uid-${object.metadata.name}`;
    const stored: Migration = {
      ...object,
      metadata: { creationTimestamp: stamp(), ...object.metadata, uid: object.metadata.uid ?? uid },
    };
    return put(stores.migrations, 'virtualmachineinstancemigrations', stored);
  };

  const fake: FakeCluster = {
    calls: [],
    answers: [],
    events: [],
    metrics: undefined,
    reachable: true,
    vmi,
    migration,
    migrations: () => [...stores.migrations.values()],
    mostUnfinished: () => most,
    addVmi: (name, node) =>
      put(stores.vmis, 'virtualmachineinstances', {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachineInstance',
        metadata: { name, namespace: NAMESPACE, uid: `vmi-${name}` },
        spec: { domain: { devices: {}, memory: { guest: '4Gi' } } },
        status: { phase: 'Running', nodeName: node },
      }),
    addMigration: (vm, { name = `other-${vm}`, phase = 'Running', created } = {}) =>
      insert({
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachineInstanceMigration',
        metadata: { name, namespace: NAMESPACE, ...(created !== undefined && { creationTimestamp: created }) },
        spec: { vmiName: vm },
        status: { phase },
      }),
    phase(name, phase) {
      const next = structuredClone(migration(name));
      next.status = {
        ...next.status,
        phase,
        phaseTransitionTimestamps: [
          ...(next.status?.phaseTransitionTimestamps ?? []),
          { phase, phaseTransitionTimestamp: stamp() },
        ],
      };
      put(stores.migrations, 'virtualmachineinstancemigrations', next);
    },
    handOff(name, target) {
      const of = migration(name);
      const next = structuredClone(vmi(must(of.spec.vmiName)));
      must(next.status).migrationState = {
        migrationUid: must(of.metadata.uid),
        sourceNode: must(next.status?.nodeName),
        targetNode: target,
        startTimestamp: '2026-01-01T00:00:10Z',
        migrationConfiguration: { completionTimeoutPerGiB: 150 },
      };
      put(stores.vmis, 'virtualmachineinstances', next);
    },
    vmiDone(name, { failed, aborted = false } = {}) {
      const next = structuredClone(vmi(must(migration(name).spec.vmiName)));
      const state = must(next.status?.migrationState);
      Object.assign(state, { completed: true, endTimestamp: '2026-01-01T00:00:40Z' });
      if (aborted) Object.assign(state, { abortRequested: true, abortStatus: 'Succeeded' });
      if (failed === undefined && !aborted) must(next.status).nodeName = must(state.targetNode);
      else Object.assign(state, { failed: true, failureReason: failed ?? 'Live migration aborted ' });
      put(stores.vmis, 'virtualmachineinstances', next);
    },
    migrationDone(name) {
      const next = structuredClone(migration(name));
      const state = vmi(must(next.spec.vmiName))?.status?.migrationState;
      next.status = { ...next.status, ...(state !== undefined && { migrationState: state }) };
      put(stores.migrations, 'virtualmachineinstancemigrations', next);
    },
    removeMigration(name) {
      const object = migration(name);
      stores.migrations.delete(name);
      tell('virtualmachineinstancemigrations', 'deleted', object);
    },
    editVmi(name, edit) {
      const next = structuredClone(vmi(name));
      edit(next);
      put(stores.vmis, 'virtualmachineinstances', next);
    },
    removeVmi(name) {
      const object = vmi(name);
      stores.vmis.delete(name);
      tell('virtualmachineinstances', 'deleted', object);
    },
    interrupt(message) {
      for (const watcher of watchers) watcher.push({ type: 'interrupted', error: new Error(message) });
      for (const name of stores.vmis.keys()) touchVmi(name);
      for (const name of stores.migrations.keys()) touch(name);
    },
    async settle() {
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    },
    client: {
      server: 'https://fake',
      context: 'fake',
      namespace: NAMESPACE,
      serverNow: () => Date.parse('2026-01-01T00:00:20Z'),
      close: () => undefined,
      async create(_resource, object) {
        const { name } = object.metadata;
        fake.calls.push(`create ${name}`);
        const answer = fake.answers.shift();
        if (answer instanceof Error) throw answer;
        const { vmiName } = (object as unknown as Migration).spec;
        const active = unfinished().find(({ spec }) => spec.vmiName === vmiName);
        if (active !== undefined) {
          const message = `admission webhook "migration-create-validator.kubevirt.io" denied the request: in-flight migration detected. Active migration job (${active.metadata.uid}) is currently already in progress for VMI ${vmiName}.`;
          throw refused(400, message);
        }
        if (stores.migrations.has(name)) throw refused(409, `"${name}" already exists`, 'AlreadyExists');
        const stored = insert(structuredClone(object) as unknown as Migration);
        if (answer === 'lost') throw new ConnectionError('the connection was lost (ECONNRESET)', 'ECONNRESET', true);
        return structuredClone(stored) as never;
      },
      async get(resource, name) {
        const object = storeOf(resource).get(name);
        if (object === undefined) throw refused(404, `"${name}" not found`, 'NotFound');
        return structuredClone(object) as never;
      },
      async list(resource, options) {
        if (resource.plural !== 'events') throw new Error('objects are watched, not listed');
        const uid = options?.fieldSelector?.split('=')[1];
        const items = fake.events.filter(({ involved }) => involved === uid);
        return { items: items as never, resourceVersion: '1' };
      },
      async *watch(resource, { signal }) {
        const queue: WatchEvent<StoredObject>[] = [...storeOf(resource).values()].map((object) => ({
          type: 'added',
          object: structuredClone(object),
        }));
        queue.push({ type: 'synced' });
        let wake: (() => void) | undefined;
        const watcher = {
          plural: resource.plural,
          push(event: WatchEvent<StoredObject>) {
            queue.push(event);
            wake?.();
          },
        };
        watchers.add(watcher);
        signal.addEventListener('abort', () => wake?.());
        try {
          while (!signal.aborted) {
            const event = queue.shift();
            if (event !== undefined) yield event as never;
            else await new Promise<void>((resolve) => (wake = resolve));
          }
        } finally {
          watchers.delete(watcher);
        }
      },
      async raw(_method, path) {
        if (!fake.reachable) throw new ConnectionError('the connection was refused', 'ECONNREFUSED', true);
        if (path === '/version') return { status: 200, headers: {}, text: '{}' };
        if (fake.metrics === undefined) throw refused(503, 'no virt-handler');
        return { status: 200, headers: {}, text: fake.metrics };
      },
      patch: () => Promise.reject(new Error('nothing is patched')),
      delete: () => Promise.reject(new Error('nothing is deleted')),
    },
  };
  return fake;
}
