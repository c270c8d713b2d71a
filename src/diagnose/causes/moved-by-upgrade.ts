import { movedBy } from '../moved-by.ts';

/** After an upgrade the workload updater moves every VM into the new virt-launcher (facts/kubevirt.md C3). */
export const movedByUpgrade = movedBy({
  id: 'moves/upgrade',
  title: 'An upgrade of KubeVirt moved it',
  source: 'facts/kubevirt.md C3; facts/anchors.md 2 pain 23',
  is: ({ trigger }) => trigger === 'upgrade' || trigger === 'update',
  remedies: () => [
    'Nothing has to be done: each VM is moved once, a few at a time.',
    'To choose the time yourself at the next upgrade, take LiveMigrate out of spec.workloadUpdateStrategy.workloadUpdateMethods of the HyperConverged before it, and put it back afterwards.',
  ],
});
