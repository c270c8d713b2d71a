import type { Cause } from '../cause.ts';
import { targetPodSaying, targetTrouble } from '../target.ts';

const MULTI = /Multi-Attach error for volume "([^"]+)"/;
const FAILED =
  /Multi-Attach error for volume "([^"]+)".*|AttachVolume\.\S+ failed for volume "([^"]+)".*|MountVolume\.\S+ failed for volume "([^"]+)".*|MapVolume\.\S+ failed for volume "([^"]+)".*|Unable to attach or mount volumes.*/s;

/** A volume can't be attached to the target node while the source has it (facts/kubevirt.md C1, E). */
export const volumeAttach: Cause = {
  id: 'target/volume-attach',
  title: 'A volume cannot be attached to the target node',
  source: 'facts/kubevirt.md C1, E',
  needs: ['migrations', 'pods'],
  reads: ['events'],
  migration(each) {
    const trouble = targetTrouble(each);
    if (trouble?.stage !== 'pending') return undefined;
    const said = targetPodSaying(each, FAILED);
    if (said === undefined) return undefined;
    const [, ...names] = said.match;
    const volume = names.find((name) => name !== undefined);
    const multi = targetPodSaying(each, MULTI) !== undefined;
    return {
      confidence: 'certain',
      message: `${volume === undefined ? 'a volume' : `volume ${volume}`} cannot be ${multi ? `used on node ${each.targetNode ?? ''} while the source still uses it: the storage does not share it between nodes, whatever its access modes say` : `attached or mounted on node ${each.targetNode ?? ''}`}${trouble.outcome}`,
      evidence: [said.evidence, ...trouble.evidence],
      remedies: multi
        ? [
            'Copy the volume to a class whose volumes several nodes can use at once (a volume migration); ferry check VM names the claims.',
            'Until then the VM moves cold only (a restart): virtctl restart VM.',
          ]
        : [
            'The event says what the storage driver has against it: its node plugin on that node, the path to the storage, or a limit of volumes a node.',
            'Move it to a node where it works: ferry move VM --to NODE.',
          ],
    };
  },
  texts: [MULTI, /FailedAttachVolume|FailedMount|FailedMapVolume/, /Unable to attach or mount volumes/],
  meaning: {
    message:
      'A volume of the VM cannot be attached to the target node. Multi-Attach means that the storage does not share it between nodes, whatever its access modes say.',
    remedies: [
      'See which claims that concerns: ferry check VM.',
      'Copy the volume to shared storage, or move the VM cold (a restart): virtctl restart VM.',
    ],
  },
};
