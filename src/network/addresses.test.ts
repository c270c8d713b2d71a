import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Cidr,
  capacityOf,
  contains,
  endsOf,
  formatAddress,
  formatCidr,
  mayGive,
  overlaps,
  parseAddress,
  parseCidr,
  parseCidrOrAddress,
  rangeOf,
} from './addresses.ts';

const cidr = (text: string): Cidr => parseCidr(text)!;
/** Small networks, so that every address can be looked at. */
const network = fc
  .record({ value: fc.integer({ min: 0, max: 1023 }), prefix: fc.integer({ min: 22, max: 32 }) })
  .map(({ value, prefix }) => cidr(`10.9.${value >> 8}.${value & 255}/${prefix}`));
const everyAddress = Array.from({ length: 1024 }, (_, value) => ({
  bits: 32 as const,
  value: (10n << 24n) + (9n << 16n) + BigInt(value),
}));

describe('addresses', () => {
  test.each([
    ['10.200.5.4', '10.200.5.4'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ])('%s is written %s', (text, written) => {
    expect(formatAddress(parseAddress(text)!)).toBe(written);
  });

  test.each(['10.0.0', '10.0.0.256', 'fe80::1%eth0', '10.0.0.1/24', 'x', ''])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test('every IPv6 address reads back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
        expect(parseAddress(formatAddress({ bits: 128, value }))).toEqual({ bits: 128, value });
      }),
    );
  });

  test('so do those with runs of zeros', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1), { minLength: 8, maxLength: 8 }), (groups) => {
        const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
        expect(parseAddress(formatAddress({ bits: 128, value }))).toEqual({ bits: 128, value });
      }),
    );
  });
});

describe('networks', () => {
  test.each([
    ['10.200.5.77/24', '10.200.5.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8::5/64', '2001:db8::/64'],
  ])('%s is %s', (text, written) => {
    expect(formatCidr(cidr(text))).toBe(written);
  });

  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/2/4', '10.0.0.0/-1', 'a/8'])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  test('a single address is a network of one', () => {
    expect(parseCidrOrAddress('10.0.0.7')).toEqual(cidr('10.0.0.7/32'));
  });

  test('two overlap exactly if an address is in both', () => {
    fc.assert(
      fc.property(network, network, (a, b) => {
        expect(overlaps(a, b)).toBe(everyAddress.some((one) => contains(a, one) && contains(b, one)));
        expect(overlaps(a, b)).toBe(overlaps(b, a));
      }),
    );
  });

  test('those of different families never do', () => {
    expect(overlaps(cidr('0.0.0.0/0'), cidr('::/0'))).toBe(false);
  });
});

describe('a range', () => {
  test('has as many addresses as it may give, whatever is excluded', () => {
    fc.assert(
      fc.property(network, fc.array(network, { maxLength: 6 }), (of, exclude) => {
        const range = rangeOf(of, exclude);
        const given = everyAddress.filter((one) => mayGive(range, one));
        expect(capacityOf(range)).toBe(BigInt(given.length));
        const ends = endsOf(range);
        const expected =
          given.length === 0 ? undefined : { first: formatAddress(given[0]!), last: formatAddress(given.at(-1)!) };
        expect(ends).toEqual(expected);
      }),
    );
  });

  test.each([
    ['10.200.5.0/24', [], 254n],
    ['10.200.5.0/24', ['10.200.5.0/30'], 251n],
    ['10.200.5.0/30', [], 2n],
    ['10.200.5.0/31', [], 0n],
    ['10.200.5.0/29', ['10.200.5.0/29'], 0n],
  ])('%s without %j has %s', (text, exclude, count) => {
    expect(capacityOf(rangeOf(cidr(text), exclude.map(cidr)))).toBe(count);
  });
});
