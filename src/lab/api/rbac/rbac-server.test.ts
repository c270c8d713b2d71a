import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kubevirt16 } from '../../../model/versions/index.ts';
import { createCluster } from '../../cluster.ts';
import { roleAggregation } from '../../controllers/role-aggregation.ts';
import { serviceAccounts } from '../../controllers/service-accounts.ts';
import { random } from '../../random.ts';
import { fakeHypervisor } from '../../testing.ts';
import { startTestServer, type TestServer } from '../testing.ts';
import type { PolicyRule, Role } from './rule.ts';

// Roles and bindings over the wire: escalation, sense, aggregation, tokens of service accounts.

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const GROUP = 'rbac.authorization.k8s.io';
const readPods: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };

let at: TestServer;

beforeEach(async () => {
  at = await startTestServer();
  await at.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'vms' } } });
});
afterEach(async () => {
  expect(at.faults).toEqual([]);
  await at.close();
});

const as =
  (token: string) =>
  (path: string, body: unknown, method = 'POST') =>
    at.send(method, path, { body, token });
const admin = as('admin');
const bob = as('bob');
const roleRef = (name: string, kind = 'ClusterRole') => ({ apiGroup: GROUP, kind, name });
const toBob = [{ kind: 'User', name: 'bob' }];

/** Gives bob these rules in the namespace vms. */
async function grant(name: string, ...rules: PolicyRule[]): Promise<void> {
  expect((await admin(`${RBAC}/namespaces/vms/roles`, { metadata: { name }, rules })).status).toBe(201);
  const body = { metadata: { name }, roleRef: roleRef(name, 'Role'), subjects: toBob };
  expect((await admin(`${RBAC}/namespaces/vms/rolebindings`, body)).status).toBe(201);
}

const writeRoles: PolicyRule = {
  verbs: ['create', 'update', 'patch'],
  apiGroups: [GROUP],
  resources: ['roles', 'rolebindings'],
};
const WHO = 'user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:';

describe('nobody gives rights they do not have', () => {
  beforeEach(() => grant('writer', writeRoles, readPods));

  test('by a role', async () => {
    const rules = [
      { verbs: ['get', 'delete', 'create'], apiGroups: ['', 'apps'], resources: ['pods'] },
      { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['s'] },
    ];
    const { status, body } = await bob(`${RBAC}/namespaces/vms/roles`, { metadata: { name: 'r' }, rules });
    expect([status, body.reason]).toEqual([403, 'Forbidden']);
    expect(body.message).toBe(
      [
        `roles.rbac.authorization.k8s.io "r" is forbidden: ${WHO}`,
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}',
        '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "delete" "create"]}',
      ].join('\n'),
    );
    expect(body.details).toEqual({ name: 'r', group: GROUP, kind: 'roles' });
    expect((await bob(`${RBAC}/namespaces/vms/roles`, { metadata: { name: 'r' }, rules: [readPods] })).status).toBe(
      201,
    );
    const more = { metadata: { name: 'r' }, rules: [{ ...readPods, verbs: ['*'] }] };
    expect((await bob(`${RBAC}/namespaces/vms/roles/r`, more, 'PUT')).body.message).toContain('Verbs:["*"]}');
  });

  test('by a binding, unless they may bind that role', async () => {
    const body = { metadata: { name: 'b' }, roleRef: roleRef('cluster-admin'), subjects: toBob };
    const refused = await bob(`${RBAC}/namespaces/vms/rolebindings`, body);
    expect([refused.status, refused.body.message]).toEqual([
      403,
      [
        `rolebindings.rbac.authorization.k8s.io "b" is forbidden: ${WHO}`,
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
        '{NonResourceURLs:["*"], Verbs:["*"]}',
      ].join('\n'),
    ]);
    await grant('binder', {
      verbs: ['bind'],
      apiGroups: [GROUP],
      resources: ['clusterroles'],
      resourceNames: ['cluster-admin'],
    });
    expect((await bob(`${RBAC}/namespaces/vms/rolebindings`, body)).status).toBe(201);
  });

  test('by a binding to a role that is not there', async () => {
    const body = { metadata: { name: 'b' }, roleRef: roleRef('nosuch'), subjects: toBob };
    const { status, body: told } = await bob(`${RBAC}/namespaces/vms/rolebindings`, body);
    expect([status, told.message]).toEqual([404, 'clusterrole.rbac.authorization.k8s.io "nosuch" not found']);
    expect((await admin(`${RBAC}/namespaces/vms/rolebindings`, body)).status).toBe(201);
  });

  test('unless they may escalate', async () => {
    await grant('escalator', { verbs: ['escalate'], apiGroups: [GROUP], resources: ['roles'] });
    const rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
    expect((await bob(`${RBAC}/namespaces/vms/roles`, { metadata: { name: 'r' }, rules })).status).toBe(201);
  });

  test('a role whose rules stay may be labelled by whoever may write it', async () => {
    const rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
    await admin(`${RBAC}/namespaces/vms/roles`, { metadata: { name: 'all' }, rules });
    const labelled = await at.send('PATCH', `${RBAC}/namespaces/vms/roles/all`, {
      body: { metadata: { labels: { a: 'b' } } },
      contentType: 'application/merge-patch+json',
      token: 'bob',
    });
    expect(labelled.status).toBe(200);
  });
});

