import { noNames, type PolicyRule, pathMatches } from './rule.ts';

// Whether rules cover others (k8s.io/component-helpers/auth/rbac/validation/policy_compact.go and policy_comparator.go).

/** What of `wanted` is not covered by `held`: in the smallest rules, one verb on one thing each. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !held.some((rule) => covers(rule, part)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const verbs = rule.verbs ?? [];
  const names = noNames(rule) ? [undefined] : (rule.resourceNames ?? []);
  const onResources = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      verbs.flatMap((verb) =>
        names.map((name) => ({
          apiGroups: [group],
          resources: [resource],
          verbs: [verb],
          ...(name === undefined ? {} : { resourceNames: [name] }),
        })),
      ),
    ),
  );
  const onPaths = (rule.nonResourceURLs ?? []).flatMap((url) =>
    verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] })),
  );
  return [...onResources, ...onPaths];
}

function covers(held: PolicyRule, part: PolicyRule): boolean {
  const all = (have: string[] | undefined, want: string[] | undefined, matches = same): boolean =>
    (want ?? []).every((each) => (have ?? []).some((own) => matches(own, each)));
  return (
    all(held.verbs, part.verbs) &&
    all(held.apiGroups, part.apiGroups) &&
    all(held.resources, part.resources, resourceCovers) &&
    all(held.nonResourceURLs, part.nonResourceURLs, pathMatches) &&
    (noNames(held) || (!noNames(part) && all(held.resourceNames, part.resourceNames, (own, each) => own === each)))
  );
}

function same(own: string, wanted: string): boolean {
  return own === '*' || own === wanted;
}

function resourceCovers(own: string, wanted: string): boolean {
  const slash = wanted.indexOf('/');
  return same(own, wanted) || (slash >= 0 && own === `*${wanted.slice(slash)}`);
}

/** Rules as error texts list them: those on one resource joined, each in Kubernetes's compact form, sorted. */
export function compactTexts(rules: readonly PolicyRule[]): string[] {
  const joined = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs]);
    // Only rules on resources are joined.
    const before = rule.nonResourceURLs === undefined ? joined.get(key) : undefined;
    if (before === undefined) joined.set(rule.nonResourceURLs === undefined ? key : JSON.stringify(rule), rule);
    else joined.set(key, { ...before, verbs: [...(before.verbs ?? []), ...(rule.verbs ?? [])] });
  }
  return [...new Set([...joined.values()].map(compactText))].sort();
}

function compactText(rule: PolicyRule): string {
  const parts: [string, string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const texts = parts.flatMap(([name, values]) =>
    values === undefined || values.length === 0 ? [] : [`${name}:${goStrings(values)}`],
  );
  return `{${texts.join(', ')}}`;
}

/** Strings as Go's %q prints a slice of them: `["a" "b"]`. */
export function goStrings(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
