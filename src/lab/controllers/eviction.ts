import type { KubeObject, Pod, PodDisruptionBudget, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod, isReadyPod } from '../../model/pods.ts';
import type { AdmissionRequest, Subresource, Webhook } from '../api/extension.ts';
import { denied, notFound, tooManyRequests } from '../api/status.ts';
import { type Cluster, modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { isTrue } from './conditions.ts';
import { evictionStrategyOf } from './evacuation.ts';
import { matchesLabels } from './selectors.ts';

interface Eviction extends KubeObject {
  deleteOptions?: { dryRun?: string[]; gracePeriodSeconds?: number };
}

/** virt-launcher-eviction-interceptor.kubevirt.io: instead of being evicted, a VMI is marked for evacuation (facts/kubevirt.md B4). */
export function evictionWebhook(cluster: Cluster): Webhook {
  return {
    name: 'virt-launcher-eviction-interceptor.kubevirt.io',
    resource: 'pods/eviction',
    operations: ['CREATE'],
    validate: (request) => intercept(cluster, request),
  };
}

function intercept(cluster: Cluster, { object, namespace, name, dryRun }: AdmissionRequest): void {
  if (!name.startsWith('virt-launcher')) return;
  const pod = cluster.store.get<Pod>(resources.pods, namespace, name);
  const domain = pod?.metadata.annotations?.['kubevirt.io/domain'];
  if (pod === undefined || domain === undefined || isFinishedPod(pod)) return;
  const vmi = cluster.store.get<VirtualMachineInstance>(resources.vmis, namespace, domain);
  if (vmi === undefined) {
    throw denied(`kubevirt failed getting the vmi: virtualmachineinstances.kubevirt.io "${domain}" not found`, 429);
  }
  const strategy = evictionStrategyOf(cluster, vmi);
  if (strategy === 'None') return;
  const migratable = isTrue(vmi.status?.conditions, 'LiveMigratable');
  if (strategy !== 'External' && !migratable) {
    if (strategy === 'LiveMigrateIfPossible') return;
    throw denied(`VMI ${domain} is configured with an eviction strategy but is not live-migratable`, 429);
  }
  const node = pod.spec?.nodeName ?? '';
  if (node !== vmi.status?.nodeName) throw denied('Eviction request for target Pod', 429);
  const text = `Eviction triggered evacuation of VMI "${namespace ?? ''}/${domain}"`;
  if (vmi.status.evacuationNodeName !== undefined) throw denied(`Evacuation in progress: ${text}`, 429);
  const dry = dryRun || ((object as Eviction).deleteOptions?.dryRun ?? []).includes('All');
  if (!dry) {
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      draft.status = { ...draft.status, evacuationNodeName: node };
    });
  }
  throw denied(text, 429);
}

/** POST pods/NAME/eviction: Kubernetes's own part, after admission: disruption budgets, then deletion. */
export function evictionSubresource(cluster: Cluster): Subresource {
  return {
    resource: resources.pods,
    subresource: 'eviction',
    methods: ['POST'],
    kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
    handle: ({ namespace, name, body, query }) => {
      const pod = cluster.store.get<Pod>(resources.pods, namespace, name);
      if (pod === undefined) throw notFound(resources.pods, name);
      const options = (body as Eviction | undefined)?.deleteOptions;
      const dry = query.get('dryRun') === 'All' || (options?.dryRun ?? []).includes('All');
      if (!isFinishedPod(pod) && pod.metadata.deletionTimestamp === undefined) checkBudgets(cluster, pod);
      if (!dry) remove(cluster, resources.pods, pod, options?.gracePeriodSeconds);
      return { status: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
    },
  };
}

function checkBudgets(cluster: Cluster, pod: Pod): void {
  const namespace = pod.metadata.namespace ?? '';
  for (const budget of cluster.store.list<PodDisruptionBudget>(resources.disruptionBudgets, namespace)) {
    const selector = budget.spec?.selector;
    if (!matchesLabels(selector, pod.metadata.labels ?? {})) continue;
    const covered = cluster.store
      .list<Pod>(resources.pods, namespace)
      .filter((other) => matchesLabels(selector, other.metadata.labels ?? {}) && !isFinishedPod(other));
    const healthy = covered.filter(isReadyPod).length;
    const needed = neededOf(budget, covered.length);
    if (healthy - 1 >= needed) continue;
    throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`,
        },
      ],
    });
  }
}

/** Pods that must stay healthy: minAvailable, or what maxUnavailable leaves; percentages are rounded up. */
function neededOf(budget: PodDisruptionBudget, expected: number): number {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const amount = (value: string | number): number =>
    typeof value === 'string' && value.endsWith('%')
      ? Math.ceil((expected * Number.parseFloat(value)) / 100)
      : Number(value);
  if (minAvailable !== undefined) return amount(minAvailable);
  return maxUnavailable === undefined ? 0 : Math.max(0, expected - amount(maxUnavailable));
}
