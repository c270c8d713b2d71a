import { bytesOf } from '../../model/quantity.ts';
import { badRequest } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

/** A VM by where it is. */
export interface VmName {
  namespace: string;
  name: string;
}

interface Parameter<T> {
  /** How it is written: `30s`, `0.3`. */
  form: string;
  meaning: string;
  /** Its value, or why there is none: what follows `rate must be`. */
  read(text: string, cluster: Cluster): T | { not: string };
}

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A century, ms: times beyond it have no date. */
const LONGEST = 100 * 365 * 24 * 3_600_000;

/** `30s`, `1m30s`, `-5m`, in ms; undefined if it is none. */
export function durationOf(text: string): number | undefined {
  const unsigned = text.replace(/^-/, '');
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(unsigned)) return undefined;
  let total = 0;
  for (const [, number, unit] of unsigned.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(number) * (UNITS[unit ?? ''] ?? 0);
  }
  if (total > LONGEST) return undefined;
  return Math.round(text === unsigned ? total : -total);
}

function duration(meaning: string, { signed = false } = {}): Parameter<number> {
  return {
    form: 'duration',
    meaning,
    read: (text) => {
      const ms = durationOf(text);
      if (ms === undefined || ms === 0 || (ms < 0 && !signed)) return { not: 'a duration such as 30s or 5m' };
      return ms;
    },
  };
}

function share(meaning: string): Parameter<number> {
  return {
    form: 'share',
    meaning,
    read: (text) => {
      const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
      const fits = /^[\d.]+%?$/.test(text) && value > 0 && value <= 1;
      return fits ? value : { not: 'a share above 0 and up to 1, such as 0.3 or 30%' };
    },
  };
}

function oneOf<const T extends string>(choices: readonly T[], meaning: string): Parameter<T> {
  return {
    form: choices.join('|'),
    meaning,
    read: (text) => choices.find((choice) => choice === text) ?? { not: `one of ${choices.join(', ')}` },
  };
}

function nodeName(meaning: string): Parameter<string> {
  return {
    form: 'node',
    meaning,
    read: (text, { store }) => {
      if (store.get(resources.nodes, undefined, text) !== undefined) return text;
      return {
        not: `a node of the lab: ${store
          .list(resources.nodes)
          .map(({ metadata }) => metadata.name)
          .slice(0, 10)
          .join(', ')}`,
      };
    },
  };
}

