import { z } from 'zod';
import {
  type Address,
  contains,
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  type Subnet,
} from './whereabouts-addresses.ts';

// whereabouts v0.9: pkg/config, pkg/allocate, pkg/iphelpers. Failures carry its words.

/** What whereabouts answers when it can't give an address. */
export class WhereaboutsError extends Error {}

/** One range of an IPAM configuration. */
export interface AddressRange {
  subnet: Subnet;
  start?: Address;
  end?: Address;
  /** Subnets, or single addresses, as the configuration writes them. */
  exclude: string[];
}

export interface WhereaboutsConfig {
  ranges: AddressRange[];
  networkName: string;
  overlappingRanges: boolean;
}

const range = {
  range: z.string().optional(),
  range_start: z.string().optional(),
  range_end: z.string().optional(),
  exclude: z.array(z.string()).optional(),
};
// Keys it does not know are ignored, `excludeSubnets` among them (facts/anchors.md 6, row 17).
const ipam = z.object({
  ...range,
  ipRanges: z.array(z.object(range)).optional(),
  network_name: z.string().optional(),
  enable_overlapping_ranges: z.boolean().optional(),
});

/** Reads the `ipam` part of a CNI configuration. Throws WhereaboutsError. */
export function parseWhereabouts(config: unknown): WhereaboutsConfig {
  const parsed = ipam.safeParse(config);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new WhereaboutsError(
      `LoadIPAMConfig - JSON Parsing Error: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
  }
  const { ipRanges = [], network_name = '', enable_overlapping_ranges = true, ...own } = parsed.data;
  const written = own.range === undefined || own.range === '' ? ipRanges : [own, ...ipRanges];
  return { ranges: written.map(rangeOf), networkName: network_name, overlappingRanges: enable_overlapping_ranges };
}

function rangeOf(written: z.infer<z.ZodObject<typeof range>>): AddressRange {
  const text = written.range ?? '';
  const exclude = written.exclude ?? [];
  const dash = text.indexOf('-');
  if (dash >= 0) {
    const [from, to] = [text.slice(0, dash), text.slice(dash + 1)];
    const start = parseAddress(from);
    if (start === undefined) throw new WhereaboutsError(`invalid range start IP: ${from}`);
    const subnet = parseSubnet(to);
    if (subnet === undefined) {
      throw new WhereaboutsError(
        `invalid CIDR (do you have the 'range' parameter set for Whereabouts?) '${to}': invalid CIDR address: ${to}`,
      );
    }
    if (!contains(subnet, start)) {
      throw new WhereaboutsError(`invalid range start for CIDR ${formatSubnet(subnet)}: ${from}`);
    }
    return { subnet, start, end: subnet.address, exclude };
  }
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw new WhereaboutsError(`invalid CIDR ${text}: invalid CIDR address: ${text}`);
  const start = parseAddress(written.range_start ?? '');
  const end = parseAddress(written.range_end ?? '');
  return { subnet, ...(start && { start }), ...(end && { end }), exclude };
}

/** The lowest address of a range that is neither reserved nor excluded. Throws WhereaboutsError if there is none. */
export function assignAddress(range: AddressRange, reserved: ReadonlySet<bigint>): Address {
  const { subnet } = range;
  const { bits } = subnet;
  const { first, last } = usable(range);
  const excluded = range.exclude.map((text) => {
    const found = parseSubnet(text) ?? parseSubnet(`${text}/${parseAddress(text)?.bits ?? ''}`);
    if (found !== undefined) return found;
    throw new WhereaboutsError(`could not parse exclude range, err: "invalid CIDR address: ${text}"`);
  });
  for (let value = first; value <= last; value++) {
    if (reserved.has(value)) continue;
    const hit = excluded.find((one) => contains(one, { value, bits }));
    if (hit === undefined) return { value, bits };
    value = hit.last;
  }
  const ends = [first, last].map((value) => formatAddress({ value, bits }));
  throw new WhereaboutsError(
    `Could not allocate IP in range: ip: ${ends[0]} / - ${ends[1]} / range: ${formatSubnet(subnet)} / excludeRanges: [${range.exclude.join(' ')}]`,
  );
}

/** iphelpers.GetIPRange: neither network nor broadcast address; a start or end outside of that is ignored. */
function usable({ subnet, start, end }: AddressRange): { first: bigint; last: bigint } {
  if (subnet.prefix > subnet.bits - 2) {
    throw new WhereaboutsError(
      `net mask is too short, subnet ${formatSubnet(subnet)} has no usable IP addresses, it is too small`,
    );
  }
  let first = subnet.first + 1n;
  let last = subnet.last - 1n;
  const within = (address: Address | undefined): address is Address =>
    address?.bits === subnet.bits && first <= address.value && address.value <= last;
  if (within(start)) first = start.value;
  if (within(end)) last = end.value;
  return { first, last };
}
