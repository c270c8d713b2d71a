import type { Api } from './api.ts';
import { authenticated } from './authentication.ts';
import type { Attributes } from './authorization.ts';
import { decode } from './body.ts';
import type { User } from './extension.ts';
import { aggregate } from './rbac/rights.ts';
import type { PolicyRule } from './rbac/rule.ts';
import type { ApiRequest, ApiResponse, Target } from './request.ts';
import { isObject } from './schema/structural.ts';
import { badRequest, type Cause, invalid, methodNotAllowed } from './status.ts';
import { seconds } from './store.ts';

type Json = Record<string, unknown>;

interface Asked {
  api: Api;
  user: User;
  spec: Json;
  /** Of a LocalSubjectAccessReview: where it was sent. */
  namespace: string | undefined;
}

/** Answers access and identity reviews, in JSON whatever they were asked in; undefined for other resources. */
export function review(
  api: Api,
  request: ApiRequest,
  { group, version, plural, namespace }: Target,
): ApiResponse | undefined {
  if (version !== 'v1' || (group !== 'authorization.k8s.io' && group !== 'authentication.k8s.io')) return undefined;
  const found = reviews[`${plural}.${group}`];
  if (found === undefined) return undefined;
  if (request.method !== 'POST') throw methodNotAllowed();
  const { kind, answer } = found;
  const body = decode(request, kind);
  const spec = isObject(body) && isObject(body['spec']) ? body['spec'] : {};
  const answered = answer({ api, user: request.user, spec, namespace });
  return { status: 201, body: { kind, apiVersion: `${group}/v1`, metadata: {}, ...answered } };
}

const reviews: Record<string, { kind: string; answer: (asked: Asked) => Json }> = {
  'selfsubjectaccessreviews.authorization.k8s.io': {
    kind: 'SelfSubjectAccessReview',
    answer: ({ api, user, spec }) => {
      refuseIf('SelfSubjectAccessReview', attributesCauses(spec));
      return { spec, status: decision(api, user, spec) };
    },
  },
  'subjectaccessreviews.authorization.k8s.io': {
    kind: 'SubjectAccessReview',
    answer: ({ api, spec }) => {
      refuseIf('SubjectAccessReview', [...attributesCauses(spec), ...subjectCauses(spec)]);
      return { spec, status: decision(api, subjectOf(spec), spec) };
    },
  },
  'localsubjectaccessreviews.authorization.k8s.io': {
    kind: 'LocalSubjectAccessReview',
    answer: ({ api, spec, namespace }) => {
      refuseIf('LocalSubjectAccessReview', [...attributesCauses(spec), ...subjectCauses(spec)]);
      const { resourceAttributes } = spec;
      if (isObject(resourceAttributes) && textOf(resourceAttributes, 'namespace') !== namespace) {
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace ?? ''}`);
      }
      return { metadata: { namespace }, spec, status: decision(api, subjectOf(spec), spec) };
    },
  },
  'selfsubjectrulesreviews.authorization.k8s.io': {
    kind: 'SelfSubjectRulesReview',
    answer: ({ api, user, spec }) => {
      const namespace = textOf(spec, 'namespace');
      if (namespace === '') throw badRequest('no namespace on request');
      return { spec: {}, status: rules(api, user, namespace) };
    },
  },
  'selfsubjectreviews.authentication.k8s.io': {
    kind: 'SelfSubjectReview',
    answer: ({ api, user }) => ({
      metadata: { creationTimestamp: seconds(api.clock.now()) },
      status: { userInfo: userInfo(user) },
    }),
  },
  'tokenreviews.authentication.k8s.io': {
    kind: 'TokenReview',
    answer: ({ api, spec }) => {
      const user = api.tokens.userOf(textOf(spec, 'token'));
      const status =
        user === undefined
          ? { user: {}, error: 'invalid bearer token' }
          : { authenticated: true, user: userInfo(authenticated(user)), audiences: ['https://kubernetes.default.svc'] };
      return { spec, status };
    },
  },
};

function userInfo({ name, uid, groups, extra }: User): Json {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
}

function refuseIf(kind: string, causes: Cause[]): void {
  if (causes.length > 0) throw invalid({ group: 'authorization.k8s.io', kind }, '', causes);
}

function attributesCauses(spec: Json): Cause[] {
  const [onResource, onPath] = [isObject(spec['resourceAttributes']), isObject(spec['nonResourceAttributes'])];
  if (onResource !== onPath) return [];
  const why = onResource
    ? 'cannot be specified in combination with resourceAttributes'
    : 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return onResource
    ? [
        {
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(spec['nonResourceAttributes'])}: ${why}`,
          field: 'spec.nonResourceAttributes',
        },
      ]
    : [{ reason: 'FieldValueInvalid', message: `Invalid value: null: ${why}`, field: 'spec.resourceAttributes' }];
}

function subjectCauses(spec: Json): Cause[] {
  const { name, groups } = subjectOf(spec);
  if (name !== '' || groups.length > 0) return [];
  const why = 'at least one of user or group must be specified';
  return [{ reason: 'FieldValueInvalid', message: `Invalid value: "": ${why}`, field: 'spec.user' }];
}

/** Whom a review is about: exactly the groups that were named. */
function subjectOf(spec: Json): User {
  const groups = Array.isArray(spec['groups']) ? (spec['groups'] as string[]) : [];
  return { name: textOf(spec, 'user'), groups };
}

function textOf(from: Json, name: string): string {
  const value = from[name];
  return typeof value === 'string' ? value : '';
}

function decision(api: Api, user: User, spec: Json): Json {
  const { allowed, reason = '' } = api.rights.authorize(attributesOf(user, spec));
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function attributesOf(user: User, spec: Json): Attributes {
  if (isObject(spec['nonResourceAttributes'])) {
    const of = spec['nonResourceAttributes'];
    return { user, verb: textOf(of, 'verb'), path: textOf(of, 'path') };
  }
  const of = isObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
  const optional = (name: 'subresource' | 'namespace' | 'name'): Json =>
    textOf(of, name) === '' ? {} : { [name]: textOf(of, name) };
  return {
    user,
    verb: textOf(of, 'verb'),
    group: textOf(of, 'group'),
    resource: textOf(of, 'resource'),
    ...optional('subresource'),
    ...optional('namespace'),
    ...optional('name'),
  };
}

/** Every rule that applies to the user in a namespace, as the roles have them. */
function rules(api: Api, user: User, namespace: string): Json {
  const found = api.rights.rulesFor(user, namespace);
  const some = (values: string[] | undefined): values is string[] => values !== undefined && values.length > 0;
  const named = ({ resourceNames }: PolicyRule): Json => (some(resourceNames) ? { resourceNames } : {});
  return {
    resourceRules: found.rules
      .filter(({ resources }) => some(resources))
      .map((rule) => ({ verbs: rule.verbs, apiGroups: rule.apiGroups, resources: rule.resources, ...named(rule) })),
    nonResourceRules: found.rules
      .filter(({ nonResourceURLs }) => some(nonResourceURLs))
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: found.errors.length > 0,
    ...(found.errors.length === 0 ? {} : { evaluationError: aggregate(found.errors) }),
  };
}