/** Everything that faults can be told. A name means the same for each of them, and is one option of `ferry lab fault`. */
export const parameters = {
  rate: share('share of the requests that it befalls'),
  verb: oneOf(VERBS, 'only requests of this verb'),
  resource: {
    form: 'resource',
    meaning: 'only requests on this resource, as RBAC names it: pods, virtualmachineinstances.kubevirt.io',
    read: (text) =>
      /^[a-z][a-z0-9-]*(\.[a-z0-9.-]+)?$/.test(text)
        ? text
        : { not: 'a plural such as pods or virtualmachines.kubevirt.io' },
  } satisfies Parameter<string>,
  delay: duration('how long a request waits, or the pull of an image takes'),
  every: duration('again and again, this far apart'),
  when: oneOf(['before', 'after'], 'whether the request is lost, or carried out and only its answer lost'),
  reads: oneOf(
    ['cached', 'any'],
    'cached: reads with resourceVersion=0, as Kubernetes allows; any: all reads, which is worse than Kubernetes',
  ),
  node: nodeName('the node'),
  'to-node': nodeName('only between the node and this one, both ways'),
  vm: {
    form: 'namespace/name',
    meaning: 'the VM',
    read: (text, { store }) => {
      const [namespace, name, ...rest] = text.split('/');
      if (namespace === undefined || name === undefined || rest.length > 0) return { not: 'a VM as NAMESPACE/NAME' };
      return store.get(resources.vms, namespace, name) === undefined
        ? { not: 'a VM of the lab, as NAMESPACE/NAME' }
        : { namespace, name };
    },
  } satisfies Parameter<VmName>,
  count: {
    form: 'number',
    meaning: 'only so many of its pods; without it all',
    read: (text) => (/^[1-9]\d*$/.test(text) ? Number(text) : { not: 'a number of pods above 0' }),
  } satisfies Parameter<number>,
  namespace: {
    form: 'name',
    meaning: 'the namespace',
    read: (text, { store }) =>
      store.get(resources.namespaces, undefined, text) === undefined ? { not: 'a namespace of the lab' } : text,
  } satisfies Parameter<string>,
  gbps: {
    form: 'number',
    meaning: 'Gbit/s that are left',
    read: (text) =>
      /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 ? Number(text) : { not: 'a number of Gbit/s above 0' },
  } satisfies Parameter<number>,
  mtu: {
    form: 'bytes',
    meaning: 'the largest frame that gets through',
    read: (text) =>
      /^\d+$/.test(text) && Number(text) >= 68 ? Number(text) : { not: 'a number of bytes from 68 on, such as 1500' },
  } satisfies Parameter<number>,
  loss: share('share of the packets that are lost'),
  rtt: duration('round-trip time between nodes'),
  phase: oneOf(
    ['Scheduled', 'PreparingTarget', 'TargetReady', 'Running'],
    'the phase of the migration in which it happens',
  ),
  dirty: {
    form: 'quantity',
    meaning: 'bytes of memory that the guest rewrites in a second',
    read: (text) => {
      try {
        return bytesOf(text) > 0 ? bytesOf(text) : { not: 'an amount such as 2Gi' };
      } catch {
        return { not: 'an amount such as 2Gi' };
      }
    },
  } satisfies Parameter<number>,
  how: oneOf(['drop', 'reject'], 'whether nothing is answered, or that it is not allowed'),
  error: oneOf(['cpu', 'disk-lock', 'disk-missing', 'internal'], 'which error of libvirt it is'),
  message: {
    form: 'text',
    meaning: 'what libvirt says',
    read: (text) => (/^[^\n']+$/.test(text) ? text : { not: 'one line without quotes' }),
  } satisfies Parameter<string>,
  by: duration('how far the clock is ahead; negative: behind', { signed: true }),
};

export type ParameterName = keyof typeof parameters;

/** The type of a parameter's value. */
export type Value<N extends ParameterName> = Exclude<ReturnType<(typeof parameters)[N]['read']>, { not: string }>;

/** Whether a fault has to be told a parameter; or what it is if nothing is said. */
export type Rule = 'required' | 'optional' | { default: string };

/**
 * The values of a fault's parameters; what has a default and is not given has that.
 * @throws ApiError 400 with one sentence for the first that is unknown, missing or malformed
 */
export function readParameters(
  fault: { name: string; parameters: Readonly<Partial<Record<ParameterName, Rule>>> },
  given: Readonly<Record<string, unknown>>,
  cluster: Cluster,
): Record<string, unknown> {
  const rules = Object.entries(fault.parameters) as [ParameterName, Rule][];
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(fault.parameters, name));
  if (unknown !== undefined) {
    const takes = rules.length === 0 ? 'none' : rules.map(([name]) => name).join(', ');
    throw badRequest(`fault ${fault.name} has no parameter ${unknown}; it has: ${takes}`);
  }
  const values: Record<string, unknown> = {};
  for (const [name, rule] of rules) {
    const text = given[name] ?? (typeof rule === 'object' ? rule.default : undefined);
    if (text === undefined) {
      if (rule === 'required') throw badRequest(`fault ${fault.name} needs ${name}: ${parameters[name].meaning}`);
      continue;
    }
    const value =
      typeof text === 'string' || typeof text === 'number'
        ? parameters[name].read(String(text), cluster)
        : { not: 'text' };
    if (typeof value === 'object' && 'not' in value) {
      throw badRequest(`${name} must be ${value.not}; ${JSON.stringify(text)} is not`);
    }
    values[name] = value;
  }
  return values;
}
