import type { VirtualMachineInstance } from '../../model/objects.ts';
import { ApiError, byWebhook } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { evictionSubresource, evictionWebhook } from './eviction.ts';
import { currentPod } from './virt-vmi.ts';

const USER = { name: 'system:serviceaccount:openshift-cnv:kubevirt-controller', groups: [] };

/** Asks for the eviction of a VMI's pod, as the workload updater does of those that cannot migrate. */
export function evictVmi(cluster: Cluster, vmi: VirtualMachineInstance, source: { component: string }): void {
  const { events } = cluster;
  const pod = currentPod(cluster, vmi);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
  const { name, namespace } = pod.metadata;
  const at = { name, ...(namespace === undefined ? {} : { namespace }), user: USER };
  const object = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: pod.metadata };
  const webhook = evictionWebhook(cluster);
  try {
    try {
      webhook.validate?.({ operation: 'CREATE', resource: resources.pods, ...at, object, dryRun: false });
    } catch (error) {
      throw error instanceof ApiError ? byWebhook(webhook.name, error) : error;
    }
    const request = { method: 'POST', rest: '', query: new URLSearchParams(), headers: {}, body: object, ...at };
    evictionSubresource(cluster).handle(request);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const message = `Error deleting VMI during automated workload update: ${error.message}`;
    events.warning(vmi, source, 'FailedEvict', message);
    return;
  }
  // KubeVirt prints the error that there is not.
  const message = 'Initiated eviction of VMI as part of automated workload update: <nil>';
  events.normal(vmi, source, 'SuccessfulEvict', message);
}
