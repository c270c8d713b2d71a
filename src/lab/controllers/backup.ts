import type { KubeObject, PersistentVolumeClaim, VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { bytesOf } from '../../model/quantity.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { abortBackup, backupOf, backupStatusOf, type Tracking, tracksBlocks } from './backup-status.ts';
import { type Condition, isTrue, put } from './conditions.ts';
import { claimsOf } from './launcher-pod.ts';
import { isMigrating } from './printable-status.ts';
import { type Requeue, workqueue } from './workqueue.ts';

const FINALIZER = 'backup.kubevirt.io/vmbackup-protection';
/** How long until a hot-plugged volume is mounted, ms, and how fast a backup is written, bytes/s: assumptions. */
const MOUNT: [number, number] = [2000, 5000];
const SPEED = 200 * 2 ** 20;

/** A VirtualMachineBackup (KubeVirt staging/src/kubevirt.io/api/backup/v1alpha1), as far as the lab carries it out. */
interface Backup extends KubeObject {
  spec: { source: { kind: string; name: string }; mode?: 'Push' | 'Pull'; pvcName?: string };
  status?: { type?: string; conditions?: Condition[] };
}

type Draft = VirtualMachineInstance & {
  spec: { utilityVolumes?: object[] };
  status?: { changedBlockTracking?: Tracking };
};

/**
 * virt-controller's backup controller and virt-handler's part of it (KubeVirt v1.8 pkg/storage/cbt/backup.go): full
 * backups to a claim, which is lent to the VM as a utility volume meanwhile. Backup trackers, incremental backups and
 * exports are left out.
 */
export function backupController(cluster: Cluster): Controller {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('backup');
  const needs = [cluster.virtController, cluster.virtApi];
  const queue = workqueue(cluster, 'backup', { from: 20, to: 80 }, sync, needs);
  const busy = new Set<string>();

  function sync(key: string): Requeue | undefined {
    const backup = byKey<Backup>(cluster, resources.backups, key);
    if (backup === undefined) return undefined;
    const deleting = backup.metadata.deletionTimestamp !== undefined;
    if (isTrue(backup.status?.conditions, 'Done')) {
      if (deleting) release(backup);
      return undefined;
    }
    const name = backup.spec.source.name;
    const vmi = store.get<VirtualMachineInstance>(resources.vmis, backup.metadata.namespace, name);
    if (isTrue(backup.status?.conditions, 'Progressing')) {
      if (vmi === undefined) return end(backup, 'Backup has failed: VMI was deleted during backup');
      const status = backupOf(vmi, backup.metadata.name);
      if (status === undefined) return end(backup, 'Backup has failed: VMI backup status was lost');
      if (status.completed !== true) {
        if (deleting) abortBackup(cluster, vmi);
        return undefined;
      }
      detach(vmi, backup);
      const failed = status.failed === true ? `Backup has failed: ${status.backupMsg ?? ''}` : undefined;
      return end(backup, failed ?? 'Successfully completed VirtualMachineBackup');
    }
    if (deleting) {
      if (vmi !== undefined) detach(vmi, backup);
      return end(backup, 'Backup has failed: backup was deleted during initialization');
    }
    return begin(backup, vmi);
  }

  function begin(backup: Backup, vmi: VirtualMachineInstance | undefined): Requeue | undefined {
    const { name, namespace = '' } = backup.metadata;
    const source = backup.spec.source.name;
    const wait = (message: string): Requeue => {
      tell(backup, { Initializing: 'True', Progressing: 'False' }, message);
      return { afterMs: 5000, background: true };
    };
    if (vmi === undefined) return wait(`vm ${source} is not running, cannot do backup`);
    if (claimsOf(vmi).length === 0) return wait(`vm ${source} has no volumes to backup`);
    if (backupStatusOf(vmi)?.state !== 'Enabled') {
      return wait(`vm ${source} has no ChangedBlockTracking, cannot start backup`);
    }
    if (isMigrating(vmi, clock.now())) {
      return wait(`vm ${source} is currently migrating, waiting for migration to complete before starting backup`);
    }
    const other = backupStatusOf(vmi)?.backupStatus?.backupName;
    if (other !== undefined && other !== name) return { afterMs: 5000, background: true };
    modify<Backup>(cluster, resources.backups, backup, (draft) => {
      draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), FINALIZER])];
    });
    const started = backup.metadata.creationTimestamp ?? now(cluster);
    change(vmi, (draft) => {
      const tracking = draft.status?.changedBlockTracking;
      if (tracking !== undefined) tracking.backupStatus ??= { backupName: name, startTimestamp: started };
    });
    const claimName = backup.spec.pvcName ?? '';
    if (store.get(resources.claims, namespace, claimName) === undefined) {
      return wait(`PVC ${namespace}/${claimName} doesnt exist`);
    }
    change(vmi, (draft) => {
      const volume = { name: volumeOf(backup), claimName, type: 'Backup' };
      draft.spec.utilityVolumes ??= [volume];
    });
    if (!busy.has(keyOf(backup))) write(backup, vmi);
    tell(
      backup,
      { Initializing: 'True', Progressing: 'False' },
      `attaching backup target pvc ${claimName} to vmi ${source}`,
    );
    return undefined;
  }

  /** The volume is mounted, and virt-handler has the disks written to it. */
  function write(backup: Backup, vmi: VirtualMachineInstance): void {
    const key = keyOf(backup);
    busy.add(key);
    const bytes = claimsOf(vmi).reduce((sum, { claimName }) => {
      const claim = store.get<PersistentVolumeClaim>(resources.claims, vmi.metadata.namespace, claimName);
      return sum + bytesOf(claim?.status?.capacity?.['storage'] ?? '0');
    }, 0);
    clock.after(random.between(...MOUNT), () => {
      cluster.virtApi.whenWorks(() =>
        tell(backup, { Initializing: 'False', Progressing: 'True' }, 'Backup is in progress'),
      );
      clock.after((bytes / SPEED) * 1000, () => {
        busy.delete(key);
        cluster.virtApi.whenWorks(() => complete(vmi, backup.metadata.name));
      });
    });
  }

  function complete(vmi: VirtualMachineInstance, name: string): void {
    change(vmi, (draft) => {
      const status = backupOf(draft, name);
      if (status === undefined || status.completed === true) return;
      Object.assign(status, { completed: true, endTimestamp: now(cluster) });
    });
  }

  function change(vmi: VirtualMachineInstance, edit: (draft: Draft) => void): void {
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => edit(draft as Draft));
  }

  function detach(vmi: VirtualMachineInstance, backup: Backup): void {
    change(vmi, (draft) => {
      delete draft.spec.utilityVolumes;
      if (backupOf(draft, backup.metadata.name) !== undefined) delete draft.status?.changedBlockTracking?.backupStatus;
    });
  }

  function tell(backup: Backup, conditions: Record<string, string>, message: string): void {
    const before = byKey<Backup>(cluster, resources.backups, keyOf(backup))?.status?.conditions ?? [];
    const time = now(cluster);
    let next = before;
    for (const [type, status] of Object.entries(conditions)) {
      next = put(next, { type, status, reason: message, lastProbeTime: null, lastTransitionTime: time });
    }
    if (next === before) return;
    modify<Backup>(cluster, resources.backups, backup, (draft) => {
      draft.status = { ...draft.status, type: 'Full', conditions: next };
    });
  }

  function end(backup: Backup, message: string): undefined {
    const failed = message.startsWith('Backup has failed');
    const reason = failed ? 'VirtualMachineBackupFailed' : 'VirtualMachineBackupCompletedSuccessfully';
    const source = { component: 'backup-controller' };
    if (failed) events.warning(backup, source, reason, message);
    else events.normal(backup, source, reason, message);
    tell(backup, { Initializing: 'False', Progressing: 'False', Done: 'True' }, message);
  }

  function release(backup: Backup): void {
    modify<Backup>(cluster, resources.backups, backup, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
    });
  }

  function wakeBackupsOf({ metadata: { namespace, name } }: KubeObject): void {
    for (const backup of store.list<Backup>(resources.backups, namespace)) {
      if (backup.spec.source.name === name) queue.add(keyOf(backup));
    }
  }

  return {
    start: () => {
      store.subscribe(({ resource, type, object, previous }) => {
        if (resource === resources.backups && type !== 'DELETED') queue.add(keyOf(object));
        if (resource !== resources.vmis || cluster.version.minor < 8) return;
        const vmi = object as VirtualMachineInstance;
        const before = (previous as VirtualMachineInstance | undefined)?.status?.phase;
        if (type === 'MODIFIED' && vmi.status?.phase === 'Running' && before !== 'Running') track(vmi);
        if (backupStatusOf(vmi)?.backupStatus !== undefined || type === 'DELETED') wakeBackupsOf(vmi);
      });
    },
  };

  /** A guest that starts while its VM is selected has its blocks tracked. */
  function track(vmi: VirtualMachineInstance): void {
    const vm = byKey<VirtualMachine>(cluster, resources.vms, keyOf(vmi));
    if (vm === undefined || !tracksBlocks(cluster, vm)) return;
    cluster.virtApi.whenWorks(() =>
      change(vmi, (draft) => {
        draft.status = { ...draft.status, changedBlockTracking: { state: 'Enabled' } };
      }),
    );
  }
}

/** The name of a backup's volume (naming.GetName, for names that are short enough). */
function volumeOf({ metadata }: Backup): string {
  return `${metadata.name}-backup-target-pvc`;
}
