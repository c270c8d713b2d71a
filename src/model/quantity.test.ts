import { quantityToScalar } from '@kubernetes/client-node/dist/util.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addQuantities,
  bytesOf,
  compareQuantities,
  formatBytes,
  formatCores,
  formatQuantity,
  milliOf,
  parseQuantity,
  QuantityError,
  quantityOf,
  scaledValue,
  scaledValueGiga,
  subtractQuantities,
  toBytes,
} from './quantity.ts';

describe('canonical form, as resource.Quantity writes it', () => {
  // From k8s.io/apimachinery quantity_test.go (TestQuantityParseEmit, TestQuantityString) and its documentation.
  test.each([
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['1000k', '1M'],
    ['1000000k', '1G'],
    ['1024k', '1024k'],
    ['0.5k', '500'],
    ['1.5Gi', '1536Mi'],
    ['1.5', '1500m'],
    ['0.001Ki', '1024m'],
    ['0.0001Ki', '102400u'],
    ['1.024', '1024m'],
    ['100Ki', '100Ki'],
    ['1Mi', '1Mi'],
    ['512', '512'],
    ['1025Ki', '1025Ki'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['1000e3', '1e6'],
    ['12345', '12345'],
    ['100e6', '100e6'],
    ['0', '0'],
    ['0Mi', '0'],
    ['-0', '0'],
    ['+1', '1'],
    ['-1.5', '-1500m'],
    ['-2Ki', '-2Ki'],
    ['.5', '500m'],
    ['5.', '5'],
    ['5.G', '5G'],
    ['1n', '1n'],
    ['1u', '1u'],
    ['0.1n', '1n'],
    ['1.1n', '2n'],
    ['-0.1n', '-1n'],
    ['1E', '1E'],
    ['1Ei', '1Ei'],
    ['263873876Ki', '263873876Ki'],
  ])('%s is %s', (text, canonical) => {
    expect(formatQuantity(parseQuantity(text))).toBe(canonical);
  });

  test('a binary quantity above 2^63-1 is capped', () => {
    expect(toBytes(parseQuantity('16Ei'))).toBe(2n ** 63n - 1n);
  });

  test('a number is taken as its text', () => {
    expect(formatQuantity(parseQuantity(1.5))).toBe('1500m');
    expect(toBytes(parseQuantity(1e21))).toBe(10n ** 21n);
  });
});

test.each([
  '',
  ' ',
  'x',
  '1x',
  '1 Gi',
  '1KiB',
  '1ki',
  '1K',
  '--1',
  '1.2.3',
  '1e',
  '1e1.5',
  '0x10',
  'NaN',
  '.',
  '-',
  'Mi',
  '1GiB',
])('"%s" is refused, and the error says what was expected', (text) => {
  expect(() => parseQuantity(text)).toThrow(QuantityError);
  expect(() => parseQuantity(text)).toThrow(/is not a Kubernetes quantity: expected a number/);
});

describe('rounding up', () => {
  // facts/kubevirt.md D1, the table of multipliers of completionTimeoutPerGiB.
  test.each([
    ['1Gi', 2],
    ['2Gi', 3],
    ['4Gi', 5],
    ['8Gi', 9],
    ['16Gi', 18],
    ['32Gi', 35],
    ['64Gi', 69],
    ['128Gi', 138],
    ['1G', 1],
    ['0', 0],
  ])('%s has %d started decimal gigabytes', (text, giga) => {
    expect(scaledValueGiga(parseQuantity(text))).toBe(giga);
  });

  test.each([
    ['1', 1000, 1],
    ['100m', 100, 1],
    ['1500u', 2, 1],
    ['-1500m', -1500, -2],
  ])('%s is %d thousandths and %d whole', (text, milli, whole) => {
    expect(milliOf(text)).toBe(milli);
    expect(bytesOf(text)).toBe(whole);
  });
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [2 ** 30, '1 GiB'],
  [1.5 * 2 ** 30, '1.5 GiB'],
  [10 * 2 ** 30, '10 GiB'],
  [263_873_876 * 1024, '252 GiB'],
  [100.04 * 2 ** 20, '100 MiB'],
  [-12 * 2 ** 20, '-12 MiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0'],
  [400, '400m'],
  [2000, '2'],
  [1500, '1.5'],
])('%d millicores are shown as %s', (milli, text) => {
  expect(formatCores(milli)).toBe(text);
});

/** The second implementation: rationals by the book, without any of the code under test. */
function rational(text: string): { over: bigint; under: bigint } {
  const sign = text.startsWith('-') ? -1n : 1n;
  const unsigned = text.replace(/^[+-]/, '');
  const end = unsigned.search(/[^0-9.]/);
  const number = end === -1 ? unsigned : unsigned.slice(0, end);
  const suffix = end === -1 ? '' : unsigned.slice(end);
  const point = number.indexOf('.');
  const decimals = point === -1 ? 0 : number.length - point - 1;
  let over = sign * BigInt(number.replace('.', '') || '0');
  let under = 10n ** BigInt(decimals);
  const power = 'KMGTPE'.indexOf(suffix.charAt(0)) + 1;
  if (suffix.endsWith('i')) over *= 1024n ** BigInt(power);
  else if (/^[eE]./.test(suffix)) {
    const exponent = Number(suffix.slice(1));
    if (exponent < 0) under *= 10n ** BigInt(-exponent);
    else over *= 10n ** BigInt(exponent);
  } else if (suffix === 'k') over *= 1000n;
  else if (suffix === 'm') under *= 1000n;
  else if (suffix === 'u') under *= 10n ** 6n;
  else if (suffix === 'n') under *= 10n ** 9n;
  else if (suffix !== '') over *= 1000n ** BigInt(power);
  return { over, under };
}

const suffixes = ['', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'E3', 'e-3', 'E+2', 'e0'];
const quantityText = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.bigInt({ min: 0n, max: 10n ** 6n }),
    fc.option(fc.bigInt({ min: 0n, max: 10n ** 12n })),
    fc.constantFrom(...suffixes),
  )
  .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${suffix}`);

describe('what always holds', () => {
  test('the value is the rational by the book, rounded away from zero at a billionth', () => {
    fc.assert(
      fc.property(quantityText, (text) => {
        const { over, under } = rational(text);
        const exact = over * 10n ** 9n;
        const magnitude = exact < 0n ? -exact : exact;
        const up = (magnitude + under - 1n) / under;
        expect(parseQuantity(text).nano).toBe(over < 0n ? -up : up);
      }),
    );
  });

  test("whole numbers agree with the Kubernetes client's own conversion", () => {
    const whole = fc.tuple(
      fc.bigInt({ min: 0n, max: 10n ** 6n }),
      fc.constantFrom('k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti'),
    );
    fc.assert(
      fc.property(whole, ([value, suffix]) => {
        expect(toBytes(parseQuantity(`${value}${suffix}`))).toBe(quantityToScalar(`${value}${suffix}`));
      }),
    );
  });

  test('the canonical form stands for the same value, and is its own canonical form', () => {
    fc.assert(
      fc.property(quantityText, (text) => {
        const quantity = parseQuantity(text);
        const canonical = formatQuantity(quantity);
        expect(parseQuantity(canonical).nano).toBe(quantity.nano);
        expect(formatQuantity(parseQuantity(canonical))).toBe(canonical);
      }),
    );
  });

  test('sums and differences undo each other, order follows difference, and rounding never loses anything', () => {
    fc.assert(
      fc.property(quantityText, quantityText, (textA, textB) => {
        const [a, b] = [parseQuantity(textA), parseQuantity(textB)];
        expect(subtractQuantities(addQuantities(a, b), b).nano).toBe(a.nano);
        expect(Math.sign(compareQuantities(a, b))).toBe(Math.sign(Number(subtractQuantities(a, b).nano)));
        for (const power of [-9, -3, 0, 9]) {
          const rounded = scaledValue(a, power) * 10n ** BigInt(power + 9);
          const [up, exact] = a.nano < 0n ? [-rounded, -a.nano] : [rounded, a.nano];
          expect(up >= exact && up - exact < 10n ** BigInt(power + 9)).toBe(true);
        }
      }),
    );
  });

  test('a sum takes the format of what it is added to', () => {
    expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1M')))).toBe('1074741824');
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi')))).toBe('1Gi');
    expect(formatQuantity(quantityOf(2 ** 31))).toBe('2Gi');
  });
});
