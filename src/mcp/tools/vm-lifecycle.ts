import { z } from 'zod';
import { proposeTool } from '../propose-tool.ts';
import { objectName } from '../schemas.ts';

const actions = ['start', 'stop', 'restart', 'pause', 'unpause'] as const;

export const vmLifecycle = proposeTool({
  name: 'vm_lifecycle',
  title: 'Virtual Machine: Lifecycle',
  description:
    'Propose to start, stop, restart, pause or unpause a VM. A restart loses what is in its memory: to move a VM without that, use vm_migration_move. Changes nothing: returns a proposal for apply_proposal.',
  toolset: 'primitives',
  destructive: true,
  input: z.strictObject({ namespace: objectName(), name: objectName(), action: z.enum(actions) }),
  instead: { vm: 'use "name"', operation: 'use "action"', target: 'use vm_migration_move to move a VM' },
  needs: [
    { verb: 'get', group: 'kubevirt.io', resource: 'virtualmachines' },
    { verb: 'get', group: 'kubevirt.io', resource: 'virtualmachineinstances' },
    ...['start', 'stop', 'restart'].map((action) => ({
      verb: 'update',
      group: 'subresources.kubevirt.io',
      resource: `virtualmachines/${action}`,
    })),
    ...['pause', 'unpause'].map((action) => ({
      verb: 'update',
      group: 'subresources.kubevirt.io',
      resource: `virtualmachineinstances/${action}`,
    })),
  ],
  async prepare({ namespace, name, action }, { client, signal }) {
    const { decideLifecycle, preparedLifecycle, readLifecycle } = await import('../../propose/vm-lifecycle.ts');
    return preparedLifecycle(client, decideLifecycle(await readLifecycle(client, namespace, name, signal), action));
  },
});
