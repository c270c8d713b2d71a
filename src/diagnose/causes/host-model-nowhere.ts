import type { Cause } from '../cause.ts';
import { eventSaying } from '../said.ts';

const NOWHERE = /Migration cannot proceed since no node is suitable to run the required CPU model/;

/** No other node has the CPU the guest runs on (facts/kubevirt.md G4). */
export const hostModelNowhere: Cause = {
  id: 'target/cpu-nowhere',
  title: 'No other node has its CPU',
  source: 'facts/kubevirt.md C1, G4; facts/anchors.md 2 pain 5',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const { events, phase, vm } = each;
    const said = phase === 'Succeeded' ? undefined : eventSaying(events, NOWHERE);
    if (said === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `no other node offers the CPU model and features that ${vm?.name ?? 'the VM'} started with: it runs with its host's CPU model, and is bound to nodes like that one until it is restarted`,
      evidence: [said.evidence],
      remedies: [
        'See which nodes lack what: ferry check VM.',
        'Give the VM a named CPU model that all nodes have, and restart it once; from then on it can go anywhere.',
        'Or move it cold (a restart): virtctl restart VM. It then starts with the CPU of the new node.',
      ],
    };
  },
  texts: [NOWHERE, /NoSuitableNodesForHostModelMigration/],
  meaning: {
    message: "The VM uses its host's CPU model, and no other node has the same model and features.",
    remedies: [
      'See which nodes lack what: ferry check VM.',
      'Give the VM a named CPU model that all nodes have, and restart it once.',
    ],
  },
};
