import { itemsOf } from '../../../model/snapshot.ts';
import { at, type Check, type Draft, info, warning } from '../../check.ts';
import { counted } from '../../text.ts';

/** After an upgrade KubeVirt migrates every VM once, to a new launcher; that takes slots, and surprises people. */
export const workloadUpdater: Check = {
  id: 'rivals/workload-updater',
  title: 'Whether KubeVirt moves VMs to update them',
  source: 'facts/kubevirt.md C3, G3 (OutdatedVirtualMachineInstanceWorkloads); facts/anchors.md 2 (pains 14, 23)',
  needs: ['kubeVirts'],
  advise(snapshot): Draft[] {
    return itemsOf(snapshot.lists.kubeVirts).flatMap((object): Draft[] => {
      const outdated = object.status?.outdatedVirtualMachineInstanceWorkloads ?? 0;
      if (outdated === 0) return [];
      const methods = object.spec?.workloadUpdateStrategy?.workloadUpdateMethods ?? [];
      const subject = { kind: 'KubeVirt', namespace: object.metadata.namespace ?? '', name: object.metadata.name };
      const evidence = [
        at(object, '.status.outdatedVirtualMachineInstanceWorkloads', outdated),
        at(
          object,
          '.spec.workloadUpdateStrategy.workloadUpdateMethods',
          object.spec?.workloadUpdateStrategy?.workloadUpdateMethods,
        ),
      ];
      const many = `${counted(outdated, 'VM')} ${outdated === 1 ? 'runs' : 'run'} on a launcher of before the last upgrade`;
      if (methods.length === 0) {
        return [
          info(subject, {
            message: `${many}, and nothing updates ${outdated === 1 ? 'it' : 'them'}: no update method is set`,
            evidence,
            remedy: 'Migrate or restart them when it suits: only then fixes of QEMU and libvirt reach them.',
          }),
        ];
      }
      const evict = methods.includes('Evict') ? '; those that cannot migrate are restarted' : '';
      return [
        warning(subject, {
          message: `${many}: KubeVirt ${methods.includes('LiveMigrate') ? 'migrates them by itself' : 'restarts them by itself'}${evict}; its migrations go before those that users start`,
          evidence,
          remedy:
            'Let it finish before a large move (the count goes down to 0), or expect yours to wait. To choose the time yourself, empty workloadUpdateStrategy.workloadUpdateMethods.',
        }),
      ];
    });
  },
};
