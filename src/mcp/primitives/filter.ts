import { FerryError } from '../../model/errors.ts';

/** A field, an index, or (null) all of them. */
type Step = string | number | null;

/** One part of a path: `.name`, `[0]`, `[*]`, `['a.b/c']`. */
const STEP = /\.([A-Za-z_$][\w$-]*)|\[(\d+)\]|\[\*\]|\[(?:'([^'\]]*)'|"([^"\]]*)")\]/y;

/** A path such as `.status.conditions[*].type`. Throws FERRY_E_USAGE. */
export function parsePath(text: string): Step[] {
  const path = /^[.[]/.test(text) ? text : `.${text}`;
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (match === null) throw badPath(text);
    const [, name, index, single, double] = match;
    steps.push(name ?? (index === undefined ? (single ?? double ?? null) : Number(index)));
  }
  return steps;
}

function badPath(text: string): FerryError {
  return new FerryError(
    'FERRY_E_USAGE',
    `"${text}" is not a path`,
    `Examples: .status.phase, .status.containerStatuses[0].ready, .status.conditions[*].type, .metadata.labels['kubevirt.io/nodeName'].`,
  );
}

/** All values at a path. */
function valuesAt(value: unknown, steps: readonly Step[]): unknown[] {
  const [step, ...rest] = steps;
  if (step === undefined) return value === undefined ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  if (step === null) return Object.values(value).flatMap((each) => valuesAt(each, rest));
  return Object.hasOwn(value, step) ? valuesAt((value as Record<string | number, unknown>)[step], rest) : [];
}

const CONDITION = /^\s*(!?)\s*([.\w$[\]'"*/-]+?)\s*(?:(==|=|!=|>=|<=|>|<)\s*(.*?))?\s*$/s;

/**
 * What `.status.phase=Running`, `.status.containerStatuses[0].restartCount>0`, `.spec.nodeName` (there is one) and
 * `!.status.failed` (there is none) ask. With `[*]`, one that fits is enough; with `!=`, none may be equal.
 */
export function parseFilter(text: string): (object: unknown) => boolean {
  const [, not = '', path = '', operator, wanted = ''] = CONDITION.exec(text) ?? [];
  if (path === '' || (not !== '' && operator !== undefined)) {
    throw new FerryError(
      'FERRY_E_USAGE',
      `"${text}" is not a filter`,
      'Examples: .status.phase=Running, .status.x!=y, .status.n>0, .spec.nodeName, !.spec.nodeName.',
    );
  }
  const steps = parsePath(path);
  const expected = wanted.replace(/^(['"])(.*)\1$/s, '$2');
  return (object) => {
    const values = valuesAt(object, steps);
    if (operator === undefined) return values.some((value) => value !== null) === (not === '');
    if (operator === '!=') return !values.some((value) => textOf(value) === expected);
    return values.some((value) => compares(value, operator, expected));
  };
}

function compares(value: unknown, operator: string, expected: string): boolean {
  if (operator === '=' || operator === '==') return textOf(value) === expected;
  const [left, right] = [Number(value), Number(expected)];
  // Time stamps of Kubernetes have an order as texts.
  const order = Number.isNaN(left) || Number.isNaN(right) ? compare(textOf(value), expected) : left - right;
  if (operator === '>') return order > 0;
  if (operator === '<') return order < 0;
  return operator === '>=' ? order >= 0 : order <= 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Only some fields of an object, by their paths, with what names it. */
export function pick(object: unknown, paths: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    ['.metadata.namespace', '.metadata.name', ...paths].flatMap((path) => {
      const steps = parsePath(path);
      const values = valuesAt(object, steps);
      if (values.length === 0) return [];
      return [[/^[.[]/.test(path) ? path : `.${path}`, steps.includes(null) ? values : values[0]] as const];
    }),
  );
}
