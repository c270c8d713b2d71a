import type { KubeObject, Node, PersistentVolumeClaim, ResourceQuota } from '../../../model/objects.ts';
import { select, selectText } from '../jsonpath.ts';
import { ago } from './ages.ts';
import { type Column, column, wide } from './kind.ts';

// Computed cells of built-in kinds, as k8s.io/kubernetes/pkg/printers/internalversion computes them.

const NONE = '<none>';

type Cell = (object: KubeObject, now: number) => unknown;

/** The first value at a path, as text; `otherwise` if there is none. */
export const text =
  (path: string, otherwise = '') =>
  (object: KubeObject): string =>
    selectText(object, path) || otherwise;

export const number =
  (path: string) =>
  (object: KubeObject): number =>
    Number(select(object, path)[0] ?? 0);

/** Keys of a map as `a=1,b=2`, or `<none>`. */
const pairs =
  (path: string): Cell =>
  (object) => {
    const map = (select(object, path)[0] ?? {}) as Record<string, string>;
    const all = Object.entries(map).map(([key, value]) => (value === '' ? key : `${key}=${value}`));
    return all.sort().join(',') || NONE;
  };

/** Values of one field of a list's items: `compute,volumecontainerdisk`. */
const each =
  (path: string, field: string): Cell =>
  (object) =>
    ((select(object, path)[0] ?? []) as Record<string, string>[])
      .map((item) => item[field])
      .filter((value) => value !== undefined)
      .join(',');

export const age: Column = column('Age', (object, now) => ago(object.metadata.creationTimestamp, now), {
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.',
});
export const createdAt: Column = column('Created At', text('.metadata.creationTimestamp'));

const conditionTrue = (node: Node, type: string): boolean | undefined => {
  const found = node.status?.conditions?.find((each) => each.type === type);
  return found === undefined ? undefined : found.status === 'True';
};

