// @peculiar/x509 resolves its algorithms through tsyringe, which refuses to load without the reflect-metadata polyfill.
// These three functions of it are all that tsyringe calls. Import this file before @peculiar/x509.

type Metadata = Map<unknown, unknown>;

const stored = new WeakMap<object, Metadata>();

function metadataOf(target: object): Metadata {
  const found = stored.get(target) ?? new Map<unknown, unknown>();
  stored.set(target, found);
  return found;
}

Object.assign(Reflect, {
  defineMetadata: (key: unknown, value: unknown, target: object) => void metadataOf(target).set(key, value),
  getOwnMetadata: (key: unknown, target: object) => stored.get(target)?.get(key),
  getMetadata: (key: unknown, target: object) => {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
      const value = stored.get(at)?.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  },
});
