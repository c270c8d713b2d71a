import { z } from 'zod';
import { FerryError } from '../model/errors.ts';
import { parseCidr, parseCidrOrAddress } from '../network/addresses.ts';
import {
  DEFAULT_NAME,
  isNetworkName,
  LONGEST_NAME,
  NETWORK_TYPES,
  type NetworkRequest,
  parseLabels,
} from '../network/request.ts';
import type { NetworkWords } from '../propose/network.ts';

const inBounds = (low: number, high: number) => (value: number) => value >= low && value <= high;

/**
 * What describes a migration network; named as the command line's flags are. Bounds are told to who oversteps them: a
 * context pays for every character of the list.
 */
export const design = {
  interface: z
    .string()
    .refine(({ length }) => length > 0 && length <= 15, 'must be the name of an interface')
    .optional(),
  vlan: z.int().refine(inBounds(1, 4094), 'must be from 1 to 4094').optional(),
  type: z.enum(NETWORK_TYPES).optional(),
  cidr: z
    .string()
    .refine((text) => parseCidr(text) !== undefined, 'must be a network such as 10.200.5.0/24')
    .optional(),
  exclude: z
    .array(
      z
        .string()
        .refine((text) => parseCidrOrAddress(text) !== undefined, 'must be a network or an address: 10.200.5.0/30'),
    )
    .refine(({ length }) => length <= 100, 'must be 100 at most')
    .optional(),
  mtu: z.int().refine(inBounds(576, 65_535), 'must be from 576 to 65535').optional(),
  name: z
    .string()
    .refine(isNetworkName, `must be lower-case letters, digits and dashes, ${LONGEST_NAME} at most`)
    .optional(),
  node_selector: z
    .string()
    .refine((text) => parseLabels(text) !== undefined, 'must be KEY=VALUE, several with commas between them')
    .optional(),
};

/** The same with what each means. */
export const describedDesign = {
  ...design,
  interface: design.interface.describe('NIC or bond of every node.'),
  type: design.type.describe('Default: macvlan.'),
  cidr: design.cidr.describe('Default: a free one.'),
  exclude: design.exclude.describe('Networks, addresses not to give.'),
  mtu: design.mtu.describe("Default: the NIC's."),
  node_selector: design.node_selector.describe('KEY=VALUE; default: found out.'),
};

export type Design = { [K in keyof typeof design]?: z.infer<(typeof design)[K]> | undefined };

/** What is often written instead. */
export const designInstead = {
  nic: 'use "interface"',
  master: 'use "interface"',
  range: 'use "cidr"',
  subnet: 'use "cidr"',
  excludeSubnets: 'use "exclude", a list',
  vlan_id: 'use "vlan"',
};

/** Throws FERRY_E_USAGE if no NIC was named. */
export function requestIn({ node_selector, exclude, ...given }: Design): NetworkRequest {
  if (given.interface === undefined) {
    throw new FerryError(
      'FERRY_E_USAGE',
      'no NIC was named',
      'Give "interface": the NIC or bond that migrations are to use. With any name, the findings of action plan say which NICs are free.',
    );
  }
  const { vlan, mtu, cidr } = given;
  const nodeSelector = node_selector === undefined ? undefined : parseLabels(node_selector);
  return {
    interface: given.interface,
    type: given.type ?? 'macvlan',
    exclude: exclude ?? [],
    name: given.name ?? DEFAULT_NAME,
    ...(vlan !== undefined && { vlan }),
    ...(mtu !== undefined && { mtu }),
    ...(cidr !== undefined && { cidr }),
    ...(nodeSelector !== undefined && { nodeSelector }),
  };
}

/** Throws FERRY_E_USAGE for an argument that this action does not look at: what was meant by it would not happen. */
export function refuseBeside(given: Record<string, unknown>, action: string, takes: readonly string[]): void {
  const odd = Object.keys(given).filter((key) => given[key] !== undefined && !takes.includes(key));
  if (odd.length === 0) return;
  const named = odd.map((each) => `"${each}"`).join(', ');
  throw new FerryError(
    'FERRY_E_USAGE',
    `action ${action} does not take ${named}`,
    takes.length === 0 ? 'It takes nothing else.' : `It takes ${takes.join(', ')}.`,
  );
}

/** How an agent goes on. */
export const words: NetworkWords = {
  resume: 'migration_network_change with action resume',
  remove: 'migration_network_change with action remove',
  whileMigrating: 'while_migrating: true',
};
