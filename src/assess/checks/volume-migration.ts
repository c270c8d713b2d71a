import { compareText, perSnapshot } from '../../model/memo.ts';
import { storageOf } from '../../model/nodes.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { conditionOf, type Vm, type Volume } from '../../model/vm.ts';
import { atVm, type Check, type Draft, info } from '../check.ts';
import { versionIn } from '../refused.ts';
import { isLocal } from './local-volumes.ts';
import { isBlockStorage } from './raw-block.ts';

/** Classes of which some claim in the cluster is ReadWriteMany, and rightly so, the most used first. */
const sharedClassesOf = perSnapshot((snapshot) => {
  const uses = new Map<string, number>();
  const { classes } = storageOf(snapshot);
  for (const { spec, status } of itemsOf(snapshot.lists.claims)) {
    const name = spec?.storageClassName;
    if (name === undefined || status?.phase !== 'Bound' || spec?.accessModes?.includes('ReadWriteMany') !== true)
      continue;
    const storageClass = classes.get(name);
    const of = storageClass === undefined ? {} : { storageClass };
    if (isLocal(of) || (isBlockStorage(of) && spec.volumeMode !== 'Block')) continue;
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return [...uses].sort((a, b) => b[1] - a[1] || compareText(a[0], b[0])).map(([name]) => name);
});

/** What only its disks keep from migrating needs no restart: KubeVirt can copy them to shared storage while it runs. */
export const volumeMigration: Check = {
  id: 'storage/volume-migration',
  title: 'What its disks would allow once they are on shared storage',
  source: 'facts/kubevirt.md A4 (StorageLiveMigratable), E (volume migration)',
  needs: ['virtualMachineInstances', 'claims', 'kubeVirts'],
  run(vm, snapshot): Draft[] {
    if (!vm.running || conditionOf(vm, 'StorageLiveMigratable')?.status !== 'True') return [];
    const live = conditionOf(vm, 'LiveMigratable');
    if (live?.status !== 'False' || live.reason !== 'DisksNotLiveMigratable') return [];
    const evidence = [
      atVm(vm, '.status.conditions[type=StorageLiveMigratable].status', 'True'),
      atVm(vm, '.status.conditions[type=LiveMigratable].reason', live.reason),
    ];
    const obstacles = obstaclesOf(vm, snapshot);
    if (obstacles.length > 0) {
      return [
        info(vm, {
          message: `only its disks keep it from live-migrating, but KubeVirt can't copy them while it runs: ${obstacles.join('; ')}`,
          evidence,
          remedy: 'Stop the VM and copy its disks to shared storage, or remove the obstacle first.',
        }),
      ];
    }
    const classes = sharedClassesOf(snapshot).slice(0, 3);
    const where =
      classes.length === 0 ? 'a class that offers ReadWriteMany' : `a shared class (here: ${classes.join(', ')})`;
    return [
      info(vm, {
        message:
          'only its disks keep it from live-migrating; KubeVirt can move them to another storage class while it runs',
        evidence,
        remedy: `Make claims of ${where} of at least the same size, and name them in the VM in place of the old ones, with spec.updateVolumesStrategy: Migration. KubeVirt copies the disks; from then on the VM can live-migrate.`,
      }),
    ];
  },
};

/** What KubeVirt refuses about migrating the volumes that are not shared. */
function obstaclesOf(vm: Vm, snapshot: Snapshot): string[] {
  const configuration = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration;
  const version = versionIn(snapshot);
  const found: string[] = [];
  const rollout = configuration?.vmRolloutStrategy ?? version?.rolloutStrategy;
  if (rollout === 'Stage') found.push('changes wait for a restart (vmRolloutStrategy is Stage)');
  const gates = configuration?.developerConfiguration?.featureGates ?? [];
  const gated = version !== undefined && version.minor <= 4;
  if (gated && !(gates.includes('VolumesUpdateStrategy') && gates.includes('VolumeMigration'))) {
    found.push('the feature gates VolumesUpdateStrategy and VolumeMigration are not both on');
  }
  const { disks = [], filesystems = [] } = vm.spec.domain.devices;
  for (const { name, sharedHostDisk } of vm.volumes.filter(isUnshared)) {
    if (sharedHostDisk === false) found.push(`${name} is a file of its node`);
    const disk = disks.find((candidate) => candidate.name === name);
    if (disk?.lun !== undefined) found.push(`${name} is a LUN`);
    if (disk?.shareable === true) found.push(`${name} is shared with other VMs`);
    if (filesystems.some((filesystem) => filesystem.name === name)) found.push(`${name} is a virtiofs directory`);
  }
  return found;
}

function isUnshared({ accessModes, sharedHostDisk }: Volume): boolean {
  return sharedHostDisk === false || accessModes?.includes('ReadWriteMany') === false;
}
