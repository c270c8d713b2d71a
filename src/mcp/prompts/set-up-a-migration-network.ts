import { z } from 'zod';
import { resources } from '../../cluster/resources.ts';
import { needsOf } from '../../cluster/rights.ts';
import { compareText } from '../../model/memo.ts';
import type { NodeNetworkState } from '../../model/objects.ts';
import { parseCidr } from '../../network/addresses.ts';
import { prompt, task } from '../prompt.ts';
import { readFor } from '../reading.ts';
import type { Complete } from '../resource.ts';
import { toolsContext } from './told.ts';

/** As Linux has them: 15 characters at most. */
const NIC = /^[A-Za-z0-9][-A-Za-z0-9_.@]{0,14}$/;

export const setUpAMigrationNetwork = prompt({
  name: 'set-up-a-migration-network',
  title: 'Set up a migration network',
  description:
    'A network of its own for live migrations: whether every node is ready for it, which addresses are free, which objects it takes, and what goes wrong if one is forgotten. Brings the whole plan; nothing is applied.',
  arguments: z.strictObject({
    interface: z
      .string()
      .regex(NIC, 'must be the name of a NIC')
      .describe('The NIC or bond that every node has for it.'),
    vlan: z
      .string()
      .regex(/^[1-9]\d{0,3}$/, 'must be a number from 1 to 4094')
      .transform(Number)
      .refine((id) => id <= 4094, 'must be a number from 1 to 4094')
      .optional()
      .describe('The VLAN on it. Default: untagged.'),
    cidr: z
      .string()
      .max(50)
      .refine((text) => parseCidr(text) !== undefined, 'must be a network such as 10.200.5.0/24')
      .optional()
      .describe('Where its addresses lie. Default: a private network that is free.'),
    type: z
      .enum(['macvlan', 'bridge', 'ovs'])
      .default('macvlan')
      .describe('How virt-handler is attached: to the NIC or VLAN itself (macvlan), or to a bridge on it.'),
  }),
  complete: { interface: nics(), type: () => Promise.resolve(['bridge', 'macvlan', 'ovs']) },
  needs: [...needsOf.check, { verb: 'list', group: '', resource: 'nodes' }],
  async run({ interface: nic, vlan, cidr, type }, source) {
    const context = await toolsContext(source);
    const { client, signal } = context;
    const [snapshot, { planNetwork }, known] = await Promise.all([
      readFor(context, undefined),
      import('../../network/design.ts'),
      import('../../network/known-networks.ts').then(({ readKnownNetworks }) => readKnownNetworks(client, { signal })),
    ]);
    const request = {
      interface: nic,
      type,
      name: 'migration-network',
      exclude: [],
      ...(vlan !== undefined && { vlan }),
      ...(cidr !== undefined && { cidr }),
    };
    const { findings, nodes, refused, changes, ...plan } = planNetwork(snapshot, request, known);
    return {
      task: task(
        `Prepare a dedicated live-migration network on interface "${nic}"${vlan === undefined ? '' : `, VLAN ${vlan}`}.`,
        [
          'Read the plan below. `refused` says whether anything speaks against carrying it out; findings about a node stand with the node.',
          'If it is refused: name every blocker with its evidence and what to do, and stop. Otherwise go on, and name the warnings.',
          'Show the network: interface, VLAN, MTU, addresses and who gets them, the nodes with their state, and each object that would be created or changed, with namespace and name.',
          'Say what I must have done on the switches, and that the change of the setting restarts virt-handler on every node, one after the other.',
          {
            tool: 'migration_network',
            step: 'To see the plan for other values, or to verify a network that exists: migration_network.',
          },
          {
            tool: 'migration_network_change',
            step: 'If I then ask for it: migration_network_change proposes it and changes nothing; apply_proposal only after my yes.',
          },
        ],
        source,
      ),
      brought: [
        { what: 'What speaks for and against it', data: { refused, findings, nodes } },
        { what: 'The plan', data: { ...plan, changes } },
      ],
    };
  },
});

/** The NICs and bonds that NMState reports of the nodes. */
function nics(): Complete {
  return async (_, source) => {
    const client = await source.client();
    const { items } = await client.list(resources.nodeNetworkStates, {
      signal: source.signal,
      map: (state: NodeNetworkState) => state.status?.currentState?.interfaces ?? [],
    });
    const names = items.flat().flatMap(({ name, type }) => {
      const fits = (type === 'ethernet' || type === 'bond') && NIC.test(name);
      return fits ? [name] : [];
    });
    return [...new Set(names)].sort(compareText);
  };
}
