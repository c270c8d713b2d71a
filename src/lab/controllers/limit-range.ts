import type { KubeObject, Pod } from '../../model/objects.ts';
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, quantityOf } from '../../model/quantity.ts';
import type { Webhook } from '../api/extension.ts';
import { forbidden } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

type Amounts = Record<string, string>;

interface LimitRange extends KubeObject {
  spec?: {
    limits?: {
      type: string;
      default?: Amounts;
      defaultRequest?: Amounts;
      min?: Amounts;
      max?: Amounts;
    }[];
  };
}

type Limits = NonNullable<NonNullable<LimitRange['spec']>['limits']>[number];
type Container = NonNullable<Pod['spec']>['containers'][number];

const amounts = (given: unknown): Amounts => (given ?? {}) as Amounts;

function limitsOf(cluster: Cluster, namespace: string | undefined): Limits[] {
  if (cluster.store.count(resources.limitRanges) === 0) return [];
  const ranges = cluster.store.list<LimitRange>(resources.limitRanges, namespace ?? '');
  return ranges.flatMap(({ spec }) => spec?.limits ?? []);
}

/** What a container gets that asks for less: what a LimitRange leaves out follows from its max, limit and min (Kubernetes, SetDefaults_LimitRangeItem). */
function defaultsOf(limits: Limits[]): { limits: Amounts; requests: Amounts } {
  const found: { limits: Amounts; requests: Amounts } = { limits: {}, requests: {} };
  for (const { type, max, min, ...given } of limits) {
    if (type !== 'Container') continue;
    const byDefault = { ...max, ...given.default };
    Object.assign(found.limits, byDefault);
    Object.assign(found.requests, { ...min, ...byDefault, ...given.defaultRequest });
  }
  return found;
}

/**
 * The LimitRanger admission plugin's defaults: requests and limits of containers that state none, and the annotation that
 * tells of them (Kubernetes plugin/pkg/admission/limitranger, mergePodResourceRequirements). The pod itself if there is
 * nothing to add.
 */
export function withLimitDefaults<T extends Pod>(cluster: Cluster, pod: T): T {
  const defaults = defaultsOf(limitsOf(cluster, pod.metadata.namespace));
  const notes: string[] = [];
  const fill =
    (kind: string) =>
    (container: Container): Container => {
      const own = container.resources;
      const added = (['requests', 'limits'] as const).map((what) => {
        const asked = amounts(own?.[what]);
        // A limit without a request is the request, too, before LimitRanger looks.
        const implied = what === 'requests' ? amounts(own?.limits) : {};
        const missing = Object.keys(defaults[what]).filter((name) => !(name in asked) && !(name in implied));
        if (missing.length > 0) {
          const names = missing.toSorted().join(', ');
          notes.push(`${names} ${what === 'requests' ? 'request' : 'limit'} for ${kind} ${container.name}`);
        }
        return [what, missing.map((name) => [name, defaults[what][name] ?? ''] as const)] as const;
      });
      if (added.every(([, missing]) => missing.length === 0)) return container;
      const filled = added.map(
        ([what, missing]) => [what, { ...own?.[what], ...Object.fromEntries(missing) }] as const,
      );
      return { ...container, resources: { ...own, ...Object.fromEntries(filled) } };
    };
  const spec = pod.spec;
  if (spec === undefined) return pod;
  const containers = spec.containers.map(fill('container'));
  const initContainers = spec.initContainers?.map(fill('init container'));
  if (notes.length === 0) return pod;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: {
        ...pod.metadata.annotations,
        'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${notes.join('; ')}`,
      },
    },
    spec: { ...spec, containers, ...(initContainers === undefined ? {} : { initContainers }) },
  };
}

/** What keeps requests and limits from being within a LimitRange, in LimitRanger's words (minConstraint, maxConstraint). */
function violations({ type, min, max }: Limits, needs: { requests: Amounts; limits: Amounts }): string[] {
  const found: string[] = [];
  const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1);
  const exceeds = (a: string, b: string): boolean => compareQuantities(parseQuantity(a), parseQuantity(b)) > 0;
  const check = (bound: 'minimum' | 'maximum', name: string, value: string): void => {
    const [request, limit] = [needs.requests[name], needs.limits[name]];
    const text = `${bound} ${name} usage per ${type} is ${value}`;
    const [must, other] = bound === 'minimum' ? (['request', 'limit'] as const) : (['limit', 'request'] as const);
    const stated = { request, limit };
    const wrong = (amount: string): boolean => (bound === 'minimum' ? exceeds(value, amount) : exceeds(amount, value));
    const first = stated[must];
    const second = stated[other];
    if (first === undefined) found.push(`${text}.  No ${must} is specified`);
    else if (wrong(first)) found.push(`${text}, but ${must} is ${first}`);
    else if (second !== undefined && wrong(second)) found.push(`${text}, but ${other} is ${second}`);
  };
  for (const [name, value] of Object.entries(min ?? {}).toSorted(byName)) check('minimum', name, value);
  for (const [name, value] of Object.entries(max ?? {}).toSorted(byName)) check('maximum', name, value);
  return found;
}

function sum(all: Amounts[]): Amounts {
  const total: Amounts = {};
  for (const each of all) {
    for (const [name, amount] of Object.entries(each)) {
      const before =
        total[name] === undefined ? quantityOf(0, parseQuantity(amount).format) : parseQuantity(total[name]);
      total[name] = formatQuantity(addQuantities(before, parseQuantity(amount)));
    }
  }
  return total;
}

/** Why LimitRanger would turn a pod down; undefined if it would not. */
export function outsideLimits(cluster: Cluster, pod: Pod): string | undefined {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const needsOf = ({ resources: own }: Container): { requests: Amounts; limits: Amounts } => ({
    requests: { ...amounts(own?.limits), ...amounts(own?.requests) },
    limits: amounts(own?.limits),
  });
  const found: string[] = [];
  for (const limits of limitsOf(cluster, pod.metadata.namespace)) {
    if (limits.type === 'Container') {
      for (const container of [...containers, ...initContainers]) found.push(...violations(limits, needsOf(container)));
    } else if (limits.type === 'Pod') {
      const all = containers.map(needsOf);
      const total = { requests: sum(all.map((each) => each.requests)), limits: sum(all.map((each) => each.limits)) };
      found.push(...violations(limits, total));
    }
  }
  if (found.length === 0) return undefined;
  const why = found.length === 1 ? found[0] : `[${found.join(', ')}]`;
  return `pods "${pod.metadata.name}" is forbidden: ${why}`;
}

/** The LimitRanger admission plugin, for pods. */
export function limitRanger(cluster: Cluster): Webhook {
  return {
    name: 'LimitRanger',
    own: true,
    resource: resources.pods,
    operations: ['CREATE'],
    mutate: ({ object, subresource }) =>
      subresource === undefined ? withLimitDefaults(cluster, object as Pod) : object,
    validate: ({ object, subresource }) => {
      const refused = subresource === undefined ? outsideLimits(cluster, object) : undefined;
      if (refused !== undefined) throw forbidden(refused, { name: object.metadata.name, kind: resources.pods });
    },
  };
}
