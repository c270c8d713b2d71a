import { movedBy } from '../moved-by.ts';

/** More CPUs or memory, and some changes of networks, take effect by a migration (facts/kubevirt.md C3, K). */
export const movedByLiveUpdate = movedBy({
  id: 'moves/live-update',
  title: 'A change of the VM moved it',
  source: 'facts/kubevirt.md C3, K; facts/anchors.md 2 pain 23',
  is: ({ trigger }) => trigger === 'live-update',
  remedies: (_, { vm }) => [
    'Nothing has to be done: what was changed takes effect with the move.',
    `If nobody wanted it, look who changed the VM: kubectl get vm ${vm.name} -n ${vm.namespace} -o yaml --show-managed-fields.`,
  ],
});
