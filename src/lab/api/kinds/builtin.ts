import {
  age,
  bindingColumns,
  createdAt,
  daemonSetColumns,
  deploymentColumns,
  disruptionColumns,
  number,
  replicaSetColumns,
  size,
  statefulSetColumns,
  storageClassColumns,
  text,
} from './columns.ts';
import type { Kind } from './kind.ts';
import { column } from './kind.ts';
import { podTemplate } from './pod-schema.ts';
import {
  boolean,
  conditions,
  integer,
  labelSelector,
  labels,
  list,
  listBy,
  open,
  type Schema,
  string,
  time,
  whole,
} from './schema.ts';

// Built-in kinds of named groups.

const builtin = (group: string, kind: string, schema: Schema, more: Partial<Kind> & Pick<Kind, 'columns'>): Kind => ({
  group,
  versions: ['v1'],
  storage: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  namespaced: true,
  custom: false,
  status: false,
  schema,
  ...more,
});

const workload = (description: string): Schema =>
  whole(description, {
    spec: open('How it is meant to be.', {
      replicas: integer('How many pods there should be.'),
      selector: labelSelector('Which pods belong to it.'),
      template: podTemplate,
    }),
    status: open('How it is.', {
      observedGeneration: integer('The newest generation the controller has seen.', 'int64'),
      replicas: integer('How many pods there are.'),
      readyReplicas: integer('How many are ready.'),
      availableReplicas: integer('How many are available.'),
      updatedReplicas: integer('How many have the newest template.'),
      conditions: conditions('Aspects of its state.'),
    }),
  });

const apps = (kind: string, description: string, shortName: string, columns: Kind['columns']): Kind =>
  builtin('apps', kind, workload(description), { shortNames: [shortName], categories: ['all'], status: true, columns });

const rules = list(
  'What is allowed.',
  open('Verbs on resources.', {
    verbs: list('The verbs.', { type: 'string' }),
    apiGroups: list('The API groups.', { type: 'string' }),
    resources: list('The resources.', { type: 'string' }),
    resourceNames: list('Names, if only some objects.', { type: 'string' }),
    nonResourceURLs: list('Paths.', { type: 'string' }),
  }),
);
const role = whole('A set of permissions.', { rules, aggregationRule: open('Which roles this one is made of.') });
const binding = whole('Gives a role to subjects.', {
  subjects: list('Who gets the role.', open('A user, group or service account.')),
  roleRef: open('The role.', {
    apiGroup: string('Its group.'),
    kind: string('Role or ClusterRole.'),
    name: string('Its name.'),
  }),
});
const RBAC = 'rbac.authorization.k8s.io';

