import { z } from 'zod';
import { requireOwnerKnown } from '../../cluster/require-lists.ts';
import { networkNeeds, requireNetworkRights } from '../../network/rights.ts';
import { holderOf, installNamespace } from '../../network/site.ts';
import { design, designInstead, refuseBeside, requestIn, words } from '../network-design.ts';
import { proposeTool } from '../propose-tool.ts';
import { readFor } from '../reading.ts';

const CANARY = /^(vm\/)?[^/\s]{1,63}\/[^/\s]{1,253}$/;

export const migrationNetworkChange = proposeTool({
  name: 'migration_network_change',
  title: 'Migration network: change',
  description:
    'Propose to build a migration network (arguments of migration_network), to resume an interrupted run, or to remove a network or what a run did. Restarts every virt-handler; a failing step takes all back. Changes nothing: returns a proposal.',
  toolset: 'migration',
  destructive: true,
  input: z.strictObject({
    action: z.enum(['build', 'resume', 'remove']),
    ...design,
    canary: z
      .string()
      .refine((text) => CANARY.test(text), 'must be NAMESPACE/NAME')
      .describe('Build: NAMESPACE/VM, migrated at the end as the proof.')
      .optional(),
    while_migrating: z.boolean().describe('They can fail.').optional(),
  }),
  instead: { ...designInstead, vm: 'use "canary"', operation: 'use "action"', force: 'use "while_migrating"' },
  needs: networkNeeds,
  async prepare({ action, canary, while_migrating: whileMigrating = false, ...given }, context) {
    if (action !== 'build') refuseBeside({ canary, ...given }, action, ['while_migrating']);
    const wanted = action === 'build' ? requestIn(given) : undefined;
    const { client, signal } = context;
    const snapshot = await readFor(context, undefined);
    requireOwnerKnown(snapshot);
    const [setting, namespace] = [holderOf(snapshot), installNamespace(snapshot)];
    if (setting !== undefined && namespace !== undefined) await requireNetworkRights(client, setting, namespace);
    const { readRun, vmReference } = await import('../../propose/network.ts');
    const store = await readRun(client, snapshot, signal);
    const request = { whileMigrating, words };
    if (wanted !== undefined) {
      const { decideBuild, preparedBuild } = await import('../../propose/network-build.ts');
      const { readKnownNetworks } = await import('../../network/known-networks.ts');
      const known = await readKnownNetworks(client, { signal });
      const proof = canary === undefined ? {} : { canary: vmReference(canary, '') };
      const decided = decideBuild(snapshot, known, store?.journal, { ...request, ...proof, design: wanted });
      return preparedBuild(client, decided, words);
    }
    if (action === 'resume') {
      const { preparedResume } = await import('../../propose/network-resume.ts');
      return preparedResume(client, store, request, snapshot);
    }
    const { preparedRemoval } = await import('../../propose/network-remove.ts');
    return preparedRemoval(client, store, request, snapshot);
  },
});
