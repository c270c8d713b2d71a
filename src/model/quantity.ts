/** How a quantity was written, and so how it is written again. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** A Kubernetes quantity, exact to a billionth: as precise as resource.Quantity is. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

const NANO = 10n ** 9n;
const INT64_MAX = 2n ** 63n - 1n;

const binaryPowers: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const decimalPowers: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const decimalSuffixes = new Map(Object.entries(decimalPowers).map(([suffix, power]) => [power, suffix]));
const binarySuffixes = ['', ...Object.keys(binaryPowers)];

// The grammar in the documentation of k8s.io/apimachinery/pkg/api/resource.Quantity.
const SYNTAX = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,4})?$/;

export class QuantityError extends Error {
  constructor(text: string) {
    super(`"${text}" is not a Kubernetes quantity: expected a number with an optional suffix such as m, k, Mi or Gi`);
    this.name = 'QuantityError';
  }
}

/**
 * The quantity a text stands for, as resource.ParseQuantity reads it: what is finer than a billionth is rounded away
 * from zero, and binary quantities are capped at 2^63-1. Throws QuantityError for anything else.
 */
export function parseQuantity(text: string | number): Quantity {
  const written = typeof text === 'number' ? numberText(text) : text;
  const match = SYNTAX.exec(written);
  if (match === null) throw new QuantityError(written);
  const [, sign, whole = '', fraction = match[4] ?? '', , suffix = ''] = match;
  const digits = BigInt(whole + fraction);
  const binary = binaryPowers[suffix];
  let format: QuantityFormat = 'DecimalSI';
  let nano: bigint;
  if (binary !== undefined) {
    nano = scaleUp((digits << binary) * NANO, -fraction.length);
    const cap = INT64_MAX * NANO;
    if (nano > cap) nano = cap;
    // Below one, a binary suffix would have to be rounded; Kubernetes writes such a quantity in decimal.
    format = nano > 0n && nano < NANO ? 'DecimalSI' : 'BinarySI';
  } else {
    const power = decimalPowers[suffix];
    if (power === undefined) format = 'DecimalExponent';
    nano = scaleUp(digits, (power ?? Number(suffix.slice(1))) + 9 - fraction.length);
  }
  return { nano: sign === '-' ? -nano : nano, format };
}

/** `value` x 10^power, rounded away from zero. */
function scaleUp(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  return divideAwayFromZero(value, 10n ** BigInt(-power));
}

function divideAwayFromZero(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function numberText(value: number): string {
  return String(value).replace('e+', 'e');
}

/** A quantity of whole units, e.g. bytes. */
export function quantityOf(value: bigint | number, format: QuantityFormat = 'BinarySI'): Quantity {
  return { nano: BigInt(value) * NANO, format };
}

/** Negative, zero or positive, as `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

/** The sum, in the format of `a` unless `a` is zero (as Quantity.Add does). */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** The difference, in the format of `a` unless `a` is zero (as Quantity.Sub does). */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano - b.nano, format: a.nano === 0n ? b.format : a.format };
}

/**
 * Quantity.ScaledValue: the value in units of 10^power, rounded away from zero. `power` is at least -9.
 * KubeVirt's migration time-out uses power 9 (facts/kubevirt.md D1: decimal GB, rounded up, in spite of "PerGiB").
 */
export function scaledValue(quantity: Quantity, power: number): bigint {
  return divideAwayFromZero(quantity.nano, 10n ** BigInt(power + 9));
}

/** Quantity.Value as a bigint: whole units (bytes), rounded away from zero. */
export function toBytes(quantity: Quantity): bigint {
  return scaledValue(quantity, 0);
}

/** The number of started 10^9 bytes (Quantity.ScaledValue(Giga)); 4Gi has 5. */
export function scaledValueGiga(quantity: Quantity): number {
  return Number(scaledValue(quantity, 9));
}

const wholes = new Map<string, number>();
const millis = new Map<string, number>();

/** Whole units (bytes, devices, pods) of a quantity's text, rounded up. Throws QuantityError. */
export function bytesOf(text: string | number): number {
  return remembered(wholes, text, 0);
}

/** Thousandths (of a core) of a quantity's text, rounded up. Throws QuantityError. */
export function milliOf(text: string | number): number {
  return remembered(millis, text, -3);
}

// The same few texts come again in every pod of a cluster.
function remembered(memory: Map<string, number>, text: string | number, power: number): number {
  const key = String(text);
  let value = memory.get(key);
  if (value === undefined) {
    value = Number(scaledValue(parseQuantity(text), power));
    if (memory.size >= 10_000) memory.clear();
    memory.set(key, value);
  }
  return value;
}

/** The quantity in canonical form, as Kubernetes writes it (Quantity.String). */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const large = nano >= 1024n * NANO || nano <= -1024n * NANO;
  if (format === 'BinarySI' && large && nano % NANO === 0n) {
    let value = nano / NANO;
    let group = 0;
    while (group < binarySuffixes.length - 1 && value % 1024n === 0n) {
      value /= 1024n;
      group++;
    }
    return `${value}${binarySuffixes[group]}`;
  }
  let value = nano;
  let power = -9;
  // resource.Quantity knows no suffix beyond E and would drop the power there; an exponent keeps the value.
  while (value % 1000n === 0n) {
    value /= 1000n;
    power += 3;
  }
  const suffix = format === 'DecimalExponent' ? undefined : decimalSuffixes.get(power);
  if (suffix !== undefined || power === 0) return `${value}${suffix ?? ''}`;
  return `${value}e${power}`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Bytes for people: three significant digits at most after the unit is chosen, e.g. `1.5 GiB`, `263 GiB`, `-12 MiB`. */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  let text = value.toFixed(digits);
  if (text.includes('.')) text = text.replace(/\.?0+$/, '');
  return `${bytes < 0 ? '-' : ''}${text} ${byteUnits[unit]}`;
}

/** Thousandths of a core for people: `400m`, `2`, `1.5`. */
export function formatCores(milli: number): string {
  if (milli !== 0 && Math.abs(milli) < 1000) return `${milli}m`;
  return String(milli / 1000);
}
