import type {
  KubeObject,
  MigrationPolicy,
  Pod,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { matchPolicy, withPolicy } from '../../model/policies.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { hasHotplugVolumes } from './attachment-pod.ts';
import { stateClaimOf } from './backend-storage.ts';
import { migrationSettings } from './config.ts';
import { STATE_VOLUME, VIRT_CONTROLLER } from './launcher-pod.ts';
import { overheadOf } from './memory-overhead.ts';
import { currentPod } from './virt-vmi.ts';

const TARGET_LABEL = 'kubevirt.io/migrationTargetNodeName';

/** Scheduled: the VMI's migrationState is replaced, and virt-handler takes over. */
export function handOff(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
  pod: Pod,
): void {
  const { store, events } = cluster;
  const namespace = store.get<KubeObject>(resources.namespaces, undefined, vmi.metadata.namespace ?? '');
  const policy = matchPolicy(store.list<MigrationPolicy>(resources.migrationPolicies).slice(), vmi, namespace);
  const { configuration, named } = withPolicy(cluster.version, migrationSettings(cluster), policy);
  const targetMemoryOverhead = overheadOf(pod);
  const attachment = cluster.attachmentPods.get(pod.metadata.uid ?? '')[0];
  // "target attachment pod not found": virt-controller tries again, for ever.
  if (attachment === undefined && hasHotplugVolumes(vmi)) return;
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    draft.status = {
      ...draft.status,
      migrationState: {
        migrationUid: migration.metadata.uid ?? '',
        sourceNode: draft.status?.nodeName ?? '',
        sourcePod: currentPod(cluster, vmi)?.metadata.name ?? '',
        targetNode: pod.spec?.nodeName ?? '',
        targetPod: pod.metadata.name,
        migrationConfiguration: configuration,
        ...(attachment === undefined ? {} : { targetAttachmentPodUID: attachment.metadata.uid ?? '' }),
        ...stateClaims(cluster, vmi, pod),
        ...(targetMemoryOverhead === undefined ? {} : { targetMemoryOverhead }),
        ...(policy !== undefined && named ? { migrationPolicyName: policy.metadata.name } : {}),
      },
    };
    draft.metadata.labels = { ...draft.metadata.labels, [TARGET_LABEL]: pod.spec?.nodeName ?? '' };
  });
  events.normal(
    migration,
    VIRT_CONTROLLER,
    'SuccessfulHandOver',
    'Migration target pod is ready for preparation by virt-handler.',
  );
}

/** v1.4 and later: which claims hold the state of the TPM and UEFI (facts/kubevirt.md A5). */
function stateClaims(cluster: Cluster, vmi: VirtualMachineInstance, pod: Pod): object {
  const source = stateClaimOf(cluster, vmi)?.metadata.name;
  const target = pod.spec?.volumes?.find(({ name }) => name === STATE_VOLUME)?.persistentVolumeClaim?.claimName;
  if (cluster.version.minor < 4 || source === undefined || target === undefined) return {};
  return { sourcePersistentStatePVCName: source, targetPersistentStatePVCName: target };
}

/** Running and deleted: virt-handler is asked to abort. */
export function requestAbort(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
): void {
  const state = vmi.status?.migrationState;
  if (state === undefined || state.abortRequested === true || state.completed === true) return;
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    if (draft.status?.migrationState !== undefined) draft.status.migrationState.abortRequested = true;
  });
  cluster.events.normal(
    migration,
    VIRT_CONTROLLER,
    'SuccessfulAbortMigration',
    'Migration is ready to be canceled by virt-handler.',
  );
}

/** The target went down after hand-off and before the start: nobody else would say so on the VMI (facts/kubevirt.md C4). */
export function failHandedOver(cluster: Cluster, vmi: VirtualMachineInstance): void {
  if (vmi.status?.migrationState?.startTimestamp !== undefined) return;
  const uid = vmi.status?.migrationState?.migrationUid ?? '';
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    if (draft.status?.migrationState === undefined) return;
    Object.assign(draft.status.migrationState, {
      failed: true,
      completed: true,
      endTimestamp: now(cluster),
      failureReason: 'Target pod is down',
    });
  });
  cluster.events.warning(
    vmi,
    VIRT_CONTROLLER,
    'FailedMigration',
    `VirtualMachineInstance migration uid ${uid} failed. reason: Target pod is down`,
  );
}
