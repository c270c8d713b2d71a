import type { StoredObject, WatchEvent } from './types.ts';

type Change<T> = Extract<WatchEvent<T>, { object: T }>;

/**
 * The last state told of each object of a watch. Turns what a server says - which after a gap is everything, again -
 * into what is new: no state of an object comes out twice, and an object that vanished meanwhile comes out as deleted.
 */
export class Known<T extends StoredObject> {
  readonly #objects = new Map<string, T>();
  /** Objects not yet seen in the listing that is under way. */
  #unseen: Set<string> | undefined;

  /** A listing begins: what is not put or removed before its end does not exist any more. */
  beginListing(): void {
    this.#unseen = new Set(this.#objects.keys());
  }

  endListing(): Change<T>[] {
    const vanished = [...(this.#unseen ?? [])];
    this.#unseen = undefined;
    return vanished.flatMap((key) => {
      const object = this.#objects.get(key);
      this.#objects.delete(key);
      return object === undefined ? [] : [{ type: 'deleted' as const, object }];
    });
  }

  /** The object exists in this state. */
  put(object: T): Change<T>[] {
    const key = keyOf(object);
    const last = this.#objects.get(key);
    this.#unseen?.delete(key);
    this.#objects.set(key, object);
    if (last === undefined) return [{ type: 'added', object }];
    if (last.metadata.uid !== object.metadata.uid) {
      return [
        { type: 'deleted', object: last },
        { type: 'added', object },
      ];
    }
    return last.metadata.resourceVersion === object.metadata.resourceVersion ? [] : [{ type: 'modified', object }];
  }

  /** The object is gone, or no longer selected; `object` is its final state. */
  remove(object: T): Change<T>[] {
    return this.#objects.delete(keyOf(object)) ? [{ type: 'deleted', object }] : [];
  }
}

function keyOf({ metadata: { namespace, name } }: StoredObject): string {
  return `${namespace ?? ''}/${name}`;
}
