import type { PersistentVolumeClaim } from '../../model/objects.ts';
import type { DataVolume, DataVolumeCondition } from './cdi-claim.ts';

/** A transfer of data into a claim, as the pod that does it stands. */
export interface Transfer {
  state: 'scheduled' | 'running' | 'failing' | 'done';
  /** In percent; undefined: not known. */
  progress?: number;
  restarts: number;
  /** Why the last attempt failed. */
  failure?: string;
}

type Kind = 'import' | 'clone' | 'upload';

export function kindOf({ spec }: DataVolume): Kind {
  if (spec.source?.pvc !== undefined) return 'clone';
  return spec.source?.upload === undefined ? 'import' : 'upload';
}

const phases: Record<Kind, { scheduled: string; running: string }> = {
  import: { scheduled: 'ImportScheduled', running: 'ImportInProgress' },
  clone: { scheduled: 'CloneScheduled', running: 'CloneInProgress' },
  upload: { scheduled: 'UploadScheduled', running: 'UploadReady' },
};

const COMPLETE: Record<Kind, string> = {
  import: 'Import Complete',
  clone: 'Clone Complete',
  upload: 'Upload Complete',
};

/** What holds for a DataVolume's claim besides its transfer. */
interface ClaimState {
  /** Adopted, or filled and bound. */
  ready: boolean;
  /** Its class waits for a consumer, and there is none yet. */
  waits: boolean;
}

/** status.phase (CDI 1.63 with populators: updateStatus, updateStatusPVCPending). */
export function phaseOf(
  volume: DataVolume,
  claim: PersistentVolumeClaim | undefined,
  { ready, waits }: ClaimState,
  transfer: Transfer | undefined,
): string {
  const now = volume.status?.phase ?? '';
  if (claim === undefined) return now === '' ? 'Pending' : now;
  if (claim.status?.phase === 'Lost') return 'Failed';
  if (ready) return 'Succeeded';
  if (transfer === undefined) return waits ? 'PendingPopulation' : now === '' ? 'Pending' : now;
  const { scheduled, running } = phases[kindOf(volume)];
  return transfer.state === 'scheduled' ? scheduled : running;
}

/** The event about a new phase; phases without one have undefined. */
export function phaseEvent(
  volume: DataVolume,
  phase: string,
): { type: 'normal' | 'warning'; reason: string; message: string } | undefined {
  const { name, namespace = '' } = volume.metadata;
  const kind = kindOf(volume);
  const source = volume.spec.source?.pvc;
  const cloning = `${source?.namespace ?? namespace}/${source?.name ?? ''} into ${namespace}/${name}`;
  const texts: Record<string, string> = {
    ImportScheduled: `Import into ${name} scheduled`,
    ImportInProgress: `Import into ${name} in progress`,
    CloneScheduled: `Cloning from ${cloning} scheduled`,
    CloneInProgress: `Cloning from ${cloning} in progress`,
    UploadScheduled: `Upload into ${name} scheduled`,
    UploadReady: `Upload into ${name} ready`,
  };
  if (phase === 'Failed') return { type: 'warning', reason: 'ErrClaimLost', message: `PVC ${name} lost` };
  if (phase === 'Succeeded') {
    const done: Record<Kind, [string, string]> = {
      import: ['ImportSucceeded', `Successfully imported into PVC ${name}`],
      clone: ['CloneSucceeded', `Successfully cloned from ${cloning}`],
      upload: ['UploadSucceeded', `Successfully uploaded into ${name}`],
    };
    return { type: 'normal', reason: done[kind][0], message: done[kind][1] };
  }
  const message = texts[phase];
  return message === undefined ? undefined : { type: 'normal', reason: phase, message };
}

/** The conditions Bound, Running and Ready (CDI 1.63, conditions.go), with the times of those that did not change kept. */
export function conditionsOf(
  volume: DataVolume,
  claim: PersistentVolumeClaim | undefined,
  phase: string,
  transfer: Transfer | undefined,
  now: string,
): DataVolumeCondition[] {
  const name = volume.metadata.name;
  const bound = claim?.status?.phase === 'Bound';
  const running = transfer?.state === 'running';
  const wanted: Omit<DataVolumeCondition, 'lastTransitionTime' | 'lastHeartbeatTime'>[] = [
    claim === undefined
      ? { type: 'Bound', status: 'False', reason: 'NotFound', message: 'No PVC found' }
      : bound
        ? { type: 'Bound', status: 'True', reason: 'Bound', message: `PVC ${name} Bound` }
        : { type: 'Bound', status: 'False', reason: 'Pending', message: `PVC ${name} Pending` },
    phase === 'Succeeded'
      ? { type: 'Ready', status: 'True', reason: '', message: '' }
      : { type: 'Ready', status: 'False', reason: running ? 'TransferRunning' : '', message: '' },
    { type: 'Running', ...runningOf(volume, transfer) },
  ];
  return wanted.map((condition) => {
    const before = volume.status?.conditions?.find(({ type }) => type === condition.type);
    const same = before?.status === condition.status;
    const quiet = same && before.reason === condition.reason && before.message === condition.message;
    return {
      ...condition,
      lastTransitionTime: same ? (before.lastTransitionTime ?? now) : now,
      lastHeartbeatTime: quiet ? (before.lastHeartbeatTime ?? now) : now,
    };
  });
}

function runningOf(
  volume: DataVolume,
  transfer: Transfer | undefined,
): { status: string; reason: string; message: string } {
  switch (transfer?.state) {
    case 'running':
      return { status: 'True', reason: 'Pod is running', message: '' };
    case 'failing':
      return { status: 'False', reason: 'Error', message: transfer.failure ?? '' };
    case 'done':
      return { status: 'False', reason: 'Completed', message: COMPLETE[kindOf(volume)] };
    case 'scheduled':
      return { status: 'False', reason: 'ContainerCreating', message: '' };
    default:
      return { status: 'False', reason: '', message: '' };
  }
}

/** status.progress: a percentage of a transfer whose size is known. */
export function progressOf(phase: string, transfer: Transfer | undefined): string {
  if (phase === 'Succeeded') return '100.0%';
  return transfer?.progress === undefined ? 'N/A' : `${transfer.progress.toFixed(2)}%`;
}
