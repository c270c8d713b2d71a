import type { KubeObject } from '../../model/objects.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { same } from './fields/compare.ts';
import { SortedListing } from './sorted.ts';

/** A resource by its plural and group, as RBAC writes it: `pods`, `virtualmachineinstances.kubevirt.io`. */
export type ResourceName = string;

type StoreEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One change. `previous` is what was stored before; `object` is the new state (of a deletion: the last one). */
export interface StoreEvent {
  type: StoreEventType;
  resource: ResourceName;
  object: KubeObject;
  previous?: KubeObject;
  resourceVersion: number;
}

/** A write was decided on an older resourceVersion than the stored one. */
export class StoreConflict extends Error {}

/** How many changes a watch can be resumed across, before it gets 410 Gone. */
const HISTORY = 20_000;
/** So many more are kept for a while: forgetting them one by one would cost more. */
const SLACK = 1_000;
/** How many former states of a resource paged lists can continue from, before they get 410 Gone. */
const PAGED = 32;

/** All objects of a resource by namespace and name, and the resourceVersion at which they were so. Never modified. */
export interface Listed<T extends KubeObject = KubeObject> {
  version: number;
  items: readonly T[];
}

/**
 * What etcd is to a cluster: objects by resource, namespace and name, one global resourceVersion, a bounded history
 * to resume watches from. Stored objects are never modified in place; a write replaces them. It knows nothing of
 * schemas, admission or finalizers: that is the API server's part.
 */
export class Store {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #resources = new Map<ResourceName, Map<string, KubeObject>>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #history: StoreEvent[] = [];
  /** Serialized form of a stored object; lists of thousands are joined from these. */
  readonly #json = new WeakMap<KubeObject, string>();
  readonly #sorted = new Map<ResourceName, SortedListing>();
  readonly #changed = new Map<ResourceName, number>();
  /** Listings that were served in pages. */
  readonly #paged = new Map<string, Listed>();
  /** Changes that listeners have not been told yet: one made while telling another comes after it. */
  readonly #untold: StoreEvent[] = [];
  #telling = false;
  readonly #dryRandom: Random;
  #version = 1;
  #compacted = 0;

  constructor(clock: Clock, rng: Random) {
    this.#clock = clock;
    this.#random = rng.fork('store');
    // Dry runs must not change what is drawn for real objects.
    this.#dryRandom = rng.fork('store/dry-run');
  }

  /** The resourceVersion of the last change. */
  get version(): number {
    return this.#version;
  }

  /** Watches may resume from this resourceVersion or a later one. */
  get oldestVersion(): number {
    return this.#compacted;
  }

  get<T extends KubeObject>(resource: ResourceName, namespace: string | undefined, name: string): T | undefined {
    return this.#resources.get(resource)?.get(key(namespace, name)) as T | undefined;
  }

  /** All objects of a resource, by namespace and name; of one namespace if it is given. */
  list<T extends KubeObject>(resource: ResourceName, namespace?: string): T[] {
    const items = this.#itemsOf<T>(resource);
    return namespace === undefined ? [...items] : items.filter((item) => item.metadata.namespace === namespace);
  }

