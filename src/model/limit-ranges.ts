import type { LimitRange, Limits, Pod } from './objects.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityOf,
  scaledValue,
  toBytes,
} from './quantity.ts';

// What the LimitRanger admission plugin does to a new pod (Kubernetes plugin/pkg/admission/limitranger).

type Amounts = Record<string, string>;
type Container = NonNullable<Pod['spec']>['containers'][number];
interface Needs {
  requests: Amounts;
  limits: Amounts;
}

/** The annotation that tells what LimitRanger has added to a pod. */
const LIMIT_RANGER = 'kubernetes.io/limit-ranger';
const NOTE = 'LimitRanger plugin set: ';

export function limitsIn(ranges: readonly LimitRange[]): Limits[] {
  return ranges.flatMap(({ spec }) => spec?.limits ?? []);
}

const amounts = (given: unknown): Amounts => (given ?? {}) as Amounts;

/** What a container gets that asks for less: what a LimitRange leaves out follows from its max, limit and min (SetDefaults_LimitRangeItem). */
function defaultsOf(limits: readonly Limits[]): Needs {
  const found: Needs = { limits: {}, requests: {} };
  for (const { type, max, min, ...given } of limits) {
    if (type !== 'Container') continue;
    const byDefault = { ...max, ...given.default };
    Object.assign(found.limits, byDefault);
    Object.assign(found.requests, { ...min, ...byDefault, ...given.defaultRequest });
  }
  return found;
}

/** The pod with each of its containers, and what of it is of an init container, as `change` makes it. */
function withContainers<T extends Pod>(pod: T, change: (container: Container, kind: string) => Container): T {
  const { spec } = pod;
  if (spec === undefined) return pod;
  const containers = spec.containers.map((each) => change(each, 'container'));
  const initContainers = spec.initContainers?.map((each) => change(each, 'init container'));
  return { ...pod, spec: { ...spec, containers, ...(initContainers === undefined ? {} : { initContainers }) } };
}

/**
 * The pod with requests and limits for containers that state none, and the annotation that tells of them
 * (mergePodResourceRequirements); the pod itself if there is nothing to add.
 */
export function withLimitDefaults<T extends Pod>(pod: T, limits: readonly Limits[]): T {
  const defaults = defaultsOf(limits);
  const notes: string[] = [];
  const filled = withContainers(pod, (container, kind) => {
    const own = container.resources;
    const before = notes.length;
    const full = (['requests', 'limits'] as const).map((what) => {
      const asked = amounts(own?.[what]);
      // A limit without a request is the request, too, before LimitRanger looks.
      const implied = what === 'requests' ? amounts(own?.limits) : {};
      const missing = Object.keys(defaults[what]).filter((name) => !(name in asked) && !(name in implied));
      if (missing.length > 0) {
        const names = missing.toSorted().join(', ');
        notes.push(`${names} ${what === 'requests' ? 'request' : 'limit'} for ${kind} ${container.name}`);
      }
      const added = Object.fromEntries(missing.map((name) => [name, defaults[what][name] ?? '']));
      return [what, { ...asked, ...added }] as const;
    });
    if (notes.length === before) return container;
    return { ...container, resources: { ...own, ...Object.fromEntries(full) } };
  });
  if (notes.length === 0) return pod;
  const annotations = { ...pod.metadata.annotations, [LIMIT_RANGER]: `${NOTE}${notes.join('; ')}` };
  return { ...filled, metadata: { ...filled.metadata, annotations } };
}

/** The pod as it was rendered, without what LimitRanger has added, as its annotation tells; the pod itself if it has none. */
export function withoutLimitDefaults<T extends Pod>(pod: T): T {
  const told = pod.metadata.annotations?.[LIMIT_RANGER];
  if (told?.startsWith(NOTE) !== true) return pod;
  const added = new Map<string, Set<string>>();
  for (const note of told.slice(NOTE.length).split('; ')) {
    const match = /^(.*) (request|limit) for ((?:init )?container .+)$/.exec(note);
    if (match !== null) added.set(`${match[2]}s of ${match[3]}`, new Set(match[1]?.split(', ')));
  }
  return withContainers(pod, (container, kind) => {
    const own = (what: 'requests' | 'limits'): Amounts => {
      const names = added.get(`${what} of ${kind} ${container.name}`);
      return Object.fromEntries(
        Object.entries(amounts(container.resources?.[what])).filter(([name]) => names?.has(name) !== true),
      );
    };
    return { ...container, resources: { ...container.resources, requests: own('requests'), limits: own('limits') } };
  });
}

const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1);
const exceeds = (a: string, b: string): boolean => compareQuantities(parseQuantity(a), parseQuantity(b)) > 0;

