import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { byNodeOf } from '../by-node.ts';
import { type Cause } from '../cause.ts';
import { cordonedSince } from '../started-by.ts';

/** A drain that is still under way asks anew every 5 s; an hour after nobody does, ms. */
const FORGOTTEN = 3_600_000;

/** A cordon alone moves nothing (facts/kubevirt.md C2); one that is left behind keeps VMs off for ever. */
export const nodeCordoned: Cause = {
  id: 'node/cordoned-and-forgotten',
  title: 'The node is cordoned, and nothing is done with it',
  source: 'facts/kubevirt.md C2; facts/anchors.md 2 pains 1, 2',
  needs: ['nodes', 'virtualMachineInstances', 'migrations'],
  node(node, { snapshot, now }) {
    if (!node.cordoned || !node.ready) return undefined;
    const state = node.object.metadata.annotations?.['machineconfiguration.openshift.io/state'];
    const leaving =
      itemsOf(snapshot.lists.migrations).some(
        ({ metadata, status }) =>
          metadata.annotations?.['kubevirt.io/evacuationMigration'] === node.name &&
          status?.phase !== 'Succeeded' &&
          status?.phase !== 'Failed',
      ) || byNodeOf(snapshot, node.name).some(({ vmi }) => vmi?.status?.evacuationNodeName === node.name);
    const since = cordonedSince(node);
    if (leaving || state === 'Working' || (since !== undefined && now - since < FORGOTTEN)) return undefined;
    const vms = byNodeOf(snapshot, node.name).length;
    const taint = node.taints.find(({ key }) => key === 'node.kubernetes.io/unschedulable');
    return {
      confidence: since === undefined ? 'possible' : 'likely',
      message: `${node.name} has been cordoned${since === undefined ? '' : ` for ${Math.round((now - since) / 3_600_000)} h`}, and nobody empties it: ${vms === 0 ? 'it is empty' : `${vms} VM${vms === 1 ? '' : 's'} on it go${vms === 1 ? 'es' : ''} on running`}, and no VM can start on it or move to it`,
      evidence: [
        atField(node.object, '.spec.unschedulable', true),
        ...(since === undefined || taint === undefined
          ? []
          : [
              atField(
                node.object,
                `.spec.taints[key=${taint.key}].timeAdded`,
                new Date(since).toISOString().replace('.000Z', 'Z'),
              ),
            ]),
      ],
      remedies: [
        `If the work on it is done: kubectl uncordon ${node.name}.`,
        `If it is to be emptied, a cordon does not do it: kubectl drain ${node.name} --ignore-daemonsets --delete-emptydir-data. What that does to each VM: ferry check node/${node.name}.`,
      ],
    };
  },
};