describe('roles and bindings make sense', () => {
  test.each<[string, string, object, string]>([
    [
      'a rule without verbs',
      `${RBAC}/clusterroles`,
      { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      'ClusterRole.rbac.authorization.k8s.io "x" is invalid: rules[0].verbs: Required value: verbs must contain at least one value',
    ],
    [
      'paths in a Role',
      `${RBAC}/namespaces/vms/roles`,
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }] },
      'Role.rbac.authorization.k8s.io "x" is invalid: rules[0].nonResourceURLs: Invalid value: ["/metrics"]: namespaced rules cannot apply to non-resource URLs',
    ],
    [
      'a ClusterRoleBinding to a Role',
      `${RBAC}/clusterrolebindings`,
      { roleRef: { kind: 'Role', name: 'a' } },
      'ClusterRoleBinding.rbac.authorization.k8s.io "x" is invalid: roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ],
  ])('%s is refused', async (_, path, object, message) => {
    const { status, body } = await admin(path, { metadata: { name: 'x' }, ...object });
    expect([status, body.message]).toEqual([422, message]);
  });

  test('what a binding refers to can’t be changed; API groups are filled in', async () => {
    const body = { metadata: { name: 'b' }, roleRef: { kind: 'ClusterRole', name: 'view' }, subjects: toBob };
    const made = await admin(`${RBAC}/clusterrolebindings`, body);
    expect(made.body).toMatchObject({ roleRef: { apiGroup: GROUP }, subjects: [{ apiGroup: GROUP }] });
    const { status, body: told } = await admin(
      `${RBAC}/clusterrolebindings/b`,
      { ...body, roleRef: roleRef('edit') },
      'PUT',
    );
    expect([status, told.message]).toEqual([
      422,
      'ClusterRoleBinding.rbac.authorization.k8s.io "b" is invalid: roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"ClusterRole", Name:"edit"}: cannot change roleRef',
    ]);
  });
});

