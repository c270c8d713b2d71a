import type { Selection } from '../kube/types.ts';

/**
 * The watches that see these namespaces: one of the whole cluster if `everywhere` (others' migrations count against
 * the cluster's limit) or if several namespaces are looked at and it is allowed; else one a namespace.
 */
export function watchScopes(
  namespaces: readonly string[],
  { everywhere, allowed }: { everywhere: boolean; allowed: boolean },
): Selection[] {
  const distinct = [...new Set(namespaces)].sort();
  if (allowed && (everywhere || distinct.length > 1)) return [{}];
  return distinct.map((namespace) => ({ namespace }));
}
