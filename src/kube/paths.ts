import type { Resource } from './types.ts';

/** The path of a collection, an object or a subresource. */
export function pathOf(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const { group, version, plural, namespaced } = resource;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const inside = namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  // A subresource may have a path of its own: `proxy/metrics`.
  return `${root}${inside}/${plural}${object}${subresource === undefined ? '' : `/${subresource}`}`;
}
