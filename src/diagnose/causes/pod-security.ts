import { type Cause } from '../cause.ts';
import { eventSaying, isWaiting } from '../said.ts';

const DENIED = /needs a privileged namespace to run|violates PodSecurity/;

/** Pod Security admission refuses the target pod (facts/kubevirt.md C1). */
export const podSecurity: Cause = {
  id: 'queue/pod-security',
  title: 'The namespace does not allow the launcher pod',
  source: 'facts/kubevirt.md C1, E',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const said = isWaiting(each) ? eventSaying(each.events, DENIED) : undefined;
    if (said === undefined) return undefined;
    const { namespace } = each.migration.metadata;
    return {
      confidence: 'certain',
      message: `it waits: Pod Security admission of namespace ${namespace ?? ''} refuses the target pod; the VM was started when it was still allowed, or needs more than the namespace grants`,
      evidence: [said.evidence],
      remedies: [
        `Allow it: kubectl label namespace ${namespace ?? 'NAMESPACE'} pod-security.kubernetes.io/enforce=privileged --overwrite; the migration then starts by itself.`,
        'Or remove what needs the privilege from the VM (the message names it) and restart it.',
      ],
    };
  },
  texts: [DENIED],
  meaning: {
    message: 'Pod Security admission refuses the target pod in this namespace, so the migration stays Pending.',
    remedies: [
      'Label the namespace pod-security.kubernetes.io/enforce=privileged, or take the privilege out of the VM.',
    ],
  },
};
