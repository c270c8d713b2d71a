import { z } from 'zod';
import { needsOf } from '../../cluster/rights.ts';
import { proposeTool } from '../propose-tool.ts';
import { readFor, requireNodeNamed, vmNamed } from '../reading.ts';
import { namespace, objectName } from '../schemas.ts';

export const vmMigrationMove = proposeTool({
  name: 'vm_migration_move',
  title: 'VM migration: move',
  description:
    'Propose to live-migrate one VM or several, without stopping them, to a node or wherever the scheduler puts them. Checks them first and refuses, with the reasons, what can not be moved live. Changes nothing: returns a proposal for apply_proposal.',
  toolset: 'migration',
  input: z.strictObject({
    name: z.union([objectName(), z.array(objectName()).min(1).max(50)]).describe('A VM, or up to 50.'),
    namespace: namespace(),
    target: objectName().describe('The node to go to. Default: the scheduler chooses.').optional(),
  }),
  instead: {
    vm: 'use "name"',
    names: 'use "name", which takes a list as well',
    node: 'use "target" for the node to move to',
    to: 'use "target"',
  },
  needs: needsOf.move,
  async prepare({ name, namespace, target }, context) {
    const snapshot = await readFor(context, namespace);
    if (target !== undefined) requireNodeNamed(snapshot, target);
    const names = [...new Set([name].flat())];
    const vms = names.map((each) => vmNamed(snapshot, each, namespace));
    const { decideMoves, preparedMoves } = await import('../../propose/move.ts');
    return preparedMoves(context.client, decideMoves(snapshot, vms, target));
  },
});
