import type { KubeObject, VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { featureGateEnabled, kubeVirtOf } from './config.ts';
import { type LabelSelector, matchesLabels } from './selectors.ts';

/** status.changedBlockTracking of a VMI. */
export interface Tracking {
  state?: string;
  backupStatus?: {
    backupName: string;
    startTimestamp: string;
    endTimestamp?: string;
    completed?: boolean;
    failed?: boolean;
    backupMsg?: string;
  };
}

export function backupStatusOf(vmi: VirtualMachineInstance): Tracking | undefined {
  return vmi.status?.changedBlockTracking as Tracking | undefined;
}

/** What a VMI says of the backup of this name. */
export function backupOf(vmi: VirtualMachineInstance, name: string): Tracking['backupStatus'] {
  const status = backupStatusOf(vmi)?.backupStatus;
  return status?.backupName === name ? status : undefined;
}

/** The backup under way (KubeVirt pkg/util/migrations, IsBackupInProgress). */
export function backupUnderWay(vmi: VirtualMachineInstance): string | undefined {
  const status = backupStatusOf(vmi)?.backupStatus;
  return status === undefined || status.completed === true ? undefined : status.backupName;
}

/** Ends the backup of a VMI unfinished. */
export function abortBackup(cluster: Cluster, vmi: VirtualMachineInstance): void {
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    const status = backupStatusOf(draft)?.backupStatus;
    if (status === undefined || status.completed === true) return;
    Object.assign(status, {
      completed: true,
      failed: true,
      backupMsg: 'backup was aborted',
      endTimestamp: now(cluster),
    });
  });
}

/** Whether a VM is selected by changedBlockTrackingLabelSelectors, and the gate is open (KubeVirt pkg/storage/cbt/cbt.go). */
export function tracksBlocks(cluster: Cluster, vm: VirtualMachine): boolean {
  if (!featureGateEnabled(cluster, 'IncrementalBackup')) return false;
  const configuration = kubeVirtOf(cluster)?.spec?.configuration as
    | {
        changedBlockTrackingLabelSelectors?: {
          namespaceLabelSelector?: LabelSelector;
          virtualMachineLabelSelector?: LabelSelector;
        };
      }
    | undefined;
  const { namespaceLabelSelector: ofNamespace, virtualMachineLabelSelector: ofVm } =
    configuration?.changedBlockTrackingLabelSelectors ?? {};
  if (ofVm !== undefined && matchesLabels(ofVm, vm.metadata.labels ?? {})) return true;
  const namespace = cluster.store.get<KubeObject>(resources.namespaces, undefined, vm.metadata.namespace ?? '');
  return ofNamespace !== undefined && matchesLabels(ofNamespace, namespace?.metadata.labels ?? {});
}
