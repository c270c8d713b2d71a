import { policyOf, settingsFor } from '../../model/policies.ts';
import { atSetting, type Check, type Draft, info, warning } from '../check.ts';
import { versionIn } from '../refused.ts';

/** Post-copy ends every migration, at a price: while it lasts, the VM lives on two nodes, and dies with either. */
export const postCopy: Check = {
  id: 'settings/post-copy',
  title: 'A migration of the VM can always be taken back',
  source: 'facts/kubevirt.md A8, A9, A10, D1, D4; facts/anchors.md 2 (pain 24)',
  needs: ['kubeVirts', 'migrationPolicies', 'namespaces'],
  run(vm, snapshot): Draft[] {
    if (!vm.running) return [];
    const { allowPostCopy, allowWorkloadDisruption: disruption } = settingsFor(vm, snapshot);
    const version = versionIn(snapshot);
    const policy = policyOf(vm, snapshot)?.metadata.name;
    const by = allowPostCopy.origin === 'MigrationPolicy' ? ` by MigrationPolicy ${policy ?? ''}` : '';
    const evidence = atSetting(allowPostCopy, 'allowPostCopy');
    if (allowPostCopy.value === true) {
      if (version?.workloadDisruption !== false && disruption.value === false) {
        return [
          warning(vm, {
            message: `post-copy is allowed${by}, but never happens, since allowWorkloadDisruption is false: a migration that takes too long is broken off`,
            evidence: [evidence, atSetting(disruption, 'allowWorkloadDisruption')],
            remedy:
              'Set both to true where the evidence says they are set if migrations should end by post-copy, or both to false.',
          }),
        ];
      }
      const slow =
        version?.multifd.notWith.includes('post-copy') === true
          ? ` KubeVirt ${version.name} also copies over one connection instead of ${version.multifd.threads} as soon as post-copy is allowed.`
          : '';
      return [
        info(vm, {
          message: `post-copy is allowed${by}: a migration that takes too long lets the guest go on on the target while part of its memory is still on the source; if the network or either node fails then, the VM is lost and has to be started anew`,
          evidence,
          remedy: `Use it only where the network is sound and a restart can be borne.${slow} Nodes must let pods use userfaultfd (sysctl vm.unprivileged_userfaultfd, or a seccomp profile that allows it).`,
        }),
      ];
    }
    if (disruption.value === true && version?.workloadDisruption !== false) {
      return [
        info(vm, {
          message: `its migration may pause it: one that takes too long stops the guest until the rest is copied${disruption.origin === 'MigrationPolicy' ? ` (MigrationPolicy ${policy ?? ''})` : ''}`,
          evidence: atSetting(disruption, 'allowWorkloadDisruption'),
          remedy:
            'Nothing is needed if a pause can be borne. Otherwise set allowWorkloadDisruption: false in a MigrationPolicy for it.',
        }),
      ];
    }
    return [];
  },
};
