import type { KubeObject } from '../../../model/objects.ts';
import { selectText } from '../jsonpath.ts';
import {
  age,
  claimColumns,
  createdAt,
  eventColumns,
  nodeColumns,
  quotaColumns,
  serviceColumns,
  size,
  text,
  volumeColumns,
} from './columns.ts';
import { column, type Kind } from './kind.ts';
import { podColumns } from './pod-columns.ts';
import { pod } from './pod-schema.ts';
import {
  boolean,
  conditions,
  integer,
  labels,
  list,
  listBy,
  open,
  quantities,
  type Schema,
  set,
  string,
  time,
  whole,
} from './schema.ts';

// Core kinds: the main fields are described, others pass untouched.

/** Reads a field for a field selector; absent is ''. */
const field =
  (path: string) =>
  (object: KubeObject): string =>
    selectText(object, path);

const core = (
  kind: string,
  namespaced: boolean,
  schema: Schema,
  more: Partial<Kind> & Pick<Kind, 'columns'>,
): Kind => ({
  group: '',
  versions: ['v1'],
  storage: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  namespaced,
  custom: false,
  status: false,
  schema,
  ...more,
});

const taint = open('A mark that repels pods that do not tolerate it.', {
  key: string('The taint key.'),
  value: string('The value of the key.'),
  effect: string('NoSchedule, PreferNoSchedule or NoExecute.'),
  timeAdded: time('When a NoExecute taint was added.'),
});

const accessModes = list(
  'How the volume may be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.',
  {
    type: 'string',
  },
);

const claimSchema = whole('A request for storage, and the claim on the volume that fulfils it.', {
  spec: open('What is asked for.', {
    accessModes,
    storageClassName: string('The StorageClass to provision from.'),
    volumeName: string('The PersistentVolume this claim is bound to.'),
    volumeMode: string('Filesystem or Block.', { default: 'Filesystem' }),
    resources: open('The minimum the volume must have.', {
      requests: quantities('The least that is needed.'),
      limits: quantities('The most that is allowed.'),
    }),
  }),
  status: open('What the claim got.', {
    phase: string('Pending, Bound or Lost.'),
    accessModes,
    capacity: quantities('The actual size.'),
    conditions: conditions('What happens to the claim, such as a resize.'),
  }),
});

const volumeSchema = whole('A piece of storage in the cluster.', {
  spec: open('The volume, as its administrator or provisioner made it.', {
    capacity: quantities('The size of the volume.'),
    accessModes,
    storageClassName: string('The StorageClass it belongs to.'),
    volumeMode: string('Filesystem or Block.', { default: 'Filesystem' }),
    persistentVolumeReclaimPolicy: string('What happens when its claim goes: Retain, Delete or Recycle.', {
      default: 'Retain',
    }),
    claimRef: open('The claim it is bound to.'),
    csi: open('A volume of a CSI driver.'),
    nfs: open('An NFS export.'),
    nodeAffinity: open('Nodes this volume can be reached from.'),
  }),
  status: open('The state of the volume.', { phase: string('Available, Bound, Released, Failed or Pending.') }),
});

const nodeSchema = whole('A machine that runs pods.', {
  spec: open('How the node is meant to be.', {
    unschedulable: boolean('Whether new pods may be scheduled here; `kubectl cordon` sets it.'),
    taints: list('Marks that repel pods.', taint),
    podCIDR: string('The range of pod addresses of this node.'),
    podCIDRs: set('The ranges of pod addresses of this node.'),
    providerID: string('The identity of the machine at its provider.'),
  }),
  status: open('The state of the node.', {
    capacity: quantities('All resources of the node.'),
    allocatable: quantities('Resources that pods can have.'),
    conditions: conditions('Ready, MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable.'),
    addresses: listBy(
      'type',
      'Addresses of the node.',
      open('One address.', { type: string('Hostname, InternalIP ...'), address: string('The address.') }),
    ),
    nodeInfo: open('Versions and identities of the node.'),
    images: list('Images present on the node.', open('An image.')),
  }),
});

const eventSchema = whole('A report of something that happened to an object.', {
  involvedObject: open('The object this event is about.'),
  reason: string('Why, as one CamelCase word.'),
  message: string('What happened, for people.'),
  source: open('Who reports it.', { component: string('The component.'), host: string('The node.') }),
  type: string('Normal or Warning.'),
  firstTimestamp: time('When it happened first.'),
  lastTimestamp: time('When it happened last.'),
  eventTime: time('When it happened.'),
  count: integer('How often it happened.'),
  action: string('What was done.'),
  reportingComponent: string('The controller that reports it.'),
  reportingInstance: string('The instance of the controller.'),
  related: open('A second object this event is about.'),
  series: open('Data of a repeated event.'),
});

const servicePort = open('A port.', {
  port: integer('Its number.'),
  protocol: string('TCP, UDP or SCTP.', { default: 'TCP' }),
});

const data = labels('The data, text by key.');