export const builtinKinds: Kind[] = [
  apps('Deployment', 'Keeps pods of a template running, and rolls changes out.', 'deploy', deploymentColumns),
  apps('DaemonSet', 'Runs a pod on every node that fits.', 'ds', daemonSetColumns),
  apps('ReplicaSet', 'Keeps a number of pods running.', 'rs', replicaSetColumns),
  apps('StatefulSet', 'Keeps pods with identities running.', 'sts', statefulSetColumns),
  builtin(
    'apps',
    'ControllerRevision',
    whole('A snapshot of state a controller keeps.', {
      data: open('The state.'),
      revision: integer('Its number.', 'int64'),
    }),
    {
      columns: [
        column(
          'Controller',
          (object) => object.metadata.ownerReferences?.find((owner) => owner.controller)?.name ?? '<none>',
        ),
        column('Revision', number('.revision'), { type: 'integer' }),
        age,
      ],
    },
  ),
  builtin(
    'policy',
    'PodDisruptionBudget',
    whole('How many of some pods may be disrupted at once.', {
      spec: open('The budget.', {
        selector: labelSelector('Which pods it protects.'),
        minAvailable: {
          anyOf: [{ type: 'integer' }, { type: 'string' }],
          'x-kubernetes-int-or-string': true,
          description: 'How many must stay.',
        },
        maxUnavailable: {
          anyOf: [{ type: 'integer' }, { type: 'string' }],
          'x-kubernetes-int-or-string': true,
          description: 'How many may be missing.',
        },
      }),
      status: open('What is allowed now.', {
        disruptionsAllowed: integer('How many pods may be disrupted now.'),
        currentHealthy: integer('How many are healthy.'),
        desiredHealthy: integer('How many must be healthy.'),
        expectedPods: integer('How many are counted.'),
        conditions: conditions('DisruptionAllowed.'),
      }),
    }),
    { shortNames: ['pdb'], status: true, columns: disruptionColumns },
  ),
  builtin(
    'storage.k8s.io',
    'StorageClass',
    whole('A kind of storage.', {
      provisioner: string('Who makes its volumes.'),
      parameters: labels('Parameters of the provisioner.'),
      reclaimPolicy: string('Delete or Retain.', { default: 'Delete' }),
      volumeBindingMode: string('Immediate or WaitForFirstConsumer.', { default: 'Immediate' }),
      allowVolumeExpansion: boolean('Whether claims may grow.'),
      mountOptions: list('Mount options.', { type: 'string' }),
      allowedTopologies: list('Where volumes may be.', open('A topology.')),
    }),
    {
      plural: 'storageclasses',
      namespaced: false,
      shortNames: ['sc'],
      deleteReturnsObject: true,
      columns: storageClassColumns,
    },
  ),
  builtin(
    'storage.k8s.io',
    'CSINode',
    whole('CSI drivers of a node.', {
      spec: open('The drivers.', { drivers: listBy('name', 'The drivers.', open('A driver.')) }),
    }),
    { namespaced: false, columns: [size('Drivers', '.spec.drivers'), age] },
  ),
  builtin(
    'storage.k8s.io',
    'VolumeAttachment',
    whole('A volume attached to a node.', {
      spec: open('What is attached where.', {
        attacher: string('The CSI driver.'),
        nodeName: string('The node.'),
        source: open('The volume.'),
      }),
      status: open('Whether it is attached.', { attached: boolean('Whether it is attached.') }),
    }),
    {
      namespaced: false,
      status: true,
      columns: [
        column('Attacher', text('.spec.attacher')),
        column('PV', text('.spec.source.persistentVolumeName')),
        column('Node', text('.spec.nodeName')),
        column('Attached', (object) => text('.status.attached')(object) === 'true', { type: 'boolean' }),
        age,
      ],
    },
  ),
  builtin(
    'coordination.k8s.io',
    'Lease',
    whole('A lock with an expiry.', {
      spec: open('Who holds it.', {
        holderIdentity: string('Who holds it.'),
        leaseDurationSeconds: integer('How long it is held without renewal.'),
        acquireTime: time('When it was taken.'),
        renewTime: time('When it was renewed last.'),
        leaseTransitions: integer('How often it changed hands.'),
      }),
    }),
    { columns: [column('Holder', text('.spec.holderIdentity')), age] },
  ),
  builtin(
    'scheduling.k8s.io',
    'PriorityClass',
    whole('A priority of pods.', {
      value: integer('The priority.'),
      globalDefault: boolean('Whether pods without a class get it.'),
      description: string('What it is for.'),
      preemptionPolicy: string('PreemptLowerPriority or Never.'),
    }),
    {
      plural: 'priorityclasses',
      namespaced: false,
      shortNames: ['pc'],
      columns: [
        column('Value', number('.value'), { type: 'integer' }),
        column('Global-Default', (object) => text('.globalDefault')(object) === 'true', { type: 'boolean' }),
        age,
      ],
    },
  ),
  builtin(RBAC, 'Role', role, { columns: [createdAt] }),
  builtin(RBAC, 'ClusterRole', role, { namespaced: false, columns: [createdAt] }),
  builtin(RBAC, 'RoleBinding', binding, { columns: bindingColumns }),
  builtin(RBAC, 'ClusterRoleBinding', binding, { namespaced: false, columns: bindingColumns }),
  builtin(
    'apiextensions.k8s.io',
    'CustomResourceDefinition',
    whole('A kind that was added to the API.', {
      spec: open('Its names and schemas.'),
      status: open('Whether it is served.'),
    }),
    {
      namespaced: false,
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      status: true,
      columns: [createdAt],
    },
  ),
];
