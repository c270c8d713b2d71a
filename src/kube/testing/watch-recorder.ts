import type { StoredObject, WatchEvent } from '../types.ts';

/** Consumes a watch, folds what it tells, and notes everything a watch must never do. */
export class WatchRecorder {
  /** `uid@resourceVersion` by namespace/name, as told. */
  readonly state = new Map<string, string>();
  readonly events: string[] = [];
  readonly violations: string[] = [];
  interruptions = 0;
  synced = 0;
  /** Settles when the watch ends; with its error, if it threw. */
  readonly ended: Promise<Error | undefined>;
  readonly #told = new Set<string>();

  constructor(watch: AsyncIterable<WatchEvent<StoredObject>>) {
    this.ended = this.#run(watch).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
  }

  /** Waits until what was told is the given state; false if it does not come to that within `limit` ms. */
  async reaches(state: ReadonlyMap<string, string>, limit = 10_000): Promise<boolean> {
    const end = performance.now() + limit;
    while (performance.now() < end) {
      if (this.synced > 0 && sameState(this.state, state)) return true;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return false;
  }

  async #run(watch: AsyncIterable<WatchEvent<StoredObject>>): Promise<void> {
    for await (const event of watch) {
      if (event.type === 'interrupted') this.interruptions++;
      else if (event.type === 'synced') {
        if (++this.synced > 1) this.violations.push('synced was told twice');
      } else this.#record(event.type, event.object.metadata);
    }
  }

  #record(
    type: 'added' | 'modified' | 'deleted',
    { namespace, name, uid, resourceVersion }: StoredObject['metadata'],
  ): void {
    const key = `${namespace ?? ''}/${name}`;
    const state = `${uid}@${resourceVersion}`;
    const last = this.state.get(key);
    this.events.push(`${type} ${name}`);
    if (type === 'deleted') {
      if (last === undefined) this.violations.push(`${key} deleted but was not there`);
      this.state.delete(key);
      return;
    }
    if (this.#told.has(state)) this.violations.push(`${key} ${state} told twice`);
    this.#told.add(state);
    if (type === 'added' && last !== undefined) this.violations.push(`${key} added but was there`);
    if (type === 'modified' && last?.split('@')[0] !== uid) this.violations.push(`${key} modified but was not there`);
    this.state.set(key, state);
  }
}

/** The state of a list of objects, to compare with what a watch told. */
export function stateOf(objects: Iterable<StoredObject>): Map<string, string> {
  return new Map(
    [...objects].map(({ metadata: { namespace, name, uid, resourceVersion } }) => [
      `${namespace ?? ''}/${name}`,
      `${uid}@${resourceVersion}`,
    ]),
  );
}

function sameState(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
