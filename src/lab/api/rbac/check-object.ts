import type { KubeObject } from '../../../model/objects.ts';
import { same } from '../fields/compare.ts';
import type { Kind } from '../kinds/kind.ts';
import { type Cause, invalid } from '../status.ts';
import { type Binding, noNames, type PolicyRule, RBAC_GROUP, type Role, type Subject } from './rule.ts';

/** What the API server fills in: the API group of a role reference and of users and groups. */
export function withRbacDefaults(kind: Kind, object: KubeObject): KubeObject {
  if (kind.group !== RBAC_GROUP || !kind.kind.endsWith('Binding')) return object;
  const binding = object as Binding;
  const subjects = binding.subjects?.map((subject) =>
    subject.kind === 'ServiceAccount' ? subject : { ...subject, apiGroup: subject.apiGroup || RBAC_GROUP },
  );
  const roleRef = { ...binding.roleRef, apiGroup: binding.roleRef?.apiGroup || RBAC_GROUP };
  return { ...binding, roleRef, ...(subjects === undefined ? {} : { subjects }) } as Binding;
}

/** Throws 422 for roles and bindings that make no sense (pkg/apis/rbac/validation). */
export function checkRbacObject(kind: Kind, object: KubeObject, before?: KubeObject): void {
  if (kind.group !== RBAC_GROUP) return;
  const causes = kind.kind.endsWith('Binding')
    ? bindingCauses(kind, object as Binding, before as Binding | undefined)
    : ((object as Role).rules ?? []).flatMap((rule, index) => ruleCauses(kind, rule, `rules[${index}]`));
  if (causes.length > 0) throw invalid(kind, object.metadata.name, causes);
}

const required = (field: string, why?: string): Cause => ({
  reason: 'FieldValueRequired',
  message: why === undefined ? 'Required value' : `Required value: ${why}`,
  field,
});

const wrong = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${typeof value === 'string' ? value : JSON.stringify(value)}: ${why}`,
  field,
});

const unsupported = (field: string, value: string, supported: string[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}`,
  field,
});

function ruleCauses(kind: Kind, rule: PolicyRule, at: string): Cause[] {
  const { verbs = [], apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  const causes = verbs.length === 0 ? [required(`${at}.verbs`, 'verbs must contain at least one value')] : [];
  if (nonResourceURLs.length > 0) {
    if (kind.namespaced) {
      causes.push(
        wrong(`${at}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'),
      );
    }
    if (apiGroups.length > 0 || resources.length > 0 || !noNames(rule)) {
      causes.push(
        wrong(
          `${at}.nonResourceURLs`,
          nonResourceURLs,
          'rules cannot apply to both regular resources and non-resource URLs',
        ),
      );
    }
    return causes;
  }
  if (apiGroups.length === 0)
    causes.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0)
    causes.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  return causes;
}

function bindingCauses(kind: Kind, binding: Binding, before: Binding | undefined): Cause[] {
  const { roleRef, subjects = [] } = binding;
  const kinds = kind.namespaced ? ['ClusterRole', 'Role'] : ['ClusterRole'];
  const causes: Cause[] = [];
  if (before !== undefined && !same(before.roleRef, roleRef)) {
    const text = `rbac.RoleRef{APIGroup:${JSON.stringify(roleRef.apiGroup)}, Kind:${JSON.stringify(roleRef.kind)}, Name:${JSON.stringify(roleRef.name)}}`;
    causes.push(wrong('roleRef', text, 'cannot change roleRef'));
  }
  if (!kinds.includes(roleRef.kind ?? '')) causes.push(unsupported('roleRef.kind', roleRef.kind ?? '', kinds));
  if (!roleRef.name) causes.push(required('roleRef.name'));
  return [
    ...causes,
    ...subjects.flatMap((subject, index) => subjectCauses(subject, `subjects[${index}]`, kind.namespaced)),
  ];
}

function subjectCauses({ kind, name, namespace }: Subject, at: string, namespaced: boolean): Cause[] {
  const causes = name ? [] : [required(`${at}.name`)];
  if (!['ServiceAccount', 'User', 'Group'].includes(kind)) {
    causes.push(unsupported(`${at}.kind`, kind ?? '', ['Group', 'ServiceAccount', 'User']));
  }
  if (kind === 'ServiceAccount' && !namespaced && !namespace) causes.push(required(`${at}.namespace`));
  return causes;
}
