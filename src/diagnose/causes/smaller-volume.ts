import { at as atField } from '../../model/finding.ts';
import type { Cause } from '../cause.ts';
import { failureSaying } from '../said.ts';

/** QEMU's own words come first in 1.6 to 1.8, where KubeVirt's are lost (live-migration-source.go, setMigrationResult). */
const SMALLER =
  /destination volume is smaller the[na] the source volume|destination volume is smaller than the source volume|has to be smaller or equal to the actual size of the containing file/;

/** The claim a volume is copied to is smaller than the one it comes from (facts/kubevirt.md D2, E). */
export const smallerVolume: Cause = {
  id: 'volume/destination-smaller',
  title: 'The new volume is smaller than the old one',
  source: 'facts/kubevirt.md D2, E',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const said = failureSaying(each, SMALLER);
    if (said === undefined) return undefined;
    const { vmi } = each;
    const volumes = vmi?.status?.migratedVolumes ?? [];
    const sizes = volumes.map(
      ({ sourcePVCInfo, destinationPVCInfo }) =>
        `${sourcePVCInfo?.claimName ?? ''} (${sourcePVCInfo?.capacity?.['storage'] ?? '?'}) to ${destinationPVCInfo?.claimName ?? ''} (${destinationPVCInfo?.capacity?.['storage'] ?? destinationPVCInfo?.requests?.['storage'] ?? '?'})`,
    );
    return {
      confidence: 'certain',
      message: `a volume was to be copied to a smaller one${sizes.length === 0 ? '' : `: ${sizes.join(', ')}`}; a filesystem on the claim takes some of its size, too`,
      evidence: [
        said.evidence,
        ...(vmi === undefined || volumes.length === 0 ? [] : [atField(vmi, '.status.migratedVolumes', volumes)]),
      ],
      remedies: [
        'Make a new claim that is as large as the old one in bytes; where the old one is a block volume and the new one a filesystem, 6 % larger.',
        'Point the volume of the VM to it; pointing it back to the old claim calls the migration off.',
        'Until one of both is done, KubeVirt tries again and fails again.',
      ],
    };
  },
  texts: [SMALLER],
  meaning: {
    message:
      'The claim that a volume is copied to is smaller, in bytes, than the one it is copied from; a filesystem on it takes its share, too.',
    remedies: ['Make a larger claim, and point the VM to it.'],
  },
};
