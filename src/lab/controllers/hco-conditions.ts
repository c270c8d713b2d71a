import type { HyperConverged, KubeVirt } from '../../model/objects.ts';
import { type Condition, conditionOf, put, without } from './conditions.ts';
import { JSON_PATCH } from './hco-kubevirt.ts';

// HyperConverged's status, as HCO's hyperconverged_controller.go sets it (release-1.16).

interface HyperConvergedCondition extends Condition {
  observedGeneration: number;
}

/** In this order, and TaintedConfiguration after them. */
const ORDER = ['ReconcileComplete', 'Available', 'Progressing', 'Degraded', 'Upgradeable'] as const;
type ConditionType = (typeof ORDER)[number];

/** Annotations that change an operand past HyperConverged's API. */
const PATCHES = [
  JSON_PATCH,
  'containerizeddataimporter.kubevirt.io/jsonpatch',
  'networkaddonsconfigs.kubevirt.io/jsonpatch',
  'ssp.kubevirt.io/jsonpatch',
];

const COMPLETED = { reason: 'ReconcileCompleted', message: 'Reconcile completed successfully' };

/** What a reconcile saw. */
interface Seen {
  hyperConverged: HyperConverged;
  /** Undefined if it was just written: its conditions are looked at next time. */
  kubeVirt?: KubeVirt;
  /** Why the KubeVirt CR could not be made. */
  failure?: string;
  /** metav1.Time. */
  now: string;
}

/** The conditions after a reconcile; those that stay as they were keep their transition time. */
export function hyperConvergedConditions({ hyperConverged, kubeVirt, failure, now }: Seen): HyperConvergedCondition[] {
  const found = new Map<ConditionType, Omit<Condition, 'type'>>();
  if (failure !== undefined) {
    found.set('ReconcileComplete', {
      status: 'False',
      reason: 'ReconcileFailed',
      message: `Error while reconciling: ${failure}`,
    });
  } else {
    if (kubeVirt !== undefined) fromKubeVirt(kubeVirt, found);
    complete(found);
  }
  const before = hyperConverged.status?.['conditions'] as HyperConvergedCondition[] | undefined;
  let conditions = before ?? [];
  const observedGeneration = hyperConverged.metadata.generation ?? 1;
  const set = (type: string, condition: Omit<Condition, 'type'>): void => {
    const known = conditionOf(conditions, type);
    const lastTransitionTime = known?.status === condition.status ? (known.lastTransitionTime ?? now) : now;
    const next = { type, ...condition, lastTransitionTime, observedGeneration };
    conditions = put(conditions, next).map((each) => (each.type === type ? { ...each, observedGeneration } : each));
  };
  for (const type of ORDER) {
    set(type, found.get(type) ?? { status: 'Unknown', reason: 'StatusUnknown', message: 'Unknown Status' });
  }
  if (isTainted(hyperConverged)) {
    set('TaintedConfiguration', {
      status: 'True',
      reason: 'UnsupportedFeatureAnnotation',
      message: 'Unsupported feature was activated via an HCO annotation',
    });
  } else conditions = without(conditions, 'TaintedConfiguration');
  return conditions;
}

/** What KubeVirt's own conditions mean for HyperConverged (HCO controllers/operands/operand.go). */
function fromKubeVirt({ status }: KubeVirt, found: Map<ConditionType, Omit<Condition, 'type'>>): void {
  const conditions = status?.conditions;
  if (conditions === undefined || conditions.length === 0) {
    const none = { reason: 'KubeVirtConditions', message: 'KubeVirt resource has no conditions' };
    found.set('Available', { status: 'False', ...none });
    found.set('Progressing', { status: 'True', ...none });
    found.set('Upgradeable', { status: 'False', ...none });
    return;
  }
  const available = conditionOf(conditions, 'Available');
  if (available?.status === 'False') {
    found.set('Available', {
      status: 'False',
      reason: 'KubeVirtNotAvailable',
      message: `KubeVirt is not available: ${available.message ?? ''}`,
    });
  }
  const progressing = conditionOf(conditions, 'Progressing');
  if (progressing?.status === 'True') {
    const why = { reason: 'KubeVirtProgressing', message: `KubeVirt is progressing: ${progressing.message ?? ''}` };
    found.set('Progressing', { status: 'True', ...why });
    found.set('Upgradeable', { status: 'False', ...why });
  }
  const degraded = conditionOf(conditions, 'Degraded');
  if (degraded?.status === 'True') {
    found.set('Degraded', {
      status: 'True',
      reason: 'KubeVirtDegraded',
      message: `KubeVirt is degraded: ${degraded.message ?? ''}`,
    });
  }
}

/** What no component has said (aggregateComponentConditions). */
function complete(found: Map<ConditionType, Omit<Condition, 'type'>>): void {
  const unset = (type: ConditionType, condition: Omit<Condition, 'type'>): void => {
    if (!found.has(type)) found.set(type, condition);
  };
  found.set('ReconcileComplete', { status: 'True', ...COMPLETED });
  if (found.has('Degraded')) {
    unset('Progressing', { status: 'False', ...COMPLETED });
    unset('Upgradeable', {
      status: 'False',
      reason: 'HCODegraded',
      message: 'HCO is not Upgradeable due to degraded components',
    });
    unset('Available', {
      status: 'False',
      reason: 'HCODegraded',
      message: 'HCO is not available due to degraded components',
    });
    return;
  }
  found.set('Degraded', { status: 'False', ...COMPLETED });
  if (found.has('Progressing')) {
    unset('Upgradeable', {
      status: 'False',
      reason: 'HCOProgressing',
      message: 'HCO is not Upgradeable due to progressing components',
    });
  } else {
    found.set('Progressing', { status: 'False', ...COMPLETED });
    unset('Upgradeable', { status: 'True', ...COMPLETED });
  }
  unset('Available', { status: 'True', ...COMPLETED });
}

/** Whether a JSON-patch annotation with at least one change is there. */
function isTainted({ metadata }: HyperConverged): boolean {
  return PATCHES.some((name) => {
    const text = metadata.annotations?.[name];
    if (text === undefined) return false;
    try {
      const changes: unknown = JSON.parse(text);
      return Array.isArray(changes) && changes.length > 0;
    } catch {
      return false;
    }
  });
}

/** `healthy`, `warning` or `error`, from the conditions. */
export function systemHealth(conditions: Condition[]): string {
  const is = (type: ConditionType): boolean => conditionOf(conditions, type)?.status === 'True';
  if (!is('Available') || is('Degraded')) return 'error';
  return !is('ReconcileComplete') || is('Progressing') ? 'warning' : 'healthy';
}
