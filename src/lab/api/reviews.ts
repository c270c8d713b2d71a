import type { Api } from './api.ts';
import type { Attributes } from './authorization.ts';
import { decode } from './body.ts';
import type { User } from './extension.ts';
import type { ApiRequest, ApiResponse, Target } from './request.ts';
import { isObject } from './schema/structural.ts';
import { methodNotAllowed } from './status.ts';
import { seconds } from './store.ts';

type Json = Record<string, unknown>;

/** Answers access and identity reviews, in JSON whatever they were asked in; undefined for other resources. */
export function review(api: Api, request: ApiRequest, { group, version, plural }: Target): ApiResponse | undefined {
  if (version !== 'v1' || (group !== 'authorization.k8s.io' && group !== 'authentication.k8s.io')) return undefined;
  const answer = answers[`${plural}.${group}`];
  if (answer === undefined) return undefined;
  if (request.method !== 'POST') throw methodNotAllowed();
  const body = decode(request, 'SelfSubjectAccessReview');
  const spec = isObject(body) && isObject(body['spec']) ? body['spec'] : {};
  const { kind, ...rest } = answer(api, request.user, spec);
  return { status: 201, body: { kind, apiVersion: `${group}/v1`, metadata: {}, ...rest } };
}

const answers: Record<string, (api: Api, user: User, spec: Json) => { kind: string } & Json> = {
  'selfsubjectaccessreviews.authorization.k8s.io': (api, user, spec) => ({
    kind: 'SelfSubjectAccessReview',
    spec,
    status: decision(api, user, spec),
  }),
  'subjectaccessreviews.authorization.k8s.io': (api, _user, spec) => {
    const groups = Array.isArray(spec['groups']) ? (spec['groups'] as string[]) : [];
    return {
      kind: 'SubjectAccessReview',
      spec,
      status: decision(api, { name: textOf(spec, 'user'), groups }, spec),
    };
  },
  'selfsubjectrulesreviews.authorization.k8s.io': (api, user, spec) => ({
    kind: 'SelfSubjectRulesReview',
    spec: {},
    status: rules(api, user, textOf(spec, 'namespace')),
  }),
  'selfsubjectreviews.authentication.k8s.io': (api, user) => ({
    kind: 'SelfSubjectReview',
    metadata: { creationTimestamp: seconds(api.clock.now()) },
    status: { userInfo: { username: user.name, groups: user.groups } },
  }),
};

function textOf(from: Json, name: string): string {
  const value = from[name];
  return typeof value === 'string' ? value : '';
}

function decision(api: Api, user: User, spec: Json): Json {
  const answer = api.authorize(attributesOf(user, spec));
  return answer === true
    ? { allowed: true }
    : { allowed: false, ...(typeof answer === 'string' ? { reason: answer } : {}) };
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

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

/** What the user may do with each kind in a namespace, asked of the authorizer kind by kind. */
function rules(api: Api, user: User, namespace: string): Json {
  const everything = api.authorize({ user, verb: '*', group: '*', resource: '*', namespace }) === true;
  const resourceRules = everything
    ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
    : api.kinds.all
        .map(({ group, plural }) => ({
          verbs: VERBS.filter((verb) => api.authorize({ user, verb, group, resource: plural, namespace }) === true),
          apiGroups: [group],
          resources: [plural],
        }))
        .filter(({ verbs }) => verbs.length > 0);
  const nonResourceRules = [
    {
      verbs: ['get'],
      nonResourceURLs: [
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ],
    },
  ];
  return { resourceRules, nonResourceRules, incomplete: false };
}
