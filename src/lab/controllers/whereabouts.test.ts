import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { random } from '../random.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { testLab } from '../testing.ts';
import { assignAddress, parseWhereabouts } from './whereabouts.ts';
import { contains, formatAddress, isGlobalUnicast, parseAddress, parseSubnet } from './whereabouts-addresses.ts';
import { allocate, type IpPool, release } from './whereabouts-pools.ts';

/** The first addresses a configuration gives, or its failure. */
function given(ipam: object, count = 2): string[] | string {
  try {
    const [range] = parseWhereabouts({ type: 'whereabouts', ...ipam }).ranges;
    const reserved = new Set<bigint>();
    return Array.from({ length: count }, () => {
      const address = assignAddress(range!, reserved);
      reserved.add(address.value);
      return formatAddress(address);
    });
  } catch (error) {
    return (error as Error).message;
  }
}

describe('whereabouts', () => {
  test.each<[string, object, string[] | string]>([
    ['begins after the network address', { range: '10.200.5.0/24' }, ['10.200.5.1', '10.200.5.2']],
    ['skips what is excluded', { range: '10.200.5.0/24', exclude: ['10.200.5.0/30'] }, ['10.200.5.4', '10.200.5.5']],
    [
      'takes a single address as an exclusion',
      { range: '10.0.0.0/24', exclude: ['10.0.0.1'] },
      ['10.0.0.2', '10.0.0.3'],
    ],
    [
      'ignores excludeSubnets, which is another plugin’s key',
      { range: '10.200.5.0/24', excludeSubnets: '10.200.5.0/30' },
      ['10.200.5.1', '10.200.5.2'],
    ],
    ['begins at range_start', { range: '10.0.0.0/24', range_start: '10.0.0.50' }, ['10.0.0.50', '10.0.0.51']],
    [
      'ignores a range_start outside of the range',
      { range: '10.0.0.0/24', range_start: '10.9.0.50' },
      ['10.0.0.1', '10.0.0.2'],
    ],
    ['knows ranges with a dash', { range: '192.168.2.225-192.168.2.230/28' }, ['192.168.2.225', '192.168.2.226']],
    ['knows IPv6', { range: '2001:db8::/120', exclude: ['2001:db8::1/128'] }, ['2001:db8::2', '2001:db8::3']],
    [
      'says when the range is used up',
      { range: '10.0.0.0/29', range_end: '10.0.0.3', exclude: ['10.0.0.2/32', '10.0.0.3/32'] },
      'Could not allocate IP in range: ip: 10.0.0.1 / - 10.0.0.3 / range: 10.0.0.0/29 / excludeRanges: [10.0.0.2/32 10.0.0.3/32]',
    ],
    [
      'refuses a range without usable addresses',
      { range: '10.0.0.0/31' },
      'net mask is too short, subnet 10.0.0.0/31 has no usable IP addresses, it is too small',
    ],
    ['refuses what is no range', { range: '10.0.0/24' }, 'invalid CIDR 10.0.0/24: invalid CIDR address: 10.0.0/24'],
    [
      'refuses what is no exclusion',
      { range: '10.0.0.0/24', exclude: ['x'] },
      'could not parse exclude range, err: "invalid CIDR address: x"',
    ],
  ])('%s', (_, ipam, expected) => {
    expect(given(ipam)).toEqual(expected);
  });

  test.each([
    ['10.200.5.4', true],
    ['169.254.3.1', false],
    ['127.0.0.1', false],
    ['fe80::1', false],
    ['2001:db8::1', true],
    ['255.255.255.255', false],
  ])('%s is a global unicast address: %s', (text, expected) => {
    expect(isGlobalUnicast(parseAddress(text)!)).toBe(expected);
  });

  test('addresses given out are unique, in their range and never excluded, whoever comes and goes', () => {
    const exclusions = ['10.7.0.0/29', '10.7.0.20', '10.7.0.32/28'];
    const action = fc.record({
      range: fc.constantFrom('10.7.0.0/26', '10.7.0.0/25', '10.7.0.16/28'),
      who: fc.nat(40),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const lab = testLab({ ...small, vms: [] }, { seed: String(random('w').next()) });
        const held = new Map<string, { address: string; range: string }>();
        for (const { range, who, leaves } of actions) {
          const id = `pod-${who}`;
          if (leaves) {
            release(lab, id);
            held.delete(id);
            continue;
          }
          const claimant = { containerId: id, podRef: `shop/${id}`, interface: 'net1' };
          if (held.has(id) && held.get(id)?.range !== range) continue;
          try {
            const [cidr] = allocate(lab, { range, exclude: exclusions }, claimant);
            const address = cidr?.split('/')[0] ?? '';
            if (held.has(id)) expect(address).toBe(held.get(id)?.address);
            held.set(id, { address, range });
          } catch (error) {
            expect((error as Error).message).toMatch(/^Could not allocate IP in range/);
          }
        }
        const addresses = [...held.values()].map(({ address }) => address);
        expect(new Set(addresses).size).toBe(addresses.length);
        for (const { address, range } of held.values()) {
          const parsed = parseAddress(address)!;
          expect(contains(parseSubnet(range)!, parsed)).toBe(true);
          for (const one of exclusions) {
            expect(contains(parseSubnet(one.includes('/') ? one : `${one}/32`)!, parsed)).toBe(false);
          }
        }
        // The objects tell the same.
        const recorded = lab.store
          .list<IpPool>(resources.ipPools)
          .flatMap(({ spec }) => Object.values(spec.allocations));
        expect(recorded.map(({ id }) => id).sort()).toEqual([...held.keys()].sort());
        expect(
          lab.store
            .list(resources.ipReservations)
            .map(({ metadata }) => metadata.name)
            .sort(),
        ).toEqual(addresses.sort());
      }),
      { numRuns: 30 },
    );
  });
});
