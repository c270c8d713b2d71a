import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseCidr, parseCidrOrAddress } from '../../network/addresses.ts';
import type { NetworkRequest, NetworkType } from '../../network/request.ts';
import { integer } from '../flags.ts';

/** What describes a migration network on the command line. */
export interface DesignFlags {
  interface?: string;
  vlan?: number;
  type: NetworkType;
  cidr?: string;
  exclude?: string[];
  mtu?: number;
  name: string;
  nodeSelector?: Record<string, string>;
}

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** A policy's name is a label's value as well, and has `-policy` at its end. */
const LONGEST = 63 - '-policy'.length;

export function designFlags(command: Command): Command {
  return command
    .optionsGroup('The network:')
    .option('--interface <nic>', 'the NIC or bond of every node that migrations are to use')
    .option('--vlan <id>', 'the VLAN on it (default: untagged)', integer(1, 4094))
    .addOption(
      new Option('--type <type>', 'how virt-handler is attached: to the NIC or VLAN itself, or to a bridge on it')
        .choices(['macvlan', 'bridge', 'ovs'])
        .default('macvlan'),
    )
    .option('--cidr <network>', 'where its addresses lie (default: the first of 10.200.5.0/24, ... that is free)', cidr)
    .option('--exclude <network>', 'addresses in it that nobody is to get; may be repeated', exclude)
    .option(
      '--mtu <bytes>',
      'MTU from the NIC up; the switches have to let it through (default: as the NIC is)',
      integer(576, 65_535),
    )
    .option('--name <name>', 'name of the network', name, 'migration-network')
    .option('--node-selector <labels>', 'the nodes with virt-handler, as KEY=VALUE (default: found out)', selector);
}

export function requestOf(flags: DesignFlags & { interface: string }): NetworkRequest {
  const { vlan, mtu, nodeSelector } = flags;
  return {
    interface: flags.interface,
    type: flags.type,
    ...(vlan !== undefined && { vlan }),
    ...(flags.cidr !== undefined && { cidr: flags.cidr }),
    exclude: flags.exclude ?? [],
    ...(mtu !== undefined && { mtu }),
    name: flags.name,
    ...(nodeSelector !== undefined && { nodeSelector }),
  };
}

function cidr(text: string): string {
  if (parseCidr(text) === undefined) throw new InvalidArgumentError('Use a network such as 10.200.5.0/24.');
  return text;
}

function exclude(text: string, previous: string[] = []): string[] {
  if (parseCidrOrAddress(text) === undefined) {
    throw new InvalidArgumentError('Use a network or an address such as 10.200.5.0/30.');
  }
  return [...previous, text];
}

function name(text: string): string {
  if (!NAME.test(text) || text.length > LONGEST) {
    throw new InvalidArgumentError(`Use lower-case letters, digits and dashes, ${LONGEST} at most.`);
  }
  return text;
}

function selector(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^([^=]+)=(.*)$/.exec(pair));
  if (pairs.some((pair) => pair === null))
    throw new InvalidArgumentError('Use KEY=VALUE, several with commas between them.');
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
}