  /** The current listing of a resource, shared and not copied; its version is the store's. */
  listing<T extends KubeObject>(resource: ResourceName): Listed<T> {
    return { version: this.#version, items: this.#itemsOf<T>(resource) };
  }

  /** Keeps a listing for a while, for the next pages of a list. */
  keepListing(resource: ResourceName, listed: Listed): void {
    this.#paged.set(`${resource}@${listed.version}`, listed);
    if (this.#paged.size > PAGED) {
      const [oldest] = this.#paged.keys();
      if (oldest !== undefined) this.#paged.delete(oldest);
    }
  }

  /** The listing of a resource as it was at a resourceVersion; undefined if that is not known any more (410 Gone). */
  listingAt<T extends KubeObject>(resource: ResourceName, version: number): Listed<T> | undefined {
    const unchanged =
      version <= this.#version && version >= Math.max(this.#changed.get(resource) ?? 0, this.#compacted);
    if (unchanged) return { version, items: this.#itemsOf<T>(resource) };
    return this.#paged.get(`${resource}@${version}`) as Listed<T> | undefined;
  }

  /** Every object of a resource in no particular order, without copying; for controllers that look through many. */
  values<T extends KubeObject>(resource: ResourceName): Iterable<T> {
    return (this.#resources.get(resource)?.values() ?? []) as Iterable<T>;
  }

  /** Every resource that has or had objects. */
  resources(): ResourceName[] {
    return [...this.#resources.keys()];
  }

  count(resource: ResourceName): number {
    return this.#resources.get(resource)?.size ?? 0;
  }

  /**
   * Stores a new object; gives it uid, creationTimestamp, generation and resourceVersion (kept if set: an import).
   * `generateName` is resolved here. Throws StoreConflict if the name is taken.
   */
  create<T extends KubeObject>(resource: ResourceName, object: T): T {
    const prepared = this.prepare(resource, object);
    const { name, namespace } = prepared.metadata;
    const objects = this.#objectsOf(resource);
    const id = key(namespace, name);
    if (objects.has(id)) throw new StoreConflict(`${resource} "${name}" already exists`);
    const stored = this.#stamp(prepared);
    objects.set(id, stored);
    this.#emit({ type: 'ADDED', resource, object: stored, resourceVersion: this.#version });
    return stored;
  }

  /** The object with what `create` would give it, except a resourceVersion; nothing is stored. */
  prepare<T extends KubeObject>(resource: ResourceName, object: T, { dryRun = false }: { dryRun?: boolean } = {}): T {
    const meta = object.metadata;
    const random = dryRun ? this.#dryRandom : this.#random;
    return {
      ...object,
      metadata: {
        ...meta,
        name: meta.name || this.generatedName(resource, meta.namespace, meta.generateName ?? '', random),
        uid: meta.uid ?? random.uuid(),
        creationTimestamp: meta.creationTimestamp ?? seconds(this.#clock.now()),
        generation: meta.generation ?? 1,
      },
    };
  }

  /** A name that starts with `prefix`: one that is taken is drawn again, up to 8 times, as the API server does since 1.30. */
  generatedName(resource: ResourceName, namespace: string | undefined, prefix: string, random: Random): string {
    let name = '';
    for (let draw = 0; draw < 8; draw++) {
      name = `${prefix}${random.suffix()}`;
      if (this.get(resource, namespace, name) === undefined) break;
    }
    return name;
  }

  /**
   * Replaces an object. With `metadata.resourceVersion` set, only if it is still the stored one (StoreConflict).
   * A write that changes nothing is no event, as in Kubernetes. `generation` is the caller's business.
   */
  update<T extends KubeObject>(resource: ResourceName, object: T): T {
    const objects = this.#objectsOf(resource);
    const id = key(object.metadata.namespace, object.metadata.name);
    const previous = objects.get(id);
    if (previous === undefined) throw new StoreConflict(`${resource} "${object.metadata.name}" not found`);
    const expected = object.metadata.resourceVersion;
    if (expected !== undefined && expected !== previous.metadata.resourceVersion) {
      throw new StoreConflict(`${resource} "${object.metadata.name}" has been modified`);
    }
    const unstamped = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: previous.metadata.resourceVersion },
    };
    if (same(unstamped, previous)) return previous as T;
    const stored = this.#stamp(object);
    objects.set(id, stored);
    this.#emit({ type: 'MODIFIED', resource, object: stored, previous, resourceVersion: this.#version });
    return stored;
  }

  /** Removes an object for good. The event carries the last state with the deletion's resourceVersion. */
  delete(resource: ResourceName, namespace: string | undefined, name: string): void {
    const objects = this.#objectsOf(resource);
    const id = key(namespace, name);
    const previous = objects.get(id);
    if (previous === undefined) return;
    objects.delete(id);
    const object = this.#stamp(previous);
    this.#emit({ type: 'DELETED', resource, object, previous, resourceVersion: this.#version });
  }

  /**
   * Calls `listener` for every change, in order, synchronously. A change that a listener makes is told after the
   * current one has been told to all. Returns how to stop.
   */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes after a resourceVersion, oldest first; undefined if they are no longer kept (410 Gone). */
  since(resourceVersion: number): StoreEvent[] | undefined {
    if (resourceVersion < this.#compacted) return undefined;
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#history[middle] as StoreEvent).resourceVersion > resourceVersion) high = middle;
      else low = middle + 1;
    }
    return this.#history.slice(low);
  }

  /** Forgets the history, as an etcd compaction does: watches can only resume from now on. */
  compact(): void {
    this.#history.length = 0;
    this.#paged.clear();
    this.#compacted = this.#version;
  }

  /** The object as JSON, serialized at most once. */
  json(object: KubeObject): string {
    let text = this.#json.get(object);
    if (text === undefined) {
      text = JSON.stringify(object);
      this.#json.set(object, text);
    }
    return text;
  }

  #objectsOf(resource: ResourceName): Map<string, KubeObject> {
    let objects = this.#resources.get(resource);
    if (objects === undefined) {
      objects = new Map();
      this.#resources.set(resource, objects);
    }
    return objects;
  }

  #stamp<T extends KubeObject>(object: T): T {
    this.#version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }

  #emit(event: StoreEvent): void {
    this.#history.push(event);
    if (this.#history.length >= HISTORY + SLACK) {
      const dropped = this.#history.splice(0, this.#history.length - HISTORY);
      this.#compacted = dropped.at(-1)?.resourceVersion ?? this.#compacted;
    }
    this.#sorted.get(event.resource)?.changed(event.object, event.type === 'DELETED');
    this.#changed.set(event.resource, event.resourceVersion);
    this.#untold.push(event);
    if (!this.#telling) this.#tell();
  }

  #tell(): void {
    this.#telling = true;
    try {
      for (let event = this.#untold.shift(); event !== undefined; event = this.#untold.shift()) {
        for (const listener of this.#listeners) listener(event);
      }
    } finally {
      this.#telling = false;
    }
  }

  #itemsOf<T extends KubeObject>(resource: ResourceName): readonly T[] {
    let sorted = this.#sorted.get(resource);
    if (sorted === undefined) {
      sorted = new SortedListing();
      this.#sorted.set(resource, sorted);
    }
    return sorted.items(() => this.values(resource)) as readonly T[];
  }
}

function key(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** RFC 3339 with whole seconds, as Kubernetes writes metav1.Time. */
export function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