describe('controllers', () => {
  test('fill roles that are made of others, however deep, and follow them', async () => {
    const { clock, store } = at;
    const hypervisor = fakeHypervisor(clock, 1, []);
    const cluster = createCluster({ clock, store, random: random('x'), hypervisor, version: kubevirt16 });
    roleAggregation(cluster).start();
    serviceAccounts(cluster).start();
    const rulesOf = (name: string): PolicyRule[] =>
      store.get<Role>('clusterroles.rbac.authorization.k8s.io', undefined, name)?.rules ?? [];
    const grants = (name: string, group: string, resource: string, verb: string): boolean =>
      rulesOf(name).some(
        (rule) => rule.apiGroups?.includes(group) && rule.resources?.includes(resource) && rule.verbs?.includes(verb),
      );
    expect(['view', 'edit', 'admin'].map((name) => grants(name, '', 'pods', 'list'))).toEqual([true, true, true]);
    expect(['view', 'edit', 'admin'].map((name) => grants(name, '', 'pods', 'delete'))).toEqual([false, true, true]);
    expect(['edit', 'admin'].map((name) => grants(name, GROUP, 'roles', 'create'))).toEqual([false, true]);
    const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
    const rules = [{ verbs: ['get'], apiGroups: ['x.io'], resources: ['things'] }];
    await admin(`${RBAC}/clusterroles`, { metadata: { name: 'things', labels }, rules });
    expect(grants('admin', 'x.io', 'things', 'get')).toBe(true);
    expect(new Set(rulesOf('admin').map((rule) => JSON.stringify(rule))).size).toBe(rulesOf('admin').length);
    await at.send('DELETE', `${RBAC}/clusterroles/things`);
    expect(grants('admin', 'x.io', 'things', 'get')).toBe(false);
    const uid = store.get('serviceaccounts', 'vms', 'default')?.metadata.uid;
    await at.send('DELETE', '/api/v1/namespaces/vms/serviceaccounts/default');
    expect(store.get('serviceaccounts', 'vms', 'default')?.metadata.uid).not.toBe(uid);
  });
});

describe('a token of a service account', () => {
  const TOKEN = '/api/v1/namespaces/vms/serviceaccounts/bot/token';
  const whoami = async (token: string) =>
    await at.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {}, token });

  async function tokenFor(expirationSeconds?: number): Promise<string> {
    const { status, body } = await admin(TOKEN, { spec: expirationSeconds === undefined ? {} : { expirationSeconds } });
    expect(status).toBe(201);
    return (body.status as unknown as { token: string }).token;
  }

  beforeEach(async () => {
    await admin('/api/v1/namespaces/vms/serviceaccounts', { metadata: { name: 'bot' } });
  });

  test('is of the account and its groups, until it expires on lab time', async () => {
    const token = await tokenFor(600);
    const { body } = await whoami(token);
    expect(body.status).toMatchObject({
      userInfo: {
        username: 'system:serviceaccount:vms:bot',
        uid: at.store.get('serviceaccounts', 'vms', 'bot')?.metadata.uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:vms', 'system:authenticated'],
      },
    });
    at.clock.advanceBy(599_000);
    expect((await whoami(token)).status).toBe(201);
    at.clock.advanceBy(1000);
    const expired = await whoami(token);
    expect([expired.status, expired.body.message]).toEqual([401, 'Unauthorized']);
  });

  test('dies with its account, even if another of the name comes', async () => {
    const token = await tokenFor();
    await at.send('DELETE', '/api/v1/namespaces/vms/serviceaccounts/bot');
    expect((await whoami(token)).status).toBe(401);
    await admin('/api/v1/namespaces/vms/serviceaccounts', { metadata: { name: 'bot' } });
    expect((await whoami(token)).status).toBe(401);
    expect((await whoami(await tokenFor())).status).toBe(201);
  });

  test('may do what is bound to the account or its groups', async () => {
    const token = await tokenFor();
    expect((await at.send('GET', '/api/v1/namespaces/vms/pods', { token })).body.message).toBe(
      'pods is forbidden: User "system:serviceaccount:vms:bot" cannot list resource "pods" in API group "" in the namespace "vms"',
    );
    await admin(`${RBAC}/namespaces/vms/roles`, { metadata: { name: 'r' }, rules: [readPods] });
    const subjects = [{ kind: 'ServiceAccount', name: 'bot', namespace: 'vms' }];
    await admin(`${RBAC}/namespaces/vms/rolebindings`, {
      metadata: { name: 'r' },
      roleRef: roleRef('r', 'Role'),
      subjects,
    });
    expect((await at.send('GET', '/api/v1/namespaces/vms/pods', { token })).status).toBe(200);
  });

  test('is not given for a moment, nor of an account that is not there', async () => {
    expect((await admin(TOKEN, { spec: { expirationSeconds: 60 } })).body.message).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    );
    expect((await admin(TOKEN.replace('bot', 'nosuch'), {})).status).toBe(404);
    expect((await bob(TOKEN, {})).body.message).toBe(
      'serviceaccounts "bot" is forbidden: User "bob" cannot create resource "serviceaccounts/token" in API group "" in the namespace "vms"',
    );
  });
});

