import { createHash } from 'node:crypto';
import type { KubeObject } from '../../../model/objects.ts';
import { type ResourceName, seconds } from '../store.ts';
import { type Binding, type PolicyRule, RBAC_GROUP, type Role, rbacResources, type Subject } from './rule.ts';

// The ClusterRoles and bindings that a Kubernetes API server makes for its users
// (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.33); those for its own parts are left out.

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const rule = (group: string, resources: string[], verbs: string[]): PolicyRule => ({
  apiGroups: [group],
  resources,
  verbs,
});
const paths = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] });
const withStatus = (...names: string[]): string[] => names.flatMap((name) => [name, `${name}/status`]);
const aggregateTo = (role: string): Record<string, string> => ({
  [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true',
});

interface BootstrapRole {
  name: string;
  labels?: Record<string, string>;
  rules?: PolicyRule[];
  /** The role whose aggregation label its parts carry. */
  collects?: string;
  boundTo?: string[];
}

const health = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

const roles: BootstrapRole[] = [
  {
    name: 'cluster-admin',
    rules: [rule('*', ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }],
    boundTo: ['system:masters'],
  },
  { name: 'admin', collects: 'admin' },
  { name: 'edit', collects: 'edit', labels: aggregateTo('admin') },
  { name: 'view', collects: 'view', labels: aggregateTo('edit') },
  {
    name: 'system:aggregate-to-admin',
    labels: aggregateTo('admin'),
    rules: [
      rule('authorization.k8s.io', ['localsubjectaccessreviews'], ['create']),
      rule(RBAC_GROUP, ['rolebindings', 'roles'], [...READ, ...WRITE]),
    ],
  },
  {
    name: 'system:aggregate-to-edit',
    labels: aggregateTo('edit'),
    rules: [
      rule('', ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'], READ),
      rule('', ['serviceaccounts'], ['impersonate']),
      rule('', ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'], WRITE),
      rule('', ['pods/eviction'], ['create']),
      rule(
        '',
        [
          'configmaps',
          'events',
          'persistentvolumeclaims',
          'replicationcontrollers',
          'replicationcontrollers/scale',
          'secrets',
          'serviceaccounts',
          'services',
          'services/proxy',
        ],
        WRITE,
      ),
      rule('', ['serviceaccounts/token'], ['create']),
      rule(
        'apps',
        [
          'daemonsets',
          'deployments',
          'deployments/rollback',
          'deployments/scale',
          'replicasets',
          'replicasets/scale',
          'statefulsets',
          'statefulsets/scale',
        ],
        WRITE,
      ),
      rule('autoscaling', ['horizontalpodautoscalers'], WRITE),
      rule('batch', ['cronjobs', 'jobs'], WRITE),
      rule('policy', ['poddisruptionbudgets'], WRITE),
      rule('networking.k8s.io', ['ingresses', 'networkpolicies'], WRITE),
      rule('coordination.k8s.io', ['leases'], [...READ, ...WRITE]),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    labels: aggregateTo('view'),
    rules: [
      rule(
        '',
        [
          'configmaps',
          'endpoints',
          ...withStatus('persistentvolumeclaims'),
          'pods',
          'replicationcontrollers',
          'replicationcontrollers/scale',
          'serviceaccounts',
          ...withStatus('services'),
        ],
        READ,
      ),
      rule(
        '',
        [
          'bindings',
          'events',
          'limitranges',
          'namespaces/status',
          'pods/log',
          'pods/status',
          'replicationcontrollers/status',
          ...withStatus('resourcequotas'),
        ],
        READ,
      ),
      rule('', ['namespaces'], READ),
      rule('discovery.k8s.io', ['endpointslices'], READ),
      rule(
        'apps',
        [
          'controllerrevisions',
          ...withStatus('daemonsets', 'deployments', 'replicasets', 'statefulsets'),
          ...['deployments', 'replicasets', 'statefulsets'].map((name) => `${name}/scale`),
        ],
        READ,
      ),
      rule('autoscaling', withStatus('horizontalpodautoscalers'), READ),
      rule('batch', withStatus('cronjobs', 'jobs'), READ),
      rule('policy', withStatus('poddisruptionbudgets'), READ),
      rule('networking.k8s.io', [...withStatus('ingresses'), 'networkpolicies'], READ),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
      rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
    ],
    boundTo: ['system:authenticated'],
  },
  {
    name: 'system:discovery',
    rules: [
      paths(
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
      ),
    ],
    boundTo: ['system:authenticated'],
  },
  {
    name: 'system:public-info-viewer',
    rules: [paths(...health)],
    boundTo: ['system:authenticated', 'system:unauthenticated'],
  },
  {
    name: 'system:monitoring',
    rules: [paths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*')],
    boundTo: ['system:monitoring'],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('authentication.k8s.io', ['tokenreviews'], ['create']),
      rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
    ],
  },
];

const bootstrapping = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

/** What is in the store of every cluster. Made the same each time: no randomness is drawn for it. */
export function bootstrapRoles(now: number): { resource: ResourceName; object: KubeObject }[] {
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
  return roles.flatMap(({ name, labels = {}, rules = [], collects, boundTo }) => {
    const more = { labels: { ...bootstrapping, ...labels }, annotations };
    const role = clusterRole(name, rules, now, more, collects);
    const binding =
      boundTo === undefined ? [] : [groupBinding(name, name, boundTo, now, { ...more, labels: bootstrapping })];
    return [
      { resource: rbacResources.clusterRoles, object: role },
      ...binding.map((object) => ({ resource: rbacResources.clusterRoleBindings, object })),
    ];
  });
}

type More = Pick<KubeObject['metadata'], 'labels' | 'annotations'>;

/** A ClusterRole as it is stored; `collects`: aggregated from those that carry that role's label. */
export function clusterRole(
  name: string,
  rules: PolicyRule[],
  now: number,
  more: More = {},
  ...collects: (string | undefined)[]
): Role {
  const labels = collects.filter((role) => role !== undefined).map((role) => ({ matchLabels: aggregateTo(role) }));
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name, uid: uidOf(`clusterroles/${name}`), creationTimestamp: seconds(now), ...more },
    ...(labels.length === 0 ? {} : { aggregationRule: { clusterRoleSelectors: labels } }),
    rules,
  };
}

/** A ClusterRoleBinding to groups as it is stored. */
export function groupBinding(name: string, role: string, groups: string[], now: number, more: More = {}): Binding {
  const subjects = groups.map((group): Subject => ({ apiGroup: RBAC_GROUP, kind: 'Group', name: group }));
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, uid: uidOf(`clusterrolebindings/${name}`), creationTimestamp: seconds(now), ...more },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role },
    subjects,
  };
}

function uidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
