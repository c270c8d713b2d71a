import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 or IPv6 address as a number. */
export interface Address {
  value: bigint;
  bits: 32 | 128;
}

export interface Subnet {
  /** The address as it was written: host bits and all. */
  address: Address;
  /** The network address. */
  first: bigint;
  /** The broadcast address. */
  last: bigint;
  prefix: number;
  bits: 32 | 128;
}

/** The address, or undefined if the text is none. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) {
    return { value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n), bits: 32 };
  }
  if (!isIPv6(text) || text.includes('.') || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return { value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n), bits: 128 };
}

/** As Go prints a net.IP. */
export function formatAddress({ value, bits }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 65535n).toString(16));
  // The URL parser compresses IPv6 addresses as RFC 5952 wants them.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** A subnet in CIDR notation, or undefined if the text is none. */
export function parseSubnet(text: string): Subnet | undefined {
  const [host = '', length = '', ...rest] = text.split('/');
  const address = parseAddress(host);
  if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  if (prefix > address.bits) return undefined;
  const size = 1n << BigInt(address.bits - prefix);
  const first = (address.value / size) * size;
  return { address, first, last: first + size - 1n, prefix, bits: address.bits };
}

/** The subnet as Go's net.IPNet prints itself. */
export function formatSubnet({ first, bits, prefix }: Subnet): string {
  return `${formatAddress({ value: first, bits })}/${prefix}`;
}

export function contains(subnet: Subnet, address: Address): boolean {
  return subnet.bits === address.bits && subnet.first <= address.value && address.value <= subnet.last;
}

/** Go's net.IP.IsGlobalUnicast: neither unspecified, loopback, multicast, link-local nor the limited broadcast. */
export function isGlobalUnicast(address: Address): boolean {
  const special =
    address.bits === 32
      ? ['0.0.0.0/32', '127.0.0.0/8', '224.0.0.0/4', '169.254.0.0/16', '255.255.255.255/32']
      : ['::/128', '::1/128', 'ff00::/8', 'fe80::/10'];
  return !special.some((text) => {
    const subnet = parseSubnet(text);
    return subnet !== undefined && contains(subnet, address);
  });
}
