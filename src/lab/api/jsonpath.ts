type Step = { field: string } | { index: number } | { where: { field: string; equals: string } };

const parsed = new Map<string, Step[]>();

/**
 * The values a JSONPath selects, in the subset that printer columns use: `.a.b`, `[0]`, `[?(@.type=='Ready')]`.
 * Throws on anything else.
 */
export function select(value: unknown, path: string): unknown[] {
  let steps = parsed.get(path);
  if (steps === undefined) {
    steps = parse(path);
    parsed.set(path, steps);
  }
  return steps.reduce<unknown[]>((found, step) => found.flatMap((item) => apply(item, step)), [value]);
}

function parse(path: string): Step[] {
  const steps: Step[] = [];
  const token = /\.([A-Za-z0-9_-]+)|\[(\d+)\]|\[\?\(@\.([A-Za-z0-9_-]+)\s*==\s*["']([^"']*)["']\)\]/y;
  while (token.lastIndex < path.length) {
    const match = token.exec(path);
    if (match === null) throw new Error(`unsupported JSONPath ${path}`);
    const [, field, index, where, equals] = match;
    if (field !== undefined) steps.push({ field });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (where !== undefined && equals !== undefined) steps.push({ where: { field: where, equals } });
  }
  return steps;
}

function apply(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('field' in step) {
    const found = (value as Record<string, unknown>)[step.field];
    return found === undefined ? [] : [found];
  }
  if (!Array.isArray(value)) return [];
  if ('index' in step) return step.index < value.length ? [value[step.index]] : [];
  return value.filter((item) => (item as Record<string, unknown> | null)?.[step.where.field] === step.where.equals);
}

/** The first value a JSONPath selects, as text; '' if there is none. */
export function selectText(value: unknown, path: string): string {
  const [found] = select(value, path);
  if (found === undefined || found === null) return '';
  return typeof found === 'string' ? found : JSON.stringify(found);
}
