import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { isWaiting, noTargetBecause } from '../said.ts';

const UNKNOWN = /SELinux context not set on VMI status/;

/** The target pod gets the source's SELinux level, and nobody knows it (facts/kubevirt.md C1, item 6). */
export const selinuxUnknown: Cause = {
  id: 'queue/selinux-unknown',
  title: 'The SELinux context of the VM is not known',
  source: 'facts/kubevirt.md C1',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events', 'logs'],
  migration(each) {
    const { vmi } = each;
    const said = isWaiting(each) ? noTargetBecause(each, UNKNOWN) : undefined;
    if (said === undefined || vmi === undefined || (vmi.status?.selinuxContext ?? '') !== '') return undefined;
    return {
      confidence: 'certain',
      message: 'it waits: the target must get the SELinux level of the source, and virt-handler has not reported it',
      evidence: [said.evidence, atField(vmi, '.status.selinuxContext', vmi.status?.selinuxContext)],
      remedies: [
        `See whether virt-handler of the source node is healthy; it writes the context: ferry diagnose node/${each.sourceNode ?? 'NODE'}.`,
        'Where storage is mounted without SELinux labels of its own, matchSELinuxLevelOnMigration: false (KubeVirt CR) does without.',
        'Or move the VM cold (a restart): virtctl restart VM.',
      ],
    };
  },
  texts: [UNKNOWN],
  meaning: {
    message:
      'KubeVirt gives the target pod the SELinux level of the source, and the VMI does not say which that is; the migration stays Pending.',
    remedies: ['See whether virt-handler of the source node is healthy: ferry diagnose node/NODE.'],
  },
};
