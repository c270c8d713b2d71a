import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { formatQuantity, quantityOf } from '../../model/quantity.ts';
import type { Cluster } from '../cluster.ts';
import { featureGateEnabled, featureGateOpen, resourceSettings } from './config.ts';
import { memoryOverhead } from './launcher-resources.ts';

/** On launcher pods: what they need besides the guest's memory, bytes. */
const ANNOTATION = 'kubevirt.io/memory-overhead-bytes';
const GATE = 'VmiMemoryOverheadReport';

/** The annotation of a new launcher pod, where the gate for it is on: alpha in v1.8, beta in v1.9 (facts/kubevirt.md A5; recordings, run1). */
export function overheadAnnotation(cluster: Cluster, vmi: VirtualMachineInstance): Record<string, string> {
  const { memoryOverheadReport: stage } = cluster.version;
  const reports =
    (stage === 'alpha' && featureGateEnabled(cluster, GATE)) || (stage === 'beta' && featureGateOpen(cluster, GATE));
  if (!reports) return {};
  const { overheadRatio } = resourceSettings(cluster);
  return { [ANNOTATION]: String(memoryOverhead(vmi.spec, cluster.version, overheadRatio)) };
}

/** What a launcher pod says it needs besides the guest's memory, e.g. `268Mi`; undefined if it says nothing. */
export function overheadOf(pod: Pod): string | undefined {
  const bytes = pod.metadata.annotations?.[ANNOTATION];
  return bytes === undefined ? undefined : formatQuantity(quantityOf(Number(bytes)));
}
