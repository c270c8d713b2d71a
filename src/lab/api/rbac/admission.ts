import type { Webhook } from '../extension.ts';
import type { Kind } from '../kinds/kind.ts';
import { resourceName } from '../kinds/kind.ts';
import { checkRbacObject, withRbacDefaults } from './check-object.ts';
import { checkEscalation } from './escalation.ts';
import type { Rights } from './rights.ts';
import { RBAC_GROUP } from './rule.ts';

/** What the API server itself looks at when roles and bindings are written: defaults, sense, and who gives rights to whom. */
export function rbacAdmission(kinds: readonly Kind[], rights: Rights): Webhook[] {
  return kinds
    .filter(({ group }) => group === RBAC_GROUP)
    .map((kind) => ({
      name: 'rbac',
      own: true,
      resource: resourceName(kind),
      operations: ['CREATE', 'UPDATE'],
      mutate: ({ object }) => withRbacDefaults(kind, object),
      validate: ({ object, oldObject, user }) => {
        checkEscalation(rights, kind, user, object, oldObject);
        checkRbacObject(kind, object, oldObject);
      },
    }));
}
