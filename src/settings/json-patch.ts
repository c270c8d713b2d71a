import type { HyperConverged } from '../model/objects.ts';
import type { Value } from './parameters.ts';
import { at, KUBEVIRT_PATH } from './target.ts';

/** The annotation that HyperConverged applies to KubeVirt's CR as a JSON patch (facts/kubevirt.md A10). */
export const JSON_PATCH = 'kubevirt.kubevirt.io/jsonpatch';

interface Patched {
  /** Undefined: the annotation takes the setting away. */
  value: Value | undefined;
  /** Where it stands: the annotation. */
  field: string;
}

/** The settings that the annotation decides, by name. An annotation that is no JSON patch decides nothing. */
export function patchedSettings({ metadata }: HyperConverged): Map<string, Patched> {
  const found = new Map<string, Patched>();
  const field = `.metadata.annotations["${JSON_PATCH}"]`;
  for (const { op, path, value } of operations(metadata.annotations?.[JSON_PATCH])) {
    const steps = path.split('/').slice(1);
    const removes = op === 'remove';
    if (!removes && op !== 'add' && op !== 'replace') continue;
    if (!steps.every((step, index) => index >= KUBEVIRT_PATH.length || step === KUBEVIRT_PATH[index])) continue;
    const [, , , name] = steps;
    if (name !== undefined) {
      if (steps.length === 4) found.set(name, { value: removes ? undefined : (value as Value), field });
      continue;
    }
    // The whole of it, or more: what is not in there is gone.
    for (const each of found.keys()) found.set(each, { value: undefined, field });
    const inner = at(value, KUBEVIRT_PATH.slice(steps.length));
    if (removes || typeof inner !== 'object' || inner === null) continue;
    for (const [each, given] of Object.entries(inner)) found.set(each, { value: given as Value, field });
  }
  return found;
}

function operations(text: string | undefined): { op: string; path: string; value?: unknown }[] {
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return [];
    return (parsed as { op?: unknown; path?: unknown; value?: unknown }[]).flatMap(({ op, path, value }) =>
      typeof op === 'string' && typeof path === 'string' ? [{ op, path, value }] : [],
    );
  } catch {
    return [];
  }
}
