import { FerryError } from '../model/errors.ts';
import { parseQuantity, QuantityError } from '../model/quantity.ts';
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

/** The setting of a name, in whatever case. */
export function named(name: string): Parameter {
  const found = parameters.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const near = parameters.filter((each) => each.name.toLowerCase().includes(name.toLowerCase()));
  const meant = name.length > 2 && near.length > 0 ? near : parameters;
  throw usage(
    `there is no live-migration setting '${name}'`,
    `${meant === near ? 'Did you mean' : 'There are'}: ${meant.map((each) => each.name).join(', ')}.`,
  );
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
  return new FerryError('FERRY_E_USAGE', message, hint);
}
