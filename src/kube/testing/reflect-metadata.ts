// @peculiar/x509 uses tsyringe, which refuses to load without the reflect-metadata polyfill but asks it for little:
// metadata by key and target, inherited.
const store = new WeakMap<object, Map<unknown, unknown>>();

function getOwnMetadata(key: unknown, target: object): unknown {
  return store.get(target)?.get(key);
}

Object.assign(Reflect, {
  getOwnMetadata,
  getMetadata(key: unknown, target: object): unknown {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
      const value = getOwnMetadata(key, at);
      if (value !== undefined) return value;
    }
    return undefined;
  },
  defineMetadata(key: unknown, value: unknown, target: object): void {
    const own = store.get(target) ?? new Map<unknown, unknown>();
    store.set(target, own.set(key, value));
  },
});
