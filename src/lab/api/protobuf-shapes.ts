/** How a field is read. Repeated fields are lists or maps. */
export type Type =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'bytes'
  | 'quantity'
  | 'intOrString'
  | 'time'
  | { fields: Shape }
  | { list: Type }
  | { map: Type };

/** A message: JSON name and type by field number. */
export interface Shape {
  [field: number]: readonly [name: string, type: Type];
}

// Field numbers from the generated.proto files of k8s.io/api and k8s.io/apimachinery. These are the kinds that kubectl
// creates with its typed clients, and what drain and delete send.

const strings: Type = { list: 'string' };
const stringMap: Type = { map: 'string' };
const reference: Type = {
  fields: { 1: ['kind', 'string'], 2: ['namespace', 'string'], 3: ['name', 'string'], 4: ['uid', 'string'] },
};
const localReference: Type = { fields: { 1: ['name', 'string'] } };

const metadata: Type = {
  fields: {
    1: ['name', 'string'],
    2: ['generateName', 'string'],
    3: ['namespace', 'string'],
    5: ['uid', 'string'],
    6: ['resourceVersion', 'string'],
    11: ['labels', stringMap],
    12: ['annotations', stringMap],
    13: [
      'ownerReferences',
      {
        list: {
          fields: {
            1: ['kind', 'string'],
            3: ['name', 'string'],
            4: ['uid', 'string'],
            5: ['apiVersion', 'string'],
            6: ['controller', 'boolean'],
            7: ['blockOwnerDeletion', 'boolean'],
          },
        },
      },
    ],
    14: ['finalizers', strings],
  },
};

const labelSelector: Type = {
  fields: {
    1: ['matchLabels', stringMap],
    2: [
      'matchExpressions',
      { list: { fields: { 1: ['key', 'string'], 2: ['operator', 'string'], 3: ['values', strings] } } },
    ],
  },
};

const deleteOptions: Shape = {
  1: ['gracePeriodSeconds', 'integer'],
  2: ['preconditions', { fields: { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] } }],
  3: ['orphanDependents', 'boolean'],
  4: ['propagationPolicy', 'string'],
  5: ['dryRun', strings],
};

const rules: Type = {
  list: {
    fields: {
      1: ['verbs', strings],
      2: ['apiGroups', strings],
      3: ['resources', strings],
      4: ['resourceNames', strings],
      5: ['nonResourceURLs', strings],
    },
  },
};

const binding: Shape = {
  1: ['metadata', metadata],
  2: [
    'subjects',
    {
      list: {
        fields: { 1: ['kind', 'string'], 2: ['apiGroup', 'string'], 3: ['name', 'string'], 4: ['namespace', 'string'] },
      },
    },
  ],
  3: ['roleRef', { fields: { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] } }],
};

const resourceAttributes: Type = {
  fields: {
    1: ['namespace', 'string'],
    2: ['verb', 'string'],
    3: ['group', 'string'],
    4: ['version', 'string'],
    5: ['resource', 'string'],
    6: ['subresource', 'string'],
    7: ['name', 'string'],
  },
};
const nonResourceAttributes: Type = { fields: { 1: ['path', 'string'], 2: ['verb', 'string'] } };

const subjectAccessReview: Shape = {
  2: [
    'spec',
    {
      fields: {
        1: ['resourceAttributes', resourceAttributes],
        2: ['nonResourceAttributes', nonResourceAttributes],
        3: ['user', 'string'],
        4: ['groups', strings],
      },
    },
  ],
};

export const shapes: Record<string, Shape> = {
  SelfSubjectAccessReview: {
    2: [
      'spec',
      {
        fields: { 1: ['resourceAttributes', resourceAttributes], 2: ['nonResourceAttributes', nonResourceAttributes] },
      },
    ],
  },
  SubjectAccessReview: subjectAccessReview,
  LocalSubjectAccessReview: subjectAccessReview,
  SelfSubjectRulesReview: { 2: ['spec', { fields: { 1: ['namespace', 'string'] } }] },
  SelfSubjectReview: {},
  TokenReview: { 2: ['spec', { fields: { 1: ['token', 'string'], 2: ['audiences', strings] } }] },
  TokenRequest: {
    2: [
      'spec',
      {
        fields: {
          1: ['audiences', strings],
          3: [
            'boundObjectRef',
            {
              fields: {
                1: ['kind', 'string'],
                2: ['apiVersion', 'string'],
                3: ['name', 'string'],
                4: ['uid', 'string'],
              },
            },
          ],
          4: ['expirationSeconds', 'integer'],
        },
      },
    ],
  },
  DeleteOptions: deleteOptions,
  Eviction: { 1: ['metadata', metadata], 2: ['deleteOptions', { fields: deleteOptions }] },
  Namespace: { 1: ['metadata', metadata], 2: ['spec', { fields: { 1: ['finalizers', strings] } }] },
  ConfigMap: {
    1: ['metadata', metadata],
    2: ['data', stringMap],
    3: ['binaryData', { map: 'bytes' }],
    4: ['immutable', 'boolean'],
  },
  Secret: {
    1: ['metadata', metadata],
    2: ['data', { map: 'bytes' }],
    3: ['type', 'string'],
    4: ['stringData', stringMap],
    5: ['immutable', 'boolean'],
  },
  ServiceAccount: {
    1: ['metadata', metadata],
    2: ['secrets', { list: reference }],
    3: ['imagePullSecrets', { list: localReference }],
    4: ['automountServiceAccountToken', 'boolean'],
  },
  ResourceQuota: {
    1: ['metadata', metadata],
    2: ['spec', { fields: { 1: ['hard', { map: 'quantity' }], 2: ['scopes', strings] } }],
  },
  PodDisruptionBudget: {
    1: ['metadata', metadata],
    2: [
      'spec',
      {
        fields: {
          1: ['minAvailable', 'intOrString'],
          2: ['selector', labelSelector],
          3: ['maxUnavailable', 'intOrString'],
        },
      },
    ],
  },
  PriorityClass: {
    1: ['metadata', metadata],
    2: ['value', 'integer'],
    3: ['globalDefault', 'boolean'],
    4: ['description', 'string'],
    5: ['preemptionPolicy', 'string'],
  },
  Role: { 1: ['metadata', metadata], 2: ['rules', rules] },
  ClusterRole: {
    1: ['metadata', metadata],
    2: ['rules', rules],
    3: ['aggregationRule', { fields: { 1: ['clusterRoleSelectors', { list: labelSelector }] } }],
  },
  RoleBinding: binding,
  ClusterRoleBinding: binding,
};
