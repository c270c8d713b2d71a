/** How many IPv4 addresses whereabouts can hand out of a range; undefined for what is not IPv4, or not a range. */
export function addressesIn(range: string, exclude: readonly string[]): number | undefined {
  const bounds = boundsOf(range);
  if (bounds === undefined) return undefined;
  const [low, high] = bounds;
  const taken = exclude.flatMap((text): [number, number][] => {
    const block = blockOf(text.includes('/') ? text : `${text}/32`);
    return block === undefined ? [] : [[Math.max(low, block[0]), Math.min(high, block[1])]];
  });
  taken.sort((a, b) => a[0] - b[0]);
  let lost = 0;
  let next = low;
  for (const [from, to] of taken) {
    const start = Math.max(from, next);
    if (to < start) continue;
    lost += to - start + 1;
    next = to + 1;
  }
  return Math.max(0, high - low + 1 - lost);
}

/** First and last address: of a CIDR without its network and broadcast addresses, or of `FIRST-LAST/PREFIX`. */
function boundsOf(range: string): [number, number] | undefined {
  const [first, last] = range.split('-');
  if (last !== undefined) {
    const low = addressOf(first ?? '');
    const high = addressOf(last.split('/')[0] ?? '');
    return low === undefined || high === undefined ? undefined : [low, high];
  }
  const block = blockOf(range);
  return block === undefined ? undefined : [block[0] + 1, block[1] - 1];
}

function blockOf(cidr: string): [number, number] | undefined {
  const [text = '', prefix] = cidr.split('/');
  const address = addressOf(text);
  const bits = Number(prefix);
  if (address === undefined || prefix === undefined || !Number.isInteger(bits) || bits < 0 || bits > 32)
    return undefined;
  const size = 2 ** (32 - bits);
  const start = Math.floor(address / size) * size;
  return [start, start + size - 1];
}

function addressOf(text: string): number | undefined {
  const octets = text.trim().split('.').map(Number);
  if (octets.length !== 4 || octets.some((octet) => !Number.isInteger(octet) || octet < 0 || octet > 255))
    return undefined;
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}
