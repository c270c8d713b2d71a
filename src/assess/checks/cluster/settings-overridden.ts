import { type MigrationSettings, type Setting, settingsOf } from '../../../model/settings.ts';
import { itemsOf } from '../../../model/snapshot.ts';
import { at, atSetting, type Check, type Draft, info, warning } from '../../check.ts';

const JSONPATCH = 'kubevirt.kubevirt.io/jsonpatch';

/** HyperConverged writes KubeVirt's settings; who writes them past it is undone, or undoes it unseen. */
export const settingsOverridden: Check = {
  id: 'settings/overridden',
  title: "KubeVirt's migration settings are HyperConverged's",
  source: 'facts/kubevirt.md A10 (KubeVirtCRModified, UnsupportedHCOModification); facts/anchors.md 6 row 8',
  needs: ['kubeVirts', 'hyperConvergeds'],
  advise(snapshot): Draft[] {
    const [hyperConverged] = itemsOf(snapshot.lists.hyperConvergeds);
    if (hyperConverged === undefined) return [];
    const patch = hyperConverged.metadata.annotations?.[JSONPATCH];
    const own = (Object.entries(settingsOf(snapshot)) as [keyof MigrationSettings, Setting<unknown>][]).filter(
      ([, { origin }]) => origin === 'KubeVirt',
    );
    const { namespace = '', name } = hyperConverged.metadata;
    const subject = { kind: 'HyperConverged', namespace, name };
    if (patch?.includes('/spec/configuration/migrations') === true) {
      return [
        info(subject, {
          message: `HyperConverged's annotation ${JSONPATCH} changes migration settings past its own fields; the alert UnsupportedHCOModification fires`,
          evidence: at(hyperConverged, `.metadata.annotations["${JSONPATCH}"]`, patch),
          remedy:
            'Where HyperConverged has a field for it, set that and remove the patch: an upgrade may give the patched field another meaning.',
        }),
      ];
    }
    if (own.length === 0) return [];
    const names = own.map(([setting]) => setting).sort();
    return [
      warning(subject, {
        message: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} set in KubeVirt's CR, not by HyperConverged: the operator sets ${names.length === 1 ? 'it' : 'them'} back, and the alert KubeVirtCRModified fires`,
        evidence: own.map(([setting, value]) => atSetting(value, setting)),
        remedy: 'Set it in HyperConverged instead; then it stays.',
      }),
    ];
  },
};
