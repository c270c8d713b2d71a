import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 or IPv6 address as a number. */
export interface Address {
  bits: 32 | 128;
  value: bigint;
}

/** A network: its first and last address, network and broadcast address included. */
export interface Cidr {
  bits: 32 | 128;
  prefix: number;
  first: bigint;
  last: bigint;
}

/** An address as it is written; undefined if it is none. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) {
    return { bits: 32, value: text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
  }
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // A tail in dotted form counts as two groups.
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail !== null) {
    const low = parseAddress(tail[2] as string)?.value ?? 0n;
    return parseAddress(`${tail[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = '', rest] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(rest ?? '')];
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return { bits: 128, value: all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) };
}

/** A network as `10.200.5.0/24`; undefined if it is none. Host bits are dropped. */
export function parseCidr(text: string): Cidr | undefined {
  const [ip = '', length, ...more] = text.split('/');
  const address = parseAddress(ip);
  if (address === undefined || length === undefined || more.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  return prefix > address.bits ? undefined : around(address, prefix);
}

/** A network, or a single address as the network of it alone. */
export function parseCidrOrAddress(text: string): Cidr | undefined {
  const address = parseAddress(text);
  return address === undefined ? parseCidr(text) : around(address, address.bits);
}

function around({ bits, value }: Address, prefix: number): Cidr {
  const host = BigInt(bits - prefix);
  const first = (value >> host) << host;
  return { bits, prefix, first, last: first + (1n << host) - 1n };
}

export function formatAddress({ bits, value }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  // RFC 5952: the longest run of at least two zero groups is left out.
  const runs = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  return `${text.slice(0, longest.index)}::${text.slice(longest.index + longest[0].length + 1)}`;
}

export function formatCidr({ bits, prefix, first }: Cidr): string {
  return `${formatAddress({ bits, value: first })}/${prefix}`;
}

export function contains({ bits, first, last }: Cidr, address: Address): boolean {
  return address.bits === bits && first <= address.value && address.value <= last;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.bits === b.bits && a.first <= b.last && b.first <= a.last;
}

/** Addresses that are given out: `first` to `last`, less what is excluded. */
export interface AddressRange {
  cidr: Cidr;
  first: bigint;
  last: bigint;
  exclude: Cidr[];
}

/** What whereabouts gives out of a network: neither the network nor the broadcast address (iphelpers.GetIPRange). */
export function rangeOf(cidr: Cidr, exclude: Cidr[] = []): AddressRange {
  return { cidr, first: cidr.first + 1n, last: cidr.last - 1n, exclude };
}

/** How many addresses a range has to give. */
export function capacityOf({ cidr, first, last, exclude }: AddressRange): bigint {
  const cut = exclude
    .filter((one) => one.bits === cidr.bits && one.first <= last && one.last >= first)
    .map((one) => ({ from: one.first < first ? first : one.first, to: one.last > last ? last : one.last }))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  let free = last < first ? 0n : last - first + 1n;
  let counted = first - 1n;
  for (const { from, to } of cut) {
    const start = from > counted ? from : counted + 1n;
    if (to < start) continue;
    free -= to - start + 1n;
    counted = to;
  }
  return free;
}

/** Whether a range may give out this address. */
export function mayGive({ cidr, first, last, exclude }: AddressRange, address: Address): boolean {
  if (address.bits !== cidr.bits || address.value < first || address.value > last) return false;
  return !exclude.some((one) => contains(one, address));
}

/** The lowest and the highest address that a range gives out; undefined if it gives none. */
export function endsOf(range: AddressRange): { first: string; last: string } | undefined {
  const { bits } = range.cidr;
  const seek = (from: bigint, step: 1n | -1n): bigint | undefined => {
    let value = from;
    while (value >= range.first && value <= range.last) {
      const hit = range.exclude.find((one) => contains(one, { bits, value }));
      if (hit === undefined) return value;
      value = step === 1n ? hit.last + 1n : hit.first - 1n;
    }
    return undefined;
  };
  const [low, high] = [seek(range.first, 1n), seek(range.last, -1n)];
  if (low === undefined || high === undefined) return undefined;
  return { first: formatAddress({ bits, value: low }), last: formatAddress({ bits, value: high }) };
}
