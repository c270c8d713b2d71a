import type { Cause } from '../cause.ts';
import { failureSaying } from '../said.ts';

const ERROR = /virError\(Code=(\d+), Domain=(\d+), Message='(.*)'\)/s;
const LOOKUP = /migration monitor failed to look up domain: (.*)/s;

/** Any other error of libvirt or QEMU, as it is (facts/kubevirt.md D2). */
export const libvirtError: Cause = {
  id: 'libvirt/error',
  title: 'libvirt or QEMU failed',
  source: 'facts/kubevirt.md D2',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  yieldsTo: ['network', 'libvirt', 'volume', 'target', 'node', 'migration'],
  migration(each) {
    const failure = each.state?.failureReason ?? '';
    const said =
      failureSaying(each, ERROR) ?? failureSaying(each, LOOKUP) ?? failureSaying(each, /^Live migration failed (.+)$/s);
    if (said === undefined || (failure !== '' && !/virError|Live migration failed|look up domain/.test(failure)))
      return undefined;
    return {
      confidence: 'likely',
      message: `libvirt ended it: ${said.match[3] ?? said.match[1] ?? ''}`,
      evidence: [said.evidence],
      remedies: [
        `Look at what QEMU said on the target: kubectl logs -n ${each.migration.metadata.namespace ?? ''} ${each.targetPodName ?? 'TARGET-POD'} -c compute, and at the source: ${each.state?.sourcePod ?? 'SOURCE-POD'}.`,
        'Ask for another node, to see whether it is the node: ferry move VM --to NODE.',
        'The VM runs where it was.',
      ],
    };
  },
  texts: [ERROR, LOOKUP, /Live migration failed /, /MigrateToURI3/],
  meaning: {
    message: 'libvirt or QEMU ended the migration; the text after Message= is their own. The VM runs where it was.',
    remedies: [
      'See it with what else is known: ferry diagnose VM.',
      'Look at the log of the target pod (container compute): QEMU says there what it could not do.',
    ],
  },
};
