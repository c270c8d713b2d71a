import type { Finding, Subject } from '../model/finding.ts';
import type { Listing, ListRule, Snapshot, SnapshotList } from '../model/snapshot.ts';
import type { Check } from './check.ts';

/**
 * What can't be told because a list is not known: a warning for each such list that one of the checks needs, naming the
 * checks that are in doubt and the rule that would help. Unknown is never taken for good. `optional`: a kind that the
 * cluster does not serve is not there, which is an answer.
 */
export function unknownLists(
  snapshot: Snapshot,
  checks: readonly Check[],
  { optional = false } = {},
): (subject: Subject) => Finding[] {
  const needed = new Map<SnapshotList, Check[]>();
  for (const check of checks) {
    for (const list of check.needs) needed.set(list, [...(needed.get(list) ?? []), check]);
  }
  const told = [...needed].flatMap(([list, inDoubt]) => {
    const listing: Listing<unknown> = snapshot.lists[list];
    if (listing.known && listing.onlyNamespaces === undefined) return [];
    if (optional && !listing.known && listing.why === 'missing') return [];
    const what = `.lists.${list}`;
    const doubt = `not fully checked: ${inDoubt.map(({ title }) => lowerFirst(title)).join('; ')}`;
    if (listing.known) {
      const where = (listing.onlyNamespaces ?? []).join(', ');
      const message = `${list} could be read in the namespace${listing.onlyNamespaces?.length === 1 ? '' : 's'} ${where} only; ${doubt}`;
      const remedy =
        listing.rule === undefined
          ? `Grant the permission to list ${list} in all namespaces.`
          : `Have this rule in a ClusterRole, bound to you by a ClusterRoleBinding: ${ruleText(listing.rule)}.`;
      return [{ message, remedy, what, value: 'partly known' }];
    }
    const message = `${list} could not be read (${listing.why}: ${listing.message}); ${doubt}`;
    return [{ message, remedy: remedyFor(listing), what, value: listing.why }];
  });
  return (subject) =>
    told.map(({ message, remedy, what, value }) => ({
      check: 'snapshot/complete',
      severity: 'warning',
      subject,
      message,
      evidence: [{ object: { kind: 'Snapshot', name: snapshot.takenAt }, field: what, value }],
      remedy,
    }));
}

function remedyFor(listing: Extract<Listing<unknown>, { known: false }>): string {
  const { rule } = listing;
  if (rule !== undefined) return `Add this rule to your ClusterRole: ${ruleText(rule)}.`;
  return listing.why === 'missing'
    ? 'Choose a cluster that serves it.'
    : 'Try again; if it stays so, look at the API server and the webhooks and services behind it.';
}

function ruleText({ apiGroup, resource, verb }: ListRule): string {
  return `apiGroups: ["${apiGroup}"], resources: ["${resource}"], verbs: ["${verb}"]`;
}

function lowerFirst(text: string): string {
  return text.startsWith('KubeVirt') ? text : text.charAt(0).toLowerCase() + text.slice(1);
}
