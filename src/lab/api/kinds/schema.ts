/** The part of OpenAPI v3 that Kubernetes's structural schemas use. List semantics steer both kinds of merge patches. */
export interface Schema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  description?: string;
  format?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  required?: string[];
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  nullable?: boolean;
  anyOf?: Schema[];
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  /** Of server-side apply; a list without it is atomic. */
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  /** Of strategic merge patches (built-in kinds only). */
  'x-kubernetes-patch-strategy'?: 'merge';
  'x-kubernetes-patch-merge-key'?: string;
}

type Fields = Record<string, Schema>;

/** resource.Quantity's pattern, as every CRD has it. */
export const QUANTITY =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

export const string = (description: string, more: Partial<Schema> = {}): Schema => ({
  type: 'string',
  description,
  ...more,
});
export const integer = (
  description: string,
  format: 'int32' | 'int64' = 'int32',
  more: Partial<Schema> = {},
): Schema => ({
  type: 'integer',
  format,
  description,
  ...more,
});
export const boolean = (description: string, more: Partial<Schema> = {}): Schema => ({
  type: 'boolean',
  description,
  ...more,
});
export const time = (description: string): Schema => ({
  type: 'string',
  format: 'date-time',
  nullable: true,
  description,
});

/** A quantity that may be written as a number or as text, e.g. `2Gi`. */
export const quantity = (description: string): Schema => ({
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  pattern: QUANTITY,
  'x-kubernetes-int-or-string': true,
  description,
});

/** A structure whose fields are all known: others are pruned, or refused with fieldValidation=Strict. */
export const object = (description: string, properties: Fields, more: Partial<Schema> = {}): Schema => ({
  type: 'object',
  description,
  properties,
  ...more,
});

/** A structure of which only some fields are described here; the others pass untouched. */
export const open = (description: string, properties: Fields = {}, more: Partial<Schema> = {}): Schema => ({
  type: 'object',
  description,
  ...(Object.keys(properties).length === 0 ? {} : { properties }),
  'x-kubernetes-preserve-unknown-fields': true,
  ...more,
});

const map = (description: string, values: Schema): Schema => ({
  type: 'object',
  description,
  additionalProperties: values,
});
export const labels = (description: string): Schema => map(description, { type: 'string' });
export const quantities = (description: string): Schema => map(description, quantity('An amount of the resource.'));

/** A list that merges replace as a whole. */
export const list = (description: string, items: Schema): Schema => ({
  type: 'array',
  description,
  items,
  'x-kubernetes-list-type': 'atomic',
});

/** A list whose items merges match by one key field, e.g. `name`; `keys` where server-side apply uses others. */
export const listBy = (key: string, description: string, items: Schema, keys: string[] = [key]): Schema => ({
  type: 'array',
  description,
  items,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
  'x-kubernetes-patch-strategy': 'merge',
  'x-kubernetes-patch-merge-key': key,
});

export const set = (description: string): Schema => ({
  type: 'array',
  description,
  items: { type: 'string' },
  'x-kubernetes-list-type': 'set',
  'x-kubernetes-patch-strategy': 'merge',
});

/** ObjectMeta, the same for every kind. */
export const objectMeta: Schema = object(
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  {
    name: string(
      'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
    ),
    generateName: string('A prefix the server makes a unique name from, used only if name is not set.'),
    namespace: string('The space within which each name must be unique. Cannot be updated.'),
    labels: labels('Keys and values that organize and select objects.'),
    annotations: labels('Unstructured keys and values that tools store with the object.'),
    uid: string('The unique identity of this object in time and space. Set by the server.'),
    resourceVersion: string('The version of this object, for optimistic concurrency and watches. Set by the server.'),
    generation: integer('Counts the changes of the desired state. Set by the server.', 'int64'),
    creationTimestamp: time('When the object was created. Set by the server.'),
    deletionTimestamp: time('When the object will be (or was asked to be) deleted. Set by the server.'),
    deletionGracePeriodSeconds: integer('Seconds the object may take to end gracefully before it is removed.', 'int64'),
    selfLink: string('Deprecated: no longer set.'),
    finalizers: set('Must be empty before the object is removed; each is the business of one controller.'),
    ownerReferences: listBy(
      'uid',
      'Objects that this one depends on; it is garbage-collected when all of them are gone.',
      object(
        'OwnerReference identifies an owning object in the same namespace or cluster-scoped.',
        {
          apiVersion: string('API version of the owner.'),
          kind: string('Kind of the owner.'),
          name: string('Name of the owner.'),
          uid: string('UID of the owner.'),
          controller: boolean('True for the controller that manages this object.'),
          blockOwnerDeletion: boolean('True if a foreground deletion of the owner waits for this object.'),
        },
        { required: ['apiVersion', 'kind', 'name', 'uid'], 'x-kubernetes-map-type': 'atomic' },
      ),
    ),
    managedFields: list(
      'Which manager set which field, and when. Kept by the server.',
      open('One manager, one operation, one set of fields.'),
    ),
  },
);

/** The schema of a whole object; `properties` besides apiVersion, kind and metadata. */
export const whole = (description: string, properties: Fields, more: Partial<Schema> = {}): Schema => ({
  type: 'object',
  description,
  properties: {
    apiVersion: string('APIVersion defines the versioned schema of this representation of an object.'),
    kind: string('Kind is the name of the REST resource this object represents, in CamelCase. Cannot be updated.'),
    metadata: objectMeta,
    ...properties,
  },
  ...more,
});

/** metav1.Condition and its older relatives. */
export const conditions = (description: string): Schema =>
  listBy(
    'type',
    description,
    open('One aspect of the state at some point in time.', {
      type: string('Type of the condition.'),
      status: string('True, False or Unknown.'),
      reason: string('Why the condition changed last, one CamelCase word.'),
      message: string('Why the condition changed last, for people.'),
      lastTransitionTime: time('When the condition changed last.'),
    }),
  );

/** Conditions of custom resources that declare no list type: merges replace the list as a whole. */
export const atomicConditions = (description: string): Schema => {
  const { type, items } = conditions(description);
  return { ...(type === undefined ? {} : { type }), description, ...(items === undefined ? {} : { items }) };
};

/** metav1.LabelSelector. */
export const labelSelector = (description: string): Schema =>
  object(
    description,
    {
      matchLabels: labels('Pairs that must all be there.'),
      matchExpressions: list(
        'Requirements that must all hold.',
        object('A key, an operator and values.', {
          key: string('The label key the selector applies to.'),
          operator: string('In, NotIn, Exists or DoesNotExist.'),
          values: list('Values of In and NotIn.', { type: 'string' }),
        }),
      ),
    },
    { 'x-kubernetes-map-type': 'atomic' },
  );