/** `Ready`, `NotReady`, `Ready,SchedulingDisabled`. */
function nodeStatus(object: KubeObject): string {
  const node = object as Node;
  const ready = conditionTrue(node, 'Ready');
  let status = 'Unknown';
  if (ready !== undefined) status = ready ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(object: KubeObject): string {
  const roles = new Set<string>();
  for (const [label, value] of Object.entries(object.metadata.labels ?? {})) {
    if (label.startsWith('node-role.kubernetes.io/')) roles.add(label.slice('node-role.kubernetes.io/'.length));
    else if (label === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return (
    [...roles]
      .filter((role) => role !== '')
      .sort()
      .join(',') || NONE
  );
}

const address =
  (type: string): Cell =>
  (object) =>
    (object as Node).status?.addresses?.find((each) => each.type === type)?.address ?? NONE;

export const nodeColumns: Column[] = [
  column('Status', nodeStatus, { description: 'The status of the node' }),
  column('Roles', nodeRoles, { description: 'The roles of the node' }),
  age,
  column('Version', text('.status.nodeInfo.kubeletVersion'), { description: 'Kubelet Version reported by the node.' }),
  wide('Internal-IP', address('InternalIP')),
  wide('External-IP', address('ExternalIP')),
  wide('OS-Image', text('.status.nodeInfo.osImage', '<unknown>')),
  wide('Kernel-Version', text('.status.nodeInfo.kernelVersion', '<unknown>')),
  wide('Container-Runtime', text('.status.nodeInfo.containerRuntimeVersion', '<unknown>')),
];

const SHORT_MODES: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

const accessModes =
  (path: string) =>
  (object: KubeObject): string => {
    const modes = (select(object, path)[0] ?? []) as string[];
    return Object.keys(SHORT_MODES)
      .filter((mode) => modes.includes(mode))
      .map((mode) => SHORT_MODES[mode])
      .join(',');
  };

function claimStatus(object: KubeObject): string {
  const claim = object as PersistentVolumeClaim;
  return claim.metadata.deletionTimestamp === undefined ? (claim.status?.phase ?? '') : 'Terminating';
}

export const claimColumns: Column[] = [
  column('Status', claimStatus),
  column('Volume', text('.spec.volumeName')),
  // Like kubectl, a claim shows what it got, and nothing before it is bound.
  column('Capacity', (object) =>
    (object as PersistentVolumeClaim).spec?.volumeName ? text('.status.capacity.storage')(object) : '',
  ),
  column('Access Modes', (object) =>
    (object as PersistentVolumeClaim).spec?.volumeName ? accessModes('.status.accessModes')(object) : '',
  ),
  column('StorageClass', text('.spec.storageClassName')),
  column('VolumeAttributesClass', text('.spec.volumeAttributesClassName', '<unset>')),
  age,
  wide('VolumeMode', text('.spec.volumeMode', '<unset>')),
];

function volumeClaim(object: KubeObject): string {
  const [claim] = select(object, '.spec.claimRef') as { namespace?: string; name?: string }[];
  return claim === undefined ? '' : `${claim.namespace}/${claim.name}`;
}

export const volumeColumns: Column[] = [
  column('Capacity', text('.spec.capacity.storage')),
  column('Access Modes', accessModes('.spec.accessModes')),
  column('Reclaim Policy', text('.spec.persistentVolumeReclaimPolicy')),
  column('Status', (object) =>
    object.metadata.deletionTimestamp === undefined ? text('.status.phase')(object) : 'Terminating',
  ),
  column('Claim', volumeClaim),
  column('StorageClass', text('.spec.storageClassName')),
  column('VolumeAttributesClass', text('.spec.volumeAttributesClassName', '<unset>')),
  column('Reason', text('.status.reason')),
  age,
  wide('VolumeMode', text('.spec.volumeMode', '<unset>')),
];

/** The event's newest time, whichever of its fields carries it. */
function lastSeen(object: KubeObject, now: number): string {
  const event = object as KubeObject & {
    lastTimestamp?: string;
    eventTime?: string;
    series?: { lastObservedTime?: string };
  };
  return ago(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime, now);
}

export const eventColumns: Column[] = [
  column('Last Seen', lastSeen),
  column('Type', text('.type')),
  column('Reason', text('.reason')),
  column('Object', (object) => {
    const [of] = select(object, '.involvedObject') as { kind?: string; name?: string }[];
    return `${(of?.kind ?? '').toLowerCase()}/${of?.name ?? ''}`;
  }),
  wide('Subobject', text('.involvedObject.fieldPath')),
  wide('Source', (object) => {
    const component = text('.source.component')(object) || text('.reportingComponent')(object);
    return [component, text('.source.host')(object)].filter((part) => part !== '').join(', ');
  }),
  column('Message', (object) => text('.message')(object).trim()),
  wide('First Seen', (object, now) => ago(text('.firstTimestamp')(object) || text('.eventTime')(object), now)),
  wide('Count', (object) => Number(select(object, '.count')[0] ?? 1), { type: 'integer' }),
  wide('Name', (object) => object.metadata.name),
];

function quotaColumn(prefix: 'requests' | 'limits'): Cell {
  return (object) => {
    const quota = object as ResourceQuota;
    return Object.entries(quota.status?.hard ?? {})
      .filter(([name]) => name.startsWith('limits.') === (prefix === 'limits'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, hard]) => `${name}: ${quota.status?.used?.[name] ?? '0'}/${hard}`)
      .join(', ');
  };
}

export const quotaColumns: Column[] = [
  column('Request', quotaColumn('requests')),
  column('Limit', quotaColumn('limits')),
  age,
];

/** Containers, images and selector, as workloads show them with -o wide. */
const template = (selector: boolean): Column[] => [
  wide('Containers', each('.spec.template.spec.containers', 'name')),
  wide('Images', each('.spec.template.spec.containers', 'image')),
  ...(selector ? [wide('Selector', pairs('.spec.selector.matchLabels'))] : []),
];

const outOf =
  (some: string, all: string): Cell =>
  (object) =>
    `${number(some)(object)}/${number(all)(object)}`;

const count = (name: string, path: string): Column => column(name, number(path), { type: 'integer' });

export const deploymentColumns: Column[] = [
  column('Ready', outOf('.status.readyReplicas', '.spec.replicas')),
  count('Up-to-date', '.status.updatedReplicas'),
  count('Available', '.status.availableReplicas'),
  age,
  ...template(true),
];
export const daemonSetColumns: Column[] = [
  count('Desired', '.status.desiredNumberScheduled'),
  count('Current', '.status.currentNumberScheduled'),
  count('Ready', '.status.numberReady'),
  count('Up-to-date', '.status.updatedNumberScheduled'),
  count('Available', '.status.numberAvailable'),
  column('Node Selector', pairs('.spec.template.spec.nodeSelector')),
  age,
  ...template(true),
];
export const replicaSetColumns: Column[] = [
  count('Desired', '.spec.replicas'),
  count('Current', '.status.replicas'),
  count('Ready', '.status.readyReplicas'),
  age,
  ...template(true),
];
export const statefulSetColumns: Column[] = [
  column('Ready', outOf('.status.readyReplicas', '.spec.replicas')),
  age,
  ...template(false),
];

export const disruptionColumns: Column[] = [
  column('Min Available', text('.spec.minAvailable', 'N/A')),
  column('Max Unavailable', text('.spec.maxUnavailable', 'N/A')),
  count('Allowed Disruptions', '.status.disruptionsAllowed'),
  age,
];

export const serviceColumns: Column[] = [
  column('Type', text('.spec.type', 'ClusterIP')),
  column('Cluster-IP', text('.spec.clusterIP', NONE)),
  column('External-IP', (object) => ((select(object, '.spec.externalIPs')[0] ?? []) as string[]).join(',') || NONE),
  column('Port(s)', (object) => {
    const ports = (select(object, '.spec.ports')[0] ?? []) as { port: number; nodePort?: number; protocol?: string }[];
    return (
      ports
        .map((each) => `${each.port}${each.nodePort ? `:${each.nodePort}` : ''}/${each.protocol ?? 'TCP'}`)
        .join(',') || NONE
    );
  }),
  age,
  wide('Selector', pairs('.spec.selector')),
];

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export const storageClassColumns: Column[] = [
  column('Name', ({ metadata }) =>
    metadata.annotations?.[DEFAULT_CLASS] === 'true' ? `${metadata.name} (default)` : metadata.name,
  ),
  column('Provisioner', text('.provisioner')),
  column('ReclaimPolicy', text('.reclaimPolicy', 'Delete')),
  column('VolumeBindingMode', text('.volumeBindingMode', 'Immediate')),
  column('AllowVolumeExpansion', (object) => select(object, '.allowVolumeExpansion')[0] === true, { type: 'boolean' }),
  age,
];

const subjects =
  (kind: string): Cell =>
  (object) =>
    ((select(object, '.subjects')[0] ?? []) as { kind: string; name: string; namespace?: string }[])
      .filter((subject) => subject.kind === kind)
      .map((subject) => (kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name))
      .join(', ');

export const bindingColumns: Column[] = [
  column('Role', (object) => `${text('.roleRef.kind')(object)}/${text('.roleRef.name')(object)}`),
  age,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
];

/** How many entries a map or list at a path has. */
export const size = (name: string, path: string): Column =>
  column(name, (object) => Object.keys(select(object, path)[0] ?? {}).length, { type: 'integer' });
