import { FerryError } from '../model/errors.ts';
import { parseQuantity, QuantityError } from '../model/quantity.ts';
import { misspelt } from '../model/spelling.ts';
import { type Parameter, parameters, type Value } from './parameters.ts';

/** What a setting is to become; undefined: not set, so that the default comes back. */
export type Wanted = ReadonlyMap<string, Value | undefined>;

/** `KEY=VALUE` sets, `KEY-` takes away. Throws FERRY_E_USAGE in one sentence for what is neither. */
export function parseAssignments(texts: readonly string[]): Wanted {
  const wanted = new Map<string, Value | undefined>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const removes = equals === -1 && text.endsWith('-');
    if (equals <= 0 && !removes) {
      throw usage(
        `'${text}' is neither KEY=VALUE nor KEY-`,
        'For example: progressTimeout=150, or bandwidthPerMigration- to take a limit away.',
      );
    }
    const parameter = named(removes ? text.slice(0, -1) : text.slice(0, equals));
    if (wanted.has(parameter.name)) throw usage(`${parameter.name} is given twice`, 'Give it once.');
    wanted.set(parameter.name, removes ? undefined : parseValue(parameter, text.slice(equals + 1)));
  }
  return wanted;
}

/**
 * The same from plain data, as agents write it: null takes away, and a text stands for what it says, so that "300" is a
 * number where one is wanted. Throws FERRY_E_USAGE.
 */
export function assigned(values: Readonly<Record<string, unknown>>): Wanted {
  const wanted = new Map<string, Value | undefined>();
  for (const [name, value] of Object.entries(values)) {
    const parameter = named(name);
    if (wanted.has(parameter.name)) throw usage(`${parameter.name} is given twice`, 'Give it once.');
    const taken = typeof value === 'string' ? parseValue(parameter, value) : value;
    wanted.set(parameter.name, taken === null || taken === undefined ? undefined : checkType(parameter, taken));
  }
  return wanted;
}

/** The setting of a name, in whatever case, and with underscores. Throws FERRY_E_USAGE, with the one that was meant. */
export function named(name: string): Parameter {
  const bare = (text: string): string => text.toLowerCase().replaceAll('_', '');
  const found = parameters.find((each) => bare(each.name) === bare(name));
  if (found !== undefined) return found;
  const meant = meantBy(name);
  throw usage(
    `there is no live-migration setting '${name}'`,
    meant.length > 0
      ? `Did you mean: ${meant.join(', ')}.`
      : `There are: ${parameters.map((each) => each.name).join(', ')}.`,
  );
}

/** The settings whose names hold the word, or else the one that is misspelt. */
function meantBy(word: string): string[] {
  const names = parameters.map(({ name }) => name);
  const holding = names.filter((name) => word.length > 2 && name.toLowerCase().includes(word.toLowerCase()));
  if (holding.length > 0) return holding;
  const near = misspelt(word, names);
  return near === undefined ? [] : [near];
}

/** The value a text stands for. */
function parseValue(parameter: Parameter, text: string): Value {
  const problem = (expected: string): FerryError =>
    usage(
      `${parameter.name} cannot be '${text}'`,
      `It must be ${expected}${parameter.unit === undefined ? '' : ` (${parameter.unit})`}.`,
    );
  switch (parameter.type) {
    case 'integer':
      if (!/^-?\d+$/.test(text)) throw problem('a whole number');
      return Number(text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw problem('true or false');
      return text === 'true';
    case 'quantity':
      if (quantityProblem(text)) throw problem('a Kubernetes quantity such as 512Mi or 1Gi');
      return text;
    default:
      return text;
  }
}

/** A value that came from a document rather than a command line. Throws FERRY_E_USAGE. */
export function checkType(parameter: Parameter, value: unknown): Value {
  const { name, type } = parameter;
  const problem = (expected: string): FerryError =>
    usage(
      `${name} cannot be ${JSON.stringify(value)}`,
      `It must be ${expected}${parameter.unit === undefined ? '' : ` (${parameter.unit})`}.`,
    );
  if (type === 'integer') {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw problem('a whole number, without quotes');
    return value;
  }
  if (type === 'boolean') {
    if (typeof value !== 'boolean') throw problem('true or false, without quotes');
    return value;
  }
  if (type === 'quantity') {
    if ((typeof value !== 'string' && typeof value !== 'number') || quantityProblem(String(value))) {
      throw problem('a Kubernetes quantity such as 512Mi or 1Gi');
    }
    return String(value);
  }
  if (typeof value !== 'string') throw problem('a text');
  return value;
}

function quantityProblem(text: string): boolean {
  try {
    parseQuantity(text);
    return false;
  } catch (error) {
    if (error instanceof QuantityError) return true;
    throw error;
  }
}

function usage(message: string, hint: string): FerryError {
  // What was given may be of any length.
  return new FerryError('FERRY_E_USAGE', message.length > 300 ? `${message.slice(0, 300)}…` : message, hint);
}
