import type { Cause } from '../cause.ts';
import { eventSaying } from '../said.ts';

const NEVER = /domain was never observed on the target after the migration completed/;

/** The copying ended, and the guest did not show up on the target (facts/kubevirt.md G4). */
export const domainUnseen: Cause = {
  id: 'migration/guest-not-seen',
  title: 'The guest did not show up on the target',
  source: 'facts/kubevirt.md G4',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const said = each.phase === 'Succeeded' ? undefined : eventSaying(each.events, NEVER);
    if (said === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `the memory was copied, and virt-handler of ${each.targetNode ?? 'the target node'} did not see the guest start there in time`,
      evidence: [said.evidence],
      remedies: [
        `See whether virt-handler and libvirt on that node are well: ferry diagnose node/${each.targetNode ?? 'NODE'}, and the log of the target pod.`,
        'See where the guest runs before you do anything with its pods: ferry diagnose VM.',
      ],
    };
  },
  texts: [NEVER, /migrated to unknown host/],
  meaning: {
    message: 'The copying ended, and virt-handler did not see the guest on the target in time.',
    remedies: ['See where the guest runs, and whether virt-handler there is well: ferry diagnose VM.'],
  },
};
