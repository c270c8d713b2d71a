/** FieldsV1, as managedFields carry it: `{"f:spec":{"f:vmiName":{}}}`. */
export interface FieldsV1 {
  [element: string]: FieldsV1;
}

/**
 * A set of paths into an object, as a tree. Elements are written as in FieldsV1: `f:NAME` a field, `k:{...}` an item of
 * a list by its keys, `v:VALUE` an item of a set. `self` says that the path that ends here is in the set.
 */
export interface FieldSet {
  self: boolean;
  children: Map<string, FieldSet>;
}

export function emptySet(): FieldSet {
  return { self: false, children: new Map() };
}

export function leaf(): FieldSet {
  return { self: true, children: new Map() };
}

/** The set with every path that leads to one of its own: who owns a field owns its parents too. */
export function withParents(set: FieldSet): FieldSet {
  const children = new Map([...set.children].map(([element, inner]) => [element, withParents(inner)]));
  return { self: set.self || children.size > 0, children };
}

export function isEmpty(set: FieldSet): boolean {
  return !set.self && set.children.size === 0;
}

export function fromFields(fields: FieldsV1): FieldSet {
  const set = emptySet();
  for (const [element, inner] of Object.entries(fields)) {
    if (element === '.') set.self = true;
    else set.children.set(element, Object.keys(inner).length === 0 ? leaf() : fromFields(inner));
  }
  return set;
}

export function toFields(set: FieldSet): FieldsV1 {
  const fields: FieldsV1 = {};
  if (set.self && set.children.size > 0) fields['.'] = {};
  for (const element of [...set.children.keys()].sort())
    fields[element] = toFields(set.children.get(element) ?? emptySet());
  return fields;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map(a.children);
  for (const [element, inner] of b.children) {
    const other = children.get(element);
    children.set(element, other === undefined ? inner : union(other, inner));
  }
  return { self: a.self || b.self, children };
}

/** The paths of `a` that are not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (inA, inB) => inA && !inB);
}

/** The paths of `a` that are neither in `b` nor below a path of `b`. */
export function differenceBelow(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, inner] of a.children) {
    const other = b.children.get(element);
    if (other?.self && other.children.size === 0) continue;
    const left = other === undefined ? inner : differenceBelow(inner, other);
    if (!isEmpty(left)) children.set(element, left);
  }
  return { self: a.self && !b.self, children };
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (inA, inB) => inA && inB);
}

function combine(a: FieldSet, b: FieldSet, keep: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, inner] of a.children) {
    const left = combine(inner, b.children.get(element) ?? emptySet(), keep);
    if (!isEmpty(left)) children.set(element, left);
  }
  return { self: keep(a.self, b.self), children };
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a.self !== b.self || a.children.size !== b.children.size) return false;
  return [...a.children].every(([element, inner]) => {
    const other = b.children.get(element);
    return other !== undefined && sameSet(inner, other);
  });
}

/** Every path of the set as Kubernetes prints it: `.spec.containers[name="x"].image`. */
export function paths(set: FieldSet, prefix = ''): string[] {
  const found = set.self && prefix !== '' ? [prefix] : [];
  for (const element of [...set.children.keys()].sort()) {
    found.push(...paths(set.children.get(element) ?? emptySet(), prefix + printed(element)));
  }
  return found;
}

function printed(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (!element.startsWith('k:')) return `[${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}