describe('requests', () => {
  test('a namespace is in itself; a list of one name can be allowed by that name', async () => {
    await grant('see', { verbs: ['get'], apiGroups: [''], resources: ['namespaces'] });
    await grant('one', { verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] });
    const get = async (path: string) => (await at.send('GET', path, { token: 'bob' })).status;
    expect(await get('/api/v1/namespaces/vms')).toBe(200);
    expect(await get('/api/v1/namespaces/default')).toBe(403);
    expect(await get('/api/v1/namespaces/vms/pods')).toBe(403);
    expect(await get('/api/v1/namespaces/vms/pods?fieldSelector=metadata.name%3Dp')).toBe(200);
    expect(await get('/api/v1/namespaces/vms/pods?fieldSelector=metadata.name!%3Dp')).toBe(403);
  });

  test('service accounts are impersonated as such, with the groups they have', async () => {
    await grant('acting', { verbs: ['impersonate'], apiGroups: [''], resources: ['serviceaccounts'] });
    const send = async (name: string) =>
      await at.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        body: {},
        token: 'bob',
        headers: { 'impersonate-user': name },
      });
    expect((await send('system:serviceaccount:vms:bot')).body.status).toEqual({
      userInfo: {
        username: 'system:serviceaccount:vms:bot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:vms', 'system:authenticated'],
      },
    });
    expect((await send('system:serviceaccount:kube-system:x')).body.message).toBe(
      'serviceaccounts "x" is forbidden: User "bob" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "kube-system"',
    );
  });

  test.each<[string, string, object, number, unknown]>([
    [
      'SubjectAccessReview of a user who may',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      { user: 'bob', resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'vms' } },
      201,
      { allowed: true, reason: 'RBAC: allowed by RoleBinding "r/vms" of Role "r" to User "bob"' },
    ],
    [
      'SubjectAccessReview of one who may not',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      { user: 'mallory', groups: ['x'], resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'vms' } },
      201,
      { allowed: false },
    ],
    [
      'LocalSubjectAccessReview',
      '/apis/authorization.k8s.io/v1/namespaces/vms/localsubjectaccessreviews',
      { user: 'bob', resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'vms' } },
      201,
      { allowed: true, reason: 'RBAC: allowed by RoleBinding "r/vms" of Role "r" to User "bob"' },
    ],
    [
      'a review of nobody',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      { resourceAttributes: { verb: 'list', resource: 'pods' } },
      422,
      'Failure',
    ],
    ['a review of nothing', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {}, 422, 'Failure'],
  ])('%s is answered truly', async (_, path, spec, code, answer) => {
    await grant('r', readPods);
    const { status, body } = await admin(path, { spec });
    expect([status, body.status]).toEqual([code, answer]);
  });

  test('TokenReview knows whose a token is', async () => {
    const review = async (token: string) =>
      (await admin('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })).body.status;
    expect(await review('bob')).toMatchObject({ authenticated: true, user: { username: 'bob' } });
    expect(await review('wrong')).toEqual({ user: {}, error: 'invalid bearer token' });
  });
});