export const coreKinds: Kind[] = [
  core(
    'Namespace',
    false,
    whole('A scope for names.', {
      spec: open('How the namespace is meant to be.', {
        finalizers: list('Must be empty before it is removed.', { type: 'string' }),
      }),
      status: open('The state of the namespace.', {
        phase: string('Active or Terminating.'),
        conditions: conditions('What its deletion waits for.'),
      }),
    }),
    {
      shortNames: ['ns'],
      status: true,
      columns: [column('Status', text('.status.phase', 'Active')), age],
      fields: { 'status.phase': field('.status.phase') },
    },
  ),
  core('Node', false, nodeSchema, {
    shortNames: ['no'],
    status: true,
    columns: nodeColumns,
    fields: { 'spec.unschedulable': (object) => selectText(object, '.spec.unschedulable') || 'false' },
  }),
  core('Pod', true, pod, {
    shortNames: ['po'],
    categories: ['all'],
    status: true,
    deleteReturnsObject: true,
    columns: podColumns,
    fields: {
      'spec.nodeName': field('.spec.nodeName'),
      'spec.restartPolicy': field('.spec.restartPolicy'),
      'spec.schedulerName': field('.spec.schedulerName'),
      'spec.serviceAccountName': field('.spec.serviceAccountName'),
      'spec.hostNetwork': (object) => selectText(object, '.spec.hostNetwork') || 'false',
      'status.phase': field('.status.phase'),
      'status.podIP': field('.status.podIP'),
      'status.nominatedNodeName': field('.status.nominatedNodeName'),
    },
  }),
  core('PersistentVolumeClaim', true, claimSchema, {
    shortNames: ['pvc'],
    status: true,
    deleteReturnsObject: true,
    columns: claimColumns,
  }),
  core('PersistentVolume', false, volumeSchema, {
    shortNames: ['pv'],
    status: true,
    deleteReturnsObject: true,
    columns: volumeColumns,
  }),
  core('Event', true, eventSchema, {
    shortNames: ['ev'],
    columns: eventColumns,
    fields: {
      'involvedObject.kind': field('.involvedObject.kind'),
      'involvedObject.namespace': field('.involvedObject.namespace'),
      'involvedObject.name': field('.involvedObject.name'),
      'involvedObject.uid': field('.involvedObject.uid'),
      'involvedObject.apiVersion': field('.involvedObject.apiVersion'),
      'involvedObject.resourceVersion': field('.involvedObject.resourceVersion'),
      'involvedObject.fieldPath': field('.involvedObject.fieldPath'),
      reason: field('.reason'),
      reportingComponent: field('.reportingComponent'),
      source: (object) => field('.source.component')(object) || field('.reportingComponent')(object),
      type: field('.type'),
    },
  }),
  core(
    'ConfigMap',
    true,
    whole('Configuration data for pods.', {
      data,
      binaryData: labels('Binary data by key, base64.'),
      immutable: boolean('Whether the data may still change.'),
    }),
    {
      shortNames: ['cm'],
      columns: [size('Data', '.data'), age],
    },
  ),
  core(
    'Secret',
    true,
    whole('Secret data.', {
      data: labels('The data by key, base64.'),
      stringData: data,
      type: string('What kind of secret it is.'),
      immutable: boolean('Whether the data may still change.'),
    }),
    {
      columns: [column('Type', text('.type', 'Opaque')), size('Data', '.data'), age],
      fields: { type: field('.type') },
    },
  ),
  core(
    'Service',
    true,
    whole('An address for a set of pods.', {
      spec: open('How the pods are reached.', {
        selector: labels('Labels of the pods.'),
        ports: listBy('port', 'Ports of the service.', servicePort, ['port', 'protocol']),
        type: string('ClusterIP, NodePort, LoadBalancer or ExternalName.', { default: 'ClusterIP' }),
        clusterIP: string('The virtual address; None for a headless service.'),
      }),
      status: open('The state of the service.'),
    }),
    { shortNames: ['svc'], categories: ['all'], status: true, columns: serviceColumns },
  ),
  core(
    'ServiceAccount',
    true,
    whole('An identity for pods.', {
      automountServiceAccountToken: boolean('Whether pods get a token.'),
      secrets: listBy('name', 'Secrets pods may use.', open('A reference.')),
      imagePullSecrets: list('Secrets for pulling images.', open('A reference.')),
    }),
    { shortNames: ['sa'], deleteReturnsObject: true, columns: [size('Secrets', '.secrets'), age] },
  ),
  core(
    'ResourceQuota',
    true,
    whole('Limits of what a namespace may use in total.', {
      spec: open('The limits.', {
        hard: quantities('The most of each resource.'),
        scopes: list('What the quota counts.', { type: 'string' }),
      }),
      status: open('What is used.', { hard: quantities('The limits in force.'), used: quantities('What is used.') }),
    }),
    { shortNames: ['quota'], status: true, deleteReturnsObject: true, columns: quotaColumns },
  ),
  core(
    'LimitRange',
    true,
    whole('Limits and defaults of single objects in a namespace.', {
      spec: open('The limits.', { limits: list('One a type of object.', open('Limits of a type.')) }),
    }),
    { shortNames: ['limits'], columns: [createdAt] },
  ),
];
