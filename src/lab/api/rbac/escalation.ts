import type { KubeObject } from '../../../model/objects.ts';
import type { Attributes } from '../authorization.ts';
import type { User } from '../extension.ts';
import { same } from '../fields/compare.ts';
import { type Kind, resourceName } from '../kinds/kind.ts';
import { ApiError, detailsOf, forbidden } from '../status.ts';
import { compactTexts, goStrings, uncovered } from './covers.ts';
import { aggregate, MASTERS, type Rights } from './rights.ts';
import { type Binding, type PolicyRule, RBAC_GROUP, type Role } from './rule.ts';

const EVERYTHING: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody may give rights they do not have: throws 403 when a role or binding would, unless its writer holds the verb
 * `escalate` on the role, or `bind` on the role that is bound (pkg/registry/rbac, policybased storages).
 */
export function checkEscalation(rights: Rights, kind: Kind, user: User, object: KubeObject, before?: KubeObject): void {
  if (kind.group !== RBAC_GROUP || user.groups.includes(MASTERS)) return;
  if (kind.kind === 'Role' || kind.kind === 'ClusterRole') checkRole(rights, kind, user, object, before);
  else checkBinding(rights, kind, user, object as Binding);
}

function checkRole(rights: Rights, kind: Kind, user: User, role: Role, before: Role | undefined): void {
  const { name, namespace } = role.metadata;
  if (holds(rights, user, 'escalate', kind.plural, namespace, name)) return;
  const intent = ({ rules = [], aggregationRule }: Role): unknown => ({ rules, aggregationRule });
  if (before !== undefined && same(intent(before), intent(role))) return;
  if (role.aggregationRule !== undefined && uncovered(rights.rulesFor(user, namespace).rules, EVERYTHING).length > 0) {
    throw refused(kind, role, 'must have cluster-admin privileges to use an aggregationRule');
  }
  refuseUnlessHeld(rights, kind, user, role, role.rules ?? []);
}

function checkBinding(rights: Rights, kind: Kind, user: User, binding: Binding): void {
  const { roleRef, metadata } = binding;
  const bound = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
  if (holds(rights, user, 'bind', bound, metadata.namespace, roleRef.name)) return;
  const rules = rights.rulesOf(roleRef, metadata.namespace);
  if (typeof rules === 'string') {
    throw new ApiError(404, rules, {
      reason: 'NotFound',
      details: detailsOf(`${roleRef.kind.toLowerCase()}.${RBAC_GROUP}`, roleRef.name),
    });
  }
  refuseUnlessHeld(rights, kind, user, binding, rules);
}

function refuseUnlessHeld(rights: Rights, kind: Kind, user: User, object: KubeObject, wanted: PolicyRule[]): void {
  const held = rights.rulesFor(user, object.metadata.namespace);
  const missing = uncovered(held.rules, wanted);
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(user.name)} (groups=${goStrings(user.groups)})`;
  const unresolved = held.errors.length === 0 ? '' : `; resolution errors: [${aggregate(held.errors)}]`;
  const what = `${compactTexts(missing).join('\n')}${unresolved}`;
  throw refused(kind, object, `${who} is attempting to grant RBAC permissions not currently held:\n${what}`);
}

function refused(kind: Kind, { metadata }: KubeObject, why: string): ApiError {
  const resource = resourceName(kind);
  return forbidden(
    `${resource} ${JSON.stringify(metadata.name)} is forbidden: ${why}`,
    detailsOf(resource, metadata.name),
  );
}

function holds(
  rights: Rights,
  user: User,
  verb: string,
  resource: string,
  namespace: string | undefined,
  name: string,
): boolean {
  const wanted: Attributes = {
    user,
    verb,
    group: RBAC_GROUP,
    resource,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
  return rights.authorize(wanted).allowed;
}
