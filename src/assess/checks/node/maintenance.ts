import { type NodeView, nodesOf } from '../../../model/nodes.ts';
import { at, type Check, type Draft, warning } from '../../check.ts';

const MCO = 'machineconfiguration.openshift.io/';

/** OpenShift's roll-outs and other operators drain nodes by themselves, and move VMs while they do. */
export const maintenance: Check = {
  id: 'node/maintenance',
  title: 'Nobody else has the node in maintenance',
  source: 'facts/anchors.md 2 (pains 14, 23); OpenShift Machine Config Operator (node annotations)',
  needs: ['nodes'],
  runNode: (node) => said(node),
  advise: (snapshot) => [...nodesOf(snapshot).values()].flatMap(said),
};

function said(node: NodeView): Draft[] {
  const { annotations = {} } = node.object.metadata;
  const state = annotations[`${MCO}state`];
  const current = annotations[`${MCO}currentConfig`];
  const desired = annotations[`${MCO}desiredConfig`];
  const subject = { kind: 'Node', name: node.name };
  const drafts: Draft[] = [];
  const evidence = at(node.object, `.metadata.annotations["${MCO}state"]`, state);
  if (state === 'Degraded' || state === 'Unreconcilable') {
    const reason = annotations[`${MCO}reason`];
    drafts.push(
      warning(subject, {
        message: `the Machine Config Operator failed on ${node.name} (${state}${reason === undefined ? '' : `: ${reason}`}): the roll-out stops here, and the node may stay cordoned`,
        evidence,
        remedy:
          'Repair the machine config first (oc describe machineconfigpool); VMs that left the node come back only once it is uncordoned.',
      }),
    );
  } else if (state !== undefined && state !== 'Done') {
    drafts.push(
      warning(subject, {
        message: `OpenShift is rolling out a machine config on ${node.name} (state ${state}): it drains the node, and restarts it if it has to`,
        evidence,
        remedy: 'Let it finish before you move VMs to or from the node; its evictions take migration slots, too.',
      }),
    );
  } else if (current !== undefined && desired !== undefined && current !== desired) {
    drafts.push(
      warning(subject, {
        message: `${node.name} is about to get another machine config (${desired}): OpenShift will drain it`,
        evidence: [
          at(node.object, `.metadata.annotations["${MCO}currentConfig"]`, current),
          at(node.object, `.metadata.annotations["${MCO}desiredConfig"]`, desired),
        ],
        remedy: 'Let the roll-out finish, or pause the MachineConfigPool, before you move VMs by hand.',
      }),
    );
  }
  const taint = node.taints.find(
    ({ key }) => key.startsWith('medik8s.io/') || key === 'node.kubernetes.io/out-of-service',
  );
  if (taint !== undefined) {
    drafts.push(
      warning(subject, {
        message: `${node.name} has the taint ${taint.key}: another operator has it in maintenance or out of service`,
        evidence: at(node.object, `.spec.taints[key=${taint.key}]`, taint),
        remedy: 'Let that operator finish, or end its maintenance (oc get nodemaintenance), before you move VMs here.',
      }),
    );
  }
  return drafts;
}
