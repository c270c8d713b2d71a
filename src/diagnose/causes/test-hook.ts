import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { failureSaying } from '../said.ts';

const REASON = /Failed migration to satisfy functional test condition/;
const ANNOTATION = 'kubevirt.io/func-test-force-launcher-migration-failure';

/** An annotation of KubeVirt's own tests makes every migration fail (facts/kubevirt.md A7, D2). */
export const testHook: Cause = {
  id: 'migration/test-annotation',
  title: 'An annotation makes it fail on purpose',
  source: 'facts/kubevirt.md A7, D2',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const said = failureSaying(each, REASON);
    if (said === undefined) return undefined;
    const { vmi } = each;
    const value = vmi?.metadata.annotations?.[ANNOTATION];
    return {
      confidence: 'certain',
      message: `the VM carries an annotation that KubeVirt's own tests use to make migrations fail`,
      evidence: [
        said.evidence,
        ...(vmi === undefined || value === undefined
          ? []
          : [atField(vmi, `.metadata.annotations["${ANNOTATION}"]`, value)]),
      ],
      remedies: [`Remove the annotation ${ANNOTATION} from the VM's template, and restart the VM.`],
    };
  },
  texts: [REASON],
  meaning: {
    message: `The VM carries the annotation ${ANNOTATION}, which makes migrations fail for KubeVirt's tests.`,
    remedies: ['Remove the annotation.'],
  },
};
