import { at as atField } from '../../model/finding.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const UPDATE = 'kubevirt.io/workloadUpdateMigration';

/** After an upgrade the workload updater takes every slot it can get, until the last VM runs in the new virt-launcher (facts/kubevirt.md C3). */
export const workloadUpdater: Cause = {
  id: 'moves/workload-updater',
  title: 'KubeVirt is moving VMs into its new virt-launcher',
  source: 'facts/kubevirt.md C1, C3; facts/anchors.md 2 pain 23, 6 row 26',
  needs: ['migrations', 'virtualMachineInstances', 'kubeVirts'],
  cluster({ snapshot }) {
    const kubeVirt = itemsOf(snapshot.lists.kubeVirts).find(
      ({ status }) => (status?.outdatedVirtualMachineInstanceWorkloads ?? 0) > 0,
    );
    const left = kubeVirt?.status?.outdatedVirtualMachineInstanceWorkloads;
    if (kubeVirt === undefined || left === undefined) return undefined;
    const moving = migrationsOf(snapshot).unfinished.filter(
      ({ object }) => object.metadata.annotations?.[UPDATE] !== undefined,
    );
    const evidence = [
      atField(kubeVirt, '.status.outdatedVirtualMachineInstanceWorkloads', left),
      ...moving.slice(0, 5).map(({ object }) => atField(object, '.status.phase', object.status?.phase)),
    ];
    const methods = kubeVirt.spec?.workloadUpdateStrategy?.workloadUpdateMethods ?? [];
    const several = `${left} VM${left === 1 ? '' : 's'} still run${left === 1 ? 's' : ''} in an old virt-launcher`;
    if (moving.length === 0) {
      return {
        confidence: 'possible',
        message:
          methods.length === 0
            ? `${several}, and KubeVirt is not told to move them (workloadUpdateMethods is empty)`
            : `${several}; KubeVirt moves what can be migrated, the others stay until they are restarted`,
        evidence,
        remedies: [
          'See which they are: kubectl get vmi -A -l kubevirt.io/outdatedLauncherImage. Those that cannot be migrated need a restart: ferry check VM says why.',
        ],
      };
    }
    return {
      confidence: 'likely',
      message: `${several}; KubeVirt moves them by itself, ${moving.length} at the moment, and takes the slots that other migrations wait for`,
      evidence,
      remedies: [
        'Wait: each VM is moved once. Migrations that people ask for come after these from KubeVirt 1.9 on.',
        'To stop it for a while, take LiveMigrate out of spec.workloadUpdateStrategy.workloadUpdateMethods of the HyperConverged.',
      ],
    };
  },
  texts: [/OutdatedVirtualMachineInstanceWorkloads/, /for automated workload update/],
  meaning: {
    message:
      'After an upgrade VMs still run in the old virt-launcher. KubeVirt moves those that can be migrated; the others stay until they are restarted.',
    remedies: ['See how many are left: ferry diagnose cluster; and why one stays: ferry diagnose VM.'],
  },
};
