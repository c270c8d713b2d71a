import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const JSON_PATCH = 'kubevirt.kubevirt.io/jsonpatch';

/** An annotation gets settings past the HyperConverged; what it says then differs from what is in force (facts/kubevirt.md A10). */
export const settingsTainted: Cause = {
  id: 'settings/overridden',
  title: 'Settings are overridden by a patch in an annotation',
  source: 'facts/kubevirt.md A10',
  needs: ['hyperConvergeds'],
  cluster({ snapshot }) {
    const found = itemsOf(snapshot.lists.hyperConvergeds).find(
      ({ metadata }) => metadata.annotations?.[JSON_PATCH] !== undefined,
    );
    if (found === undefined) return undefined;
    const patch = found.metadata.annotations?.[JSON_PATCH] ?? '';
    const migrations = patch.includes('/migrations');
    return {
      confidence: migrations ? 'likely' : 'possible',
      message: `the annotation ${JSON_PATCH} of the HyperConverged changes KubeVirt's settings behind its back${migrations ? ', those of migrations among them' : ''}: what the HyperConverged shows is not all that is in force`,
      evidence: [atField(found, `.metadata.annotations["${JSON_PATCH}"]`, patch)],
      remedies: [
        'Look whether the patch is still needed, and whether its paths still exist in this version; it is not supported (alert UnsupportedHCOModification).',
        'What is in force stands in the KubeVirt object: kubectl get kubevirt -A -o yaml.',
      ],
    };
  },
  texts: [/UnsupportedHCOModification/, /TaintedConfiguration/],
  meaning: {
    message: 'An annotation of the HyperConverged patches the settings of KubeVirt past it.',
    remedies: [
      'Look whether the patch is still needed: annotation kubevirt.kubevirt.io/jsonpatch of the HyperConverged.',
    ],
  },
};
