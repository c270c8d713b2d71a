import { settingsOf } from '../../../model/settings.ts';
import { knownVersion } from '../../../model/versions/index.ts';
import { atSetting, type Check, type Draft, info, warning } from '../../check.ts';

const SUBJECT = { kind: 'KubeVirt', name: 'migrations' };

/** What happens to a guest that does not converge in time: nothing, a pause, or post-copy - by two settings that must agree. */
export const settingsPostCopy: Check = {
  id: 'settings/workload-disruption',
  title: 'allowPostCopy and allowWorkloadDisruption mean what they seem to',
  source: 'facts/kubevirt.md A8, A10, D1, D4; facts/anchors.md 2 (pain 24), 6',
  needs: ['kubeVirts', 'hyperConvergeds'],
  advise(snapshot): Draft[] {
    const { allowPostCopy: postCopy, allowWorkloadDisruption: disruption } = settingsOf(snapshot);
    const version = knownVersion(snapshot.versions.kubevirt)?.version;
    if (postCopy.value === undefined || version === undefined) return [];
    const drafts: Draft[] = [];
    const both = [
      atSetting(postCopy, 'allowPostCopy'),
      ...(version.workloadDisruption ? [atSetting(disruption, 'allowWorkloadDisruption')] : []),
    ];
    if (postCopy.value && version.workloadDisruption && disruption.value === false) {
      drafts.push(
        warning(SUBJECT, {
          message:
            'allowPostCopy is on, but allowWorkloadDisruption is off: no migration ever switches to post-copy, it is aborted at its time-out all the same',
          evidence: both,
          remedy:
            'To have post-copy, set both; to have neither, turn allowPostCopy off. (HyperConverged 1.19 writes allowWorkloadDisruption: false by itself.)',
        }),
      );
    }
    if (postCopy.value && version.multifd.notWith.includes('post-copy')) {
      drafts.push(
        info(SUBJECT, {
          message: `allowPostCopy makes every migration slower on KubeVirt ${version.name}: memory then goes through one connection instead of ${version.multifd.threads}`,
          evidence: atSetting(postCopy, 'allowPostCopy'),
          remedy:
            'Allow it by a MigrationPolicy only for the VMs that do not converge otherwise. From KubeVirt 1.9 on it costs nothing.',
        }),
      );
    }
    if (postCopy.value && disruption.value !== false) {
      drafts.push(
        info(SUBJECT, {
          message:
            'migrations that do not converge switch to post-copy: the guest runs on while its memory is in two places, and is lost if the network between them fails',
          evidence: both,
          remedy:
            'Keep it for VMs that may be lost and started anew, by MigrationPolicy; for others prefer less load or more bandwidth.',
        }),
      );
    }
    if (!postCopy.value && disruption.value === true) {
      drafts.push(
        info(SUBJECT, {
          message:
            'migrations that do not converge in time pause the guest until its memory is copied, for up to as long again as the time-out',
          evidence: both,
          remedy:
            'Turn allowWorkloadDisruption off, or off for some VMs by MigrationPolicy, where a pause is worse than a migration that is aborted.',
        }),
      );
    }
    return drafts;
  },
};
