import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, keyOf } from '../cluster.ts';
import { resources } from '../resources.ts';
import { VIRT_CONTROLLER } from './launcher-pod.ts';
import { outsideLimits, withLimitDefaults } from './limit-range.ts';
import { violatesPodSecurity } from './pod-security.ts';
import { withPriority } from './priority.ts';
import { quotaExceeded } from './quota.ts';

/** A policy engine's webhook, as the API server passes on its answer. */
const DENIED =
  'admission webhook "validate.pods.policy.example.com" denied the request: new pods are not allowed in namespace';

/**
 * Creates a launcher pod, unless admission turns it down (Priority, LimitRanger, PodSecurity, webhooks, ResourceQuota; in this
 * order); the event about that is on the VMI (facts/kubevirt.md C1). What virt-controller makes of it comes back.
 */
export function createLauncher(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  pod: Pod,
  suffix: string,
): { pod?: Pod; rejected?: string } {
  pod.metadata.name = `${pod.metadata.generateName ?? ''}${suffix}`;
  const refuse = (text: string, rejected: string): { rejected: string } => {
    cluster.events.warning(vmi, VIRT_CONTROLLER, 'FailedCreate', text);
    return { rejected };
  };
  const target = pod.metadata.labels?.['kubevirt.io/migrationJobUID'] !== undefined;
  const { pod: admitted, rejected, insecure } = admitPod(cluster, pod, vmi);
  if (insecure !== undefined) {
    const text = `failed to create ${target ? 'target ' : ''}pod for vmi ${keyOf(vmi)}, it needs a privileged namespace to run: ${insecure}`;
    return refuse(`failed to render launch manifest: ${text}`, text);
  }
  if (rejected !== undefined) {
    const what = target ? 'vmi migration target pod' : 'virtual machine pod';
    return refuse(`Error creating pod: ${rejected}`, `failed to create ${what}: ${rejected}`);
  }
  return { pod: cluster.store.create(resources.pods, admitted) };
}

/** Admission of a pod: as it would be stored, or why it is not. Pod Security looks at a launcher, the pod of `vmi`; attachment pods keep to every level. */
export function admitPod(
  cluster: Cluster,
  pod: Pod,
  vmi?: VirtualMachineInstance,
): { pod: Pod; rejected?: string; insecure?: string } {
  const ranked = withPriority(cluster, pod);
  const admitted = withLimitDefaults(cluster, 'pod' in ranked ? ranked.pod : pod);
  const outside =
    'unknown' in ranked
      ? `pods "${pod.metadata.name}" is forbidden: ${ranked.unknown}`
      : outsideLimits(cluster, admitted);
  const insecure = outside === undefined && vmi !== undefined ? violatesPodSecurity(cluster, vmi, admitted) : undefined;
  if (insecure !== undefined) return { pod: admitted, insecure };
  const namespace = pod.metadata.namespace ?? '';
  const denied = cluster.broken.podsDenied.has(namespace) ? `${DENIED} ${namespace}` : undefined;
  const rejected = outside ?? denied ?? quotaExceeded(cluster, admitted);
  return { pod: admitted, ...(rejected === undefined ? {} : { rejected }) };
}
