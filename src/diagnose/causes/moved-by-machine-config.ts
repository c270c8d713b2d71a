import { movedBy } from '../moved-by.ts';

/** OpenShift updates its nodes one after the other, and drains each before. */
export const movedByMachineConfig = movedBy({
  id: 'moves/machine-config',
  title: "An update of its node's system moved it",
  source: 'facts/anchors.md 2 pains 14, 23',
  is: ({ trigger }) => trigger === 'machine-config',
  remedies: () => [
    'Nothing has to be done: the nodes are updated one after the other. A VM can be moved several times on the way.',
    'To choose the time, pause the MachineConfigPool: oc patch machineconfigpool worker --type=merge -p \'{"spec":{"paused":true}}\'; not for long, certificates wait, too.',
  ],
});
