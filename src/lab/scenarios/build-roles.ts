import type { KubeObject } from '../../model/objects.ts';
import { defaultRoles } from '../../model/versions/roles.ts';
import { clusterRole, groupBinding } from '../api/rbac/bootstrap.ts';
import { type PolicyRule, RBAC_GROUP, rbacResources } from '../api/rbac/rule.ts';
import type { Cluster } from '../cluster.ts';

// The ClusterRoles that OpenShift and the operators add to Kubernetes's own (src/lab/api/rbac/bootstrap.ts).

/** The group of the lab's own reader: bound to cluster-reader. */
export const VIEWERS = 'viewers';

const READ = ['get', 'list', 'watch'];
const EVERYBODY = ['system:authenticated'];

const rule = (group: string, names: string[], verbs: string[]): PolicyRule => ({
  apiGroups: [group],
  resources: names,
  verbs,
});
const withStatus = (...names: string[]): string[] => names.flatMap((name) => [name, `${name}/status`]);
const aggregateTo = (...roles: string[]): Record<string, string> =>
  Object.fromEntries(roles.map((role) => [`${RBAC_GROUP}/aggregate-to-${role}`, 'true']));

/** What OpenShift's cluster-reader has of its own; the rest is aggregated, `view` among it. */
const clusterReader: PolicyRule[] = [
  rule(
    '',
    [
      'bindings',
      'componentstatuses',
      ...withStatus('namespaces', 'nodes', 'persistentvolumeclaims', 'persistentvolumes', 'pods', 'resourcequotas'),
      'pods/binding',
      'pods/eviction',
      'pods/log',
      'podtemplates',
      'limitranges',
      'events',
    ],
    READ,
  ),
  rule('admissionregistration.k8s.io', ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'], READ),
  rule('apiextensions.k8s.io', withStatus('customresourcedefinitions'), READ),
  rule('apiregistration.k8s.io', withStatus('apiservices'), READ),
  rule('coordination.k8s.io', ['leases'], READ),
  rule('events.k8s.io', ['events'], READ),
  rule('metrics.k8s.io', ['nodes', 'pods'], READ),
  rule('node.k8s.io', ['runtimeclasses'], READ),
  rule('policy', withStatus('poddisruptionbudgets'), READ),
  rule(RBAC_GROUP, ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles'], READ),
  rule('scheduling.k8s.io', ['priorityclasses'], READ),
  rule('storage.k8s.io', ['csidrivers', 'csinodes', 'storageclasses', ...withStatus('volumeattachments')], READ),
  rule('authorization.k8s.io', ['localsubjectaccessreviews', 'subjectaccessreviews'], ['create']),
  rule('authentication.k8s.io', ['tokenreviews'], ['create']),
  rule('', ['nodes/metrics', 'nodes/spec'], ['get']),
  rule('', ['nodes/stats'], ['create', 'get']),
  { nonResourceURLs: ['*'], verbs: ['get'] },
];

/** CDI's roles for users (containerized-data-importer pkg/operator/resources/cluster/rbac.go). */
const cdiUse: PolicyRule[] = [
  rule(
    'cdi.kubevirt.io',
    [
      'datavolumes',
      'dataimportcrons',
      'datasources',
      'volumeimportsources',
      'volumeuploadsources',
      'volumeclonesources',
    ],
    ['*'],
  ),
  rule('cdi.kubevirt.io', ['datavolumes/source'], ['create']),
  rule('upload.cdi.kubevirt.io', ['uploadtokenrequests'], ['*']),
];
const cdiView: PolicyRule[] = [
  rule(
    'cdi.kubevirt.io',
    [
      'cdiconfigs',
      'dataimportcrons',
      'datasources',
      'datavolumes',
      'objecttransfers',
      'storageprofiles',
      'volumeimportsources',
      'volumeuploadsources',
      'volumeclonesources',
    ],
    READ,
  ),
  rule('cdi.kubevirt.io', ['datavolumes/source'], ['create']),
];

interface OperatorRole {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  rules: PolicyRule[];
  boundTo?: string[];
}

/** The operator lifecycle manager makes these of every API that an operator owns. */
function olmRoles(group: string, plural: string, version: string): OperatorRole[] {
  const verbs = { admin: ['*'], edit: ['create', 'update', 'patch', 'delete'], view: READ };
  return Object.entries(verbs).map(([role, allowed]) => ({
    name: `${plural}.${group}-${version}-${role}`,
    labels: aggregateTo(role),
    rules: [rule(group, [plural], allowed)],
  }));
}

function operatorRoles(minor: number): OperatorRole[] {
  return [
    ...defaultRoles(minor).map(({ forEverybody, ...role }) => ({
      ...role,
      ...(forEverybody === true ? { boundTo: EVERYBODY } : {}),
    })),
    { name: 'cdi.kubevirt.io:admin', labels: aggregateTo('admin'), rules: cdiUse },
    { name: 'cdi.kubevirt.io:edit', labels: aggregateTo('edit'), rules: cdiUse },
    { name: 'cdi.kubevirt.io:view', labels: aggregateTo('view'), rules: cdiView },
    {
      name: 'cdi.kubevirt.io:config-reader',
      rules: [rule('cdi.kubevirt.io', ['cdiconfigs', 'storageprofiles'], READ)],
      boundTo: EVERYBODY,
    },
    ...olmRoles('hco.kubevirt.io', 'hyperconvergeds', 'v1beta1'),
    {
      name: 'net-attach-def-project',
      labels: aggregateTo('admin', 'edit', 'view'),
      rules: [rule('k8s.cni.cncf.io', ['network-attachment-definitions'], READ)],
    },
    {
      name: 'nmstate-cluster-reader',
      labels: aggregateTo('cluster-reader'),
      rules: [
        { nonResourceURLs: ['/metrics'], verbs: ['get'] },
        rule(
          'nmstate.io',
          ['nmstates', 'nodenetworkstates', 'nodenetworkconfigurationpolicies', 'nodenetworkconfigurationenactments'],
          READ,
        ),
      ],
    },
    {
      name: 'system:openshift:aggregate-to-cluster-reader',
      labels: aggregateTo('cluster-reader'),
      rules: clusterReader,
    },
  ];
}

/** As virt-operator does at an upgrade: KubeVirt's ClusterRoles become those of the version that is there now. */
export function updateRoles({ clock, store, version }: Cluster): void {
  const { clusterRoles } = rbacResources;
  for (const { name, rules, forEverybody: _everybody, ...more } of defaultRoles(version.minor)) {
    const wanted = clusterRole(name, rules, clock.now(), more);
    const before = store.get(clusterRoles, undefined, name);
    if (before === undefined) store.create(clusterRoles, wanted);
    else store.update(clusterRoles, { ...before, ...wanted, metadata: { ...before.metadata, ...more } });
  }
}

/** Stores them, with their bindings; what aggregates others is filled by a controller. */
export function createRoles({ clock, store, version }: Cluster): void {
  const now = clock.now();
  const put = (resource: string, object: KubeObject): void => void store.create(resource, object);
  for (const { name, rules, boundTo, ...more } of operatorRoles(version.minor)) {
    put(rbacResources.clusterRoles, clusterRole(name, rules, now, more));
    if (boundTo !== undefined) put(rbacResources.clusterRoleBindings, groupBinding(name, name, boundTo, now, more));
  }
  put(rbacResources.clusterRoles, clusterRole('cluster-reader', [], now, {}, 'cluster-reader', 'view'));
  put(rbacResources.clusterRoleBindings, groupBinding('ferry-lab-viewers', 'cluster-reader', [VIEWERS], now));
}