/** What keeps requests and limits from being within a LimitRange, in LimitRanger's words (minConstraint, maxConstraint, limitRequestRatioConstraint). */
function violations({ type, min, max, maxLimitRequestRatio }: Limits, needs: Needs): string[] {
  const found: string[] = [];
  const check = (bound: 'minimum' | 'maximum', name: string, value: string): void => {
    const stated = { request: needs.requests[name], limit: needs.limits[name] };
    const text = `${bound} ${name} usage per ${type} is ${value}`;
    const [must, other] = bound === 'minimum' ? (['request', 'limit'] as const) : (['limit', 'request'] as const);
    const wrong = (amount: string): boolean => (bound === 'minimum' ? exceeds(value, amount) : exceeds(amount, value));
    const first = stated[must];
    const second = stated[other];
    if (first === undefined) found.push(`${text}.  No ${must} is specified`);
    else if (wrong(first)) found.push(`${text}, but ${must} is ${first}`);
    else if (second !== undefined && wrong(second)) found.push(`${text}, but ${other} is ${second}`);
  };
  for (const [name, value] of Object.entries(min ?? {}).toSorted(byName)) check('minimum', name, value);
  for (const [name, value] of Object.entries(max ?? {}).toSorted(byName)) check('maximum', name, value);
  for (const [name, ratio] of Object.entries(maxLimitRequestRatio ?? {}).toSorted(byName)) {
    const text = `${name} max limit to request ratio per ${type} is ${ratio}`;
    const why = ratioProblem(ratio, needs.requests[name], needs.limits[name]);
    if (why !== undefined) found.push(`${text}, but ${why}`);
  }
  return found;
}

function ratioProblem(ratio: string, request: string | undefined, limit: string | undefined): string | undefined {
  // Compared in thousandths where numbers are small enough, as cores have them.
  const value = (text: string): number => {
    const quantity = parseQuantity(text);
    return toBytes(quantity) <= BigInt(Number.MAX_SAFE_INTEGER) / 1000n
      ? Number(scaledValue(quantity, -3)) / 1000
      : Number(toBytes(quantity));
  };
  if (request === undefined || value(request) === 0) return 'no request is specified or request is 0';
  if (limit === undefined || value(limit) === 0) return 'no limit is specified or limit is 0';
  const observed = value(limit) / value(request);
  return observed > value(ratio) ? `provided ratio is ${observed.toFixed(6)}` : undefined;
}

function sum(all: readonly Amounts[]): Amounts {
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

/** The containers together; of an init container, which runs alone, what is more than that. */
function together(containers: readonly Amounts[], initContainers: readonly Amounts[]): Amounts {
  const total = sum(containers);
  for (const each of initContainers) {
    for (const [name, amount] of Object.entries(each)) {
      if (total[name] === undefined || exceeds(amount, total[name])) total[name] = amount;
    }
  }
  return total;
}

/** Why LimitRanger would turn a pod down, which has its defaults: all that is wrong, in its words. */
export function limitViolations({ spec }: Pod, limits: readonly Limits[]): string[] {
  const needsOf = ({ resources: own }: Container): Needs => ({
    requests: { ...amounts(own?.limits), ...amounts(own?.requests) },
    limits: amounts(own?.limits),
  });
  const containers = (spec?.containers ?? []).map(needsOf);
  const initContainers = (spec?.initContainers ?? []).map(needsOf);
  return limits.flatMap((each) => {
    if (each.type === 'Container')
      return [...containers, ...initContainers].flatMap((needs) => violations(each, needs));
    if (each.type !== 'Pod') return [];
    const of = (what: keyof Needs): Amounts =>
      together(
        containers.map((needs) => needs[what]),
        initContainers.map((needs) => needs[what]),
      );
    return violations(each, { requests: of('requests'), limits: of('limits') });
  });
}

/** What the API server says of containers whose limit is below their request, as a LimitRange's default can make it. */
export function requestsOverLimits({ spec }: Pod): string[] {
  const told = (list: string) => (container: Container, index: number) =>
    Object.entries(amounts(container.resources?.requests))
      .toSorted(byName)
      .flatMap(([name, request]) => {
        const limit = amounts(container.resources?.limits)[name];
        if (limit === undefined || !exceeds(request, limit)) return [];
        return `spec.${list}[${index}].resources.requests: Invalid value: "${request}": must be less than or equal to ${name} limit of ${limit}`;
      });
  return [
    ...(spec?.containers ?? []).flatMap(told('containers')),
    ...(spec?.initContainers ?? []).flatMap(told('initContainers')),
  ];
}
