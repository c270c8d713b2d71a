import type { KubeObject, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { AdmissionRequest, Subresource, Webhook } from '../api/extension.ts';
import { denied, notFound } from '../api/status.ts';
import { type Cluster, modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { isTrue } from './conditions.ts';
import { spendBudget } from './disruption.ts';
import { EVICTION_SOURCE, evictionStrategyOf } from './evacuation.ts';

/** What the descheduler calls itself in an eviction's annotation requested-by. */
const DESCHEDULER = 'sigs.k8s.io/descheduler';

interface Eviction extends KubeObject {
  deleteOptions?: { dryRun?: string[]; gracePeriodSeconds?: number };
}

/** virt-launcher-eviction-interceptor.kubevirt.io: instead of being evicted, a VMI is marked for evacuation (facts/kubevirt.md B4). */
export function evictionWebhook(cluster: Cluster): Webhook {
  return {
    name: 'virt-launcher-eviction-interceptor.kubevirt.io',
    resource: 'pods/eviction',
    operations: ['CREATE'],
    concerns: ({ name }) => name.startsWith('virt-launcher') || name.startsWith('hp-volume-'),
    validate: (request) => intercept(cluster, request),
  };
}

function intercept(cluster: Cluster, { object, namespace, name, dryRun }: AdmissionRequest): void {
  const { version } = cluster;
  if (version.guardsHotplugPods && name.startsWith('hp-volume-')) guardHotplugPod(cluster, namespace, name);
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
  const text = `Eviction triggered evacuation of VMI "${namespace ?? ''}/${domain}"`;
  const marked = vmi.status?.evacuationNodeName !== undefined;
  const isTarget = node !== vmi.status?.nodeName;
  // Until v1.4 the disruption budget is what refuses these.
  if (!version.refusesEveryEviction && (marked || isTarget)) return;
  if (marked) throw denied(`Evacuation in progress: ${text}`, 429);
  if (isTarget) throw denied('Eviction request for target Pod', 429);
  const dry = dryRun || ((object as Eviction).deleteOptions?.dryRun ?? []).includes('All');
  if (!dry) {
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      draft.status = { ...draft.status, evacuationNodeName: node };
      if (version.evacuationCancel && object.metadata.annotations?.['requested-by'] === DESCHEDULER) {
        draft.metadata.annotations = { ...draft.metadata.annotations, [EVICTION_SOURCE]: 'descheduler' };
      }
    });
  }
  throw denied(text, 429);
}

function guardHotplugPod(cluster: Cluster, namespace: string | undefined, name: string): void {
  const pod = cluster.store.get<Pod>(resources.pods, namespace, name);
  const owners = pod?.metadata.ownerReferences ?? [];
  const launcher = cluster.store.get<Pod>(resources.pods, namespace, owners[0]?.name ?? '');
  const domain = launcher?.metadata.annotations?.['kubevirt.io/domain'];
  if (owners.length !== 1 || launcher === undefined || domain === undefined || isFinishedPod(launcher)) return;
  if (cluster.store.get(resources.vmis, namespace, domain) === undefined) return;
  const text = `cannot evict hotplug pod: ${name} associated with running vmi: ${domain} in namespace ${namespace ?? ''}`;
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
      spendBudget(cluster, pod, dry);
      if (!dry) remove(cluster, resources.pods, pod, options?.gracePeriodSeconds);
      return { status: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
    },
  };
}
