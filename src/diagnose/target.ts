import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import { knownVersion } from '../model/versions/index.ts';
import type { MigrationCase } from './case.ts';
import { eventSaying, inWords, type Said } from './said.ts';

/** A target pod that does not start: it hangs now, or KubeVirt gave it up. */
export interface TargetTrouble {
  stage: 'unschedulable' | 'pending';
  /** Seconds KubeVirt waits, since the pod was created. */
  limit: number;
  /** Seconds until KubeVirt deletes the pod and the migration fails; absent where it has. */
  left?: number;
  /** Since when it waits, seconds; 0 where it was given up. */
  waited: number;
  evidence: Evidence[];
  /** Ends a sentence: `; KubeVirt gives it up in 4 min`. */
  outcome: string;
}

const GIVEN_UP = /^(unschedulable|pending) pod \S+ timeout period exceeded$/;

const LIMITS = {
  unschedulable: { annotation: 'kubevirt.io/migrationUnschedulablePodTimeoutSeconds', seconds: 300 },
  pending: { annotation: 'kubevirt.io/migrationPendingPodTimeoutSeconds', seconds: 900 },
};

/** What hangs about a migration's target pod, with the countdown of KubeVirt's time-outs (facts/kubevirt.md C1, Timeouts on the target pod). */
export function targetTrouble(each: MigrationCase): TargetTrouble | undefined {
  const { targetPod, final, phase, events, now } = each;
  if (final) {
    const gaveUp = phase === 'Failed' ? eventSaying(events, GIVEN_UP) : undefined;
    return gaveUp === undefined ? undefined : past(each, gaveUp);
  }
  if (targetPod?.status?.phase !== 'Pending' || targetPod.metadata.deletionTimestamp !== undefined) return undefined;
  const scheduled = targetPod.status.conditions?.find(({ type }) => type === 'PodScheduled');
  const stage = scheduled?.status === 'False' && scheduled.reason === 'Unschedulable' ? 'unschedulable' : 'pending';
  const limit = limitOf(each, stage);
  const waited = Math.max(0, (now - Date.parse(targetPod.metadata.creationTimestamp ?? '')) / 1000) || 0;
  const left = Math.max(0, limit - waited);
  return {
    stage,
    limit,
    left,
    waited,
    evidence: [
      scheduled !== undefined && stage === 'unschedulable'
        ? atField(targetPod, '.status.conditions[type=PodScheduled].message', scheduled.message)
        : atField(targetPod, '.status.phase', targetPod.status.phase),
    ],
    outcome: `; it waits for ${inWords(waited)}, and KubeVirt gives it up in ${inWords(left)}`,
  };
}

function past(each: MigrationCase, { match, evidence }: Said): TargetTrouble {
  const stage = match[1] === 'unschedulable' ? 'unschedulable' : 'pending';
  const limit = limitOf(each, stage);
  return { stage, limit, waited: 0, evidence: [evidence], outcome: `; KubeVirt gave it up after ${limit} s` };
}

function limitOf({ migration, snapshot }: MigrationCase, stage: TargetTrouble['stage']): number {
  const { annotation, seconds } = LIMITS[stage];
  const own = Number(migration.metadata.annotations?.[annotation]);
  if (Number.isFinite(own)) return own;
  const version = knownVersion(snapshot.versions.kubevirt)?.version;
  return (stage === 'unschedulable' ? version?.unschedulableTimeout : version?.pendingTimeout) ?? seconds;
}

/** The newest event about the target pod that says it. */
export function targetPodSaying({ events, targetPodName }: MigrationCase, pattern: RegExp): Said | undefined {
  return eventSaying(
    events.filter(({ about }) => about.kind === 'Pod' && about.name === targetPodName),
    pattern,
  );
}

/** Why a container of the target pod does not run, by the kubelet's reasons. */
export function waitingReason({ targetPod }: MigrationCase, pattern: RegExp): Evidence | undefined {
  const status = targetPod?.status?.containerStatuses?.find(({ state }) => pattern.test(state?.waiting?.reason ?? ''));
  if (targetPod === undefined || status === undefined) return undefined;
  const field = `.status.containerStatuses[name=${status.name}].state.waiting.reason`;
  return atField(targetPod, field, status.state?.waiting?.reason);
}
