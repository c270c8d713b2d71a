/** An object of the fake API server. */
export interface FakeObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string };
  spec: { value: number; padding?: string };
}

export interface StoreEvent {
  version: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: FakeObject;
}

/** Versioned objects with a history that can be compacted, as etcd keeps them. */
export class FakeStore {
  readonly objects = new Map<string, FakeObject>();
  readonly history: StoreEvent[] = [];
  /** Versions up to this one are forgotten. */
  compacted = 0;
  version = 100;
  #uid = 0;
  readonly #listeners = new Set<(event: StoreEvent) => void>();

  /** Creates the object, or changes it. */
  put(name: string, value: number, padding?: string): FakeObject {
    const old = this.objects.get(name);
    const version = ++this.version;
    const uid = old?.metadata.uid ?? `uid-${++this.#uid}`;
    const object: FakeObject = {
      apiVersion: 'test.ferry.run/v1',
      kind: 'Thing',
      metadata: { name, namespace: 'default', uid, resourceVersion: String(version) },
      spec: { value, ...(padding === undefined ? {} : { padding }) },
    };
    this.objects.set(name, object);
    this.#tell({ version, type: old === undefined ? 'ADDED' : 'MODIFIED', object });
    return object;
  }

  remove(name: string): void {
    const old = this.objects.get(name);
    if (old === undefined) return;
    const version = ++this.version;
    this.objects.delete(name);
    // A deleted object has the version of its deletion.
    const object = { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } };
    this.#tell({ version, type: 'DELETED', object });
  }

  compact(): void {
    this.compacted = this.version;
    this.history.length = 0;
  }

  /** What happened after a version; undefined if that is forgotten. */
  since(version: number): StoreEvent[] | undefined {
    return version < this.compacted ? undefined : this.history.filter((event) => event.version > version);
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: StoreEvent): void {
    this.history.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}
