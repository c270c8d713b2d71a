import { itemsOf } from '../../../model/snapshot.ts';
import { type Vm, type Volume, vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, info } from '../../check.ts';
import { counted, some } from '../../text.ts';

/** Where the disks of VMs can be used by one node only, a drain means downtime. */
export const unsharedStorage: Check = {
  id: 'storage/unshared',
  title: 'The disks of VMs are on storage that all nodes share',
  source: 'mission: Storage Requirements, Best Practices 4; facts/kubevirt.md E; facts/anchors.md 6 row 14',
  needs: ['claims', 'virtualMachineInstances', 'storageClasses'],
  advise(snapshot): Draft[] {
    const tied = vmsOf(snapshot)
      .filter((vm) => vm.running)
      .flatMap((vm): { vm: Vm; volume: Volume }[] => {
        const volume = vm.volumes.find(
          ({ claim, accessModes, migrating }) =>
            claim !== undefined && !migrating && accessModes?.includes('ReadWriteMany') === false,
        );
        return volume === undefined ? [] : [{ vm, volume }];
      });
    const [first] = tied;
    if (first?.volume.claim === undefined) return [];
    const running = vmsOf(snapshot).filter((vm) => vm.running).length;
    const classes = [...new Set(tied.flatMap(({ volume }) => volume.storageClassName ?? []))].sort();
    const shared = new Set(
      itemsOf(snapshot.lists.claims).flatMap(({ spec }) =>
        spec?.accessModes?.includes('ReadWriteMany') === true ? (spec.storageClassName ?? []) : [],
      ),
    );
    const better = [...shared].filter((name) => !classes.includes(name)).sort();
    return [
      info(
        { kind: 'KubeVirt', name: 'workloads' },
        {
          message: `${tied.length} of ${counted(running, 'running VM')} ${tied.length === 1 ? 'has a disk' : 'have disks'} that only one node can use (storage class ${some(classes) || 'unknown'}): ${some(tied.map(({ vm: { namespace, name } }) => `${namespace}/${name}`))}`,
          evidence: at(first.volume.claim, '.spec.accessModes', first.volume.claim.spec?.accessModes),
          remedy: `They move cold only, unless their disks go along: from KubeVirt 1.4 on volume migration copies disks to another class while the VM runs.${better.length === 0 ? '' : ` Shared claims of the ${better.length === 1 ? 'class' : 'classes'} ${some(better)} are in use already.`}`,
        },
      ),
    ];
  },
};
