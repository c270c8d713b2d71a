import type { KubeVirt } from '../../model/objects.ts';
import { put, without } from './conditions.ts';

type Conditions = NonNullable<NonNullable<KubeVirt['status']>['conditions']>;

// KubeVirt pkg/virt-operator/util/client.go: the KubeVirt CR's conditions.

/** A new deployment is rolled out; the old one works meanwhile. */
export function updating(draft: KubeVirt, time: string): void {
  const { status = {} } = draft;
  const from = `previous version ${status.observedKubeVirtVersion ?? ''} with registry ${status.observedKubeVirtRegistry ?? ''}`;
  const to = `target version ${status.targetKubeVirtVersion ?? ''} using registry ${status.targetKubeVirtRegistry ?? ''}`;
  const message = `Transitioning from ${from} to ${to}`;
  let conditions = without(without(status.conditions, 'Created'), 'Synchronized');
  for (const type of ['Available', 'Progressing', 'Degraded']) {
    conditions = set(conditions, type, 'True', 'UpdateInProgress', message, time);
  }
  draft.status = { ...status, conditions };
}

/** What was rolled out before is rolled out again: not an update to virt-operator, which then calls itself unavailable. */
export function deploying(draft: KubeVirt, time: string): void {
  const { status = {} } = draft;
  const message = `Deploying version ${status.targetKubeVirtVersion ?? ''} with registry ${status.targetKubeVirtRegistry ?? ''}`;
  let conditions = without(status.conditions, 'Synchronized');
  for (const [type, value] of [
    ['Available', 'False'],
    ['Progressing', 'True'],
    ['Degraded', 'False'],
  ] as const) {
    conditions = set(conditions, type, value, 'DeploymentInProgress', message, time);
  }
  draft.status = { ...status, conditions };
}

/** Everything is rolled out and ready. */
export function available(draft: KubeVirt, time: string): void {
  let conditions = draft.status?.conditions ?? [];
  conditions = set(conditions, 'Created', 'True', 'AllResourcesCreated', 'All resources were created.', time);
  for (const [type, status] of [
    ['Available', 'True'],
    ['Progressing', 'False'],
    ['Degraded', 'False'],
  ] as const) {
    conditions = set(conditions, type, status, 'AllComponentsReady', 'All components are ready.', time);
  }
  draft.status = { ...draft.status, conditions, phase: 'Deployed' };
}

/** virt-operator met an error, and tries again. */
export function failedBy(draft: KubeVirt, error: string, time: string): void {
  const message = `An error occurred during deployment: ${error}`;
  let conditions = draft.status?.conditions ?? [];
  for (const [type, status] of [
    ['Synchronized', 'False'],
    ['Available', 'False'],
    ['Progressing', 'False'],
    ['Degraded', 'True'],
  ] as const) {
    conditions = set(conditions, type, status, 'DeploymentFailed', message, time);
  }
  draft.status = { ...draft.status, conditions };
}

function set(
  conditions: Conditions,
  type: string,
  status: string,
  reason: string,
  message: string,
  time: string,
): Conditions {
  return put(conditions, { type, status, reason, message, lastProbeTime: time, lastTransitionTime: time });
}
