import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseCidr, parseCidrOrAddress } from '../../network/addresses.ts';
import {
  DEFAULT_NAME,
  isNetworkName,
  LONGEST_NAME,
  NETWORK_TYPES,
  type NetworkRequest,
  type NetworkType,
  parseLabels,
} from '../../network/request.ts';
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

export function designFlags(command: Command): Command {
  return command
    .optionsGroup('The network:')
    .option('--interface <nic>', 'the NIC or bond of every node that migrations are to use')
    .option('--vlan <id>', 'the VLAN on it (default: untagged)', integer(1, 4094))
    .addOption(
      new Option('--type <type>', 'how virt-handler is attached: to the NIC or VLAN itself, or to a bridge on it')
        .choices(NETWORK_TYPES)
        .default('macvlan'),
    )
    .option('--cidr <network>', 'where its addresses lie (default: the first of 10.200.5.0/24, ... that is free)', cidr)
    .option('--exclude <network>', 'addresses in it that nobody is to get; may be repeated', exclude)
    .option(
      '--mtu <bytes>',
      'MTU from the NIC up; the switches have to let it through (default: as the NIC is)',
      integer(576, 65_535),
    )
    .option('--name <name>', 'name of the network', name, DEFAULT_NAME)
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
  if (isNetworkName(text)) return text;
  throw new InvalidArgumentError(`Use lower-case letters, digits and dashes, ${LONGEST_NAME} at most.`);
}

function selector(text: string): Record<string, string> {
  const labels = parseLabels(text);
  if (labels !== undefined) return labels;
  throw new InvalidArgumentError('Use KEY=VALUE, several with commas between them.');
}
