import { itemsOf } from '../../../model/snapshot.ts';
import { knownVersion } from '../../../model/versions/index.ts';
import { at, type Check, type Draft, info, warning } from '../../check.ts';

const PROFILES = ['KubeVirtRelieveAndMigrate', 'DevKubeVirtRelieveAndMigrate'];
/** Profiles that evict VMs as well, once evictions happen in the background (facts/kubevirt.md J). */
const LONG = 'LongLifecycle';

/** Two balancers that do not know of each other move the same VMs back and forth. */
export const descheduler: Check = {
  id: 'rivals/descheduler',
  title: 'Whether the descheduler moves VMs by itself',
  source: 'facts/kubevirt.md J; facts/anchors.md 2 (pains 12, 14)',
  needs: ['deschedulers', 'kubeVirts'],
  advise(snapshot): Draft[] {
    return itemsOf(snapshot.lists.deschedulers).flatMap((object): Draft[] => {
      const { mode = 'Predictive', profiles = [], deschedulingIntervalSeconds: interval = 3600 } = object.spec ?? {};
      const { namespace = '', name } = object.metadata;
      const subject = { kind: 'KubeDescheduler', namespace, name };
      if (name !== 'cluster' || object.spec?.managementState === 'Removed') return [];
      const evidence = [
        at(object, '.spec.mode', object.spec?.mode),
        at(object, '.spec.profiles', object.spec?.profiles),
      ];
      const forVms = profiles.filter((profile) => PROFILES.includes(profile));
      if (forVms.length === 0) {
        const minor = knownVersion(snapshot.versions.kubevirt)?.version.minor ?? 0;
        const background = object.spec?.profileCustomizations?.['devEnableEvictionsInBackground'] === true;
        if (background || (minor >= 6 && profiles.includes(LONG))) return [moving(`profile ${profiles.join(', ')}`)];
        return [
          warning(subject, {
            message: `the descheduler runs without a profile for VMs (${profiles.join(', ') || 'none'}): it evicts VMs and takes the migration that follows for a failure, again and again; the alert HCOMisconfiguredDescheduler fires`,
            evidence,
            remedy: `Give it the profile ${minor >= 6 ? PROFILES[0] : minor >= 4 ? PROFILES[1] : `${LONG} with devEnableEvictionsInBackground`}, or remove it.`,
          }),
        ];
      }
      return [moving(forVms.join(', '))];

      function moving(by: string): Draft {
        if (mode !== 'Automatic') {
          return info(subject, {
            message: `the descheduler (${by}) only says what it would evict: its mode is ${mode}`,
            evidence,
            remedy: 'Nothing is needed; in the mode Automatic it would move VMs by itself.',
          });
        }
        return warning(subject, {
          message: `the descheduler (${by}) moves VMs by itself, every ${interval} s: it may undo what you or Ferry balance, and its evictions take migration slots`,
          evidence: [
            ...evidence,
            at(object, '.spec.deschedulingIntervalSeconds', object.spec?.deschedulingIntervalSeconds),
          ],
          remedy: `Let one of the two balance: while you move VMs by hand, let it only watch (kubectl patch kubedescheduler cluster -n openshift-kube-descheduler-operator --type=merge -p '{"spec":{"mode":"Predictive"}}'); VMs that must stay get the annotation descheduler.alpha.kubernetes.io/prefer-no-eviction.`,
        });
      }
    });
  },
};
