import type { KubeObject, Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { addAmounts, isFinishedPod, type Resources, requestsOf } from '../../model/pods.ts';
import { ApiError } from '../api/status.ts';
import type { Timer } from '../clock.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { evictionSubresource, evictionWebhook } from './eviction.ts';
import { nodeUsage } from './node-usage.ts';
import { allocatableOf } from './scheduling.ts';

// The descheduler's KubeVirt profile (facts/kubevirt.md J): nodes above the average lose VMs to those below it. The
// lab's combined metric is CPU utilization; pressure stall information and, from 4.21 on, memory do not count.

export const DESCHEDULER_NAMESPACE = 'openshift-kube-descheduler-operator';
const USER = { name: `system:serviceaccount:${DESCHEDULER_NAMESPACE}:openshift-descheduler-operand`, groups: [] };
const SOURCE = { component: 'sigs.k8s.io.descheduler', action: 'Descheduled' };
/** A pod whose eviction KubeVirt has taken over counts as requested for so long, ms. */
const IN_BACKGROUND = 600_000;
const TAINT = 'nodeutilization.descheduler.openshift.io/';
const REQUEST_ONLY = 'descheduler.alpha.kubernetes.io/request-evict-only';
const PREFER_NO = 'descheduler.alpha.kubernetes.io/prefer-no-eviction';

/** Percentage points below and above the average (devDeviationThresholds). */
const DEVIATIONS: Record<string, [low: number, high: number]> = {
  Low: [10, 10],
  Medium: [20, 20],
  High: [30, 30],
  AsymmetricLow: [0, 10],
  AsymmetricMedium: [0, 20],
  AsymmetricHigh: [0, 30],
};
/** Fixed percentages (devLowNodeUtilizationThresholds). */
const FIXED: Record<string, [low: number, high: number]> = { Low: [10, 30], Medium: [20, 50], High: [40, 70] };

interface KubeDescheduler extends KubeObject {
  spec?: {
    mode?: string;
    deschedulingIntervalSeconds?: number;
    profiles?: string[];
    evictionLimits?: { total?: number; node?: number };
    profileCustomizations?: {
      devDeviationThresholds?: string;
      devLowNodeUtilizationThresholds?: string;
      devActualUtilizationProfile?: string;
    };
  };
}

interface Load {
  node: Node;
  /** Percent of what is allocatable: of CPU in use, or the most requested of cpu, memory and pods. */
  percent: number;
}

type Placement = 'over' | 'under' | 'appropriate';

/** The names of the profile that an OpenShift release knows; both at once are refused. */
function hasProfile({ spec }: KubeDescheduler, minor: number): boolean {
  const known =
    minor >= 6 ? ['KubeVirtRelieveAndMigrate', 'DevKubeVirtRelieveAndMigrate'] : ['DevKubeVirtRelieveAndMigrate'];
  return minor >= 4 && (spec?.profiles ?? []).filter((name) => known.includes(name)).length === 1;
}

/** The descheduler: off until a KubeDescheduler `cluster` asks for a KubeVirt profile. */
export function descheduler(cluster: Cluster): Controller {
  const { store, clock } = cluster;
  /** Launchers whose eviction is under way in the background, by uid, and since when. */
  const requested = new Map<string, { since: number; node: string; pod: Pod }>();
  let timer: Timer | undefined;

  const configuration = (): KubeDescheduler | undefined =>
    store.get<KubeDescheduler>(resources.kubeDeschedulers, DESCHEDULER_NAMESPACE, 'cluster');

  function schedule(): void {
    timer?.cancel();
    timer = undefined;
    const config = configuration();
    if (config === undefined || !hasProfile(config, cluster.version.minor)) {
      for (const node of store.list<Node>(resources.nodes)) taint(node, undefined);
      return;
    }
    const seconds = config.spec?.deschedulingIntervalSeconds ?? 3600;
    timer = clock.after(seconds * 1000, cycle, { background: true });
  }

  function cycle(): void {
    const config = configuration();
    if (config !== undefined) deschedule(config);
    schedule();
  }

  function deschedule(config: KubeDescheduler): void {
    const loads = loadsOf(config);
    if (loads.length === 0) return;
    const placed = loads.map((load) => ({ ...load, placement: placementOf(config, load, loads) }));
    // The soft tainter is there from 4.19 on.
    if (cluster.version.minor >= 5) for (const { node, placement } of placed) taint(node, placement);
    if (config.spec?.mode !== 'Automatic' || !placed.some(({ placement }) => placement === 'under')) return;
    forgetEnded();
    const over = placed.filter(({ placement }) => placement === 'over').sort((a, b) => b.percent - a.percent);
    for (const { node } of over) relieve(config, node);
  }

  function relieve({ spec }: KubeDescheduler, node: Node): void {
    const limited = cluster.version.minor >= 5;
    const total = spec?.evictionLimits?.total ?? (limited ? 5 : Infinity);
    const each = spec?.evictionLimits?.node ?? (limited ? 2 : Infinity);
    const pods = cluster.podsOn.get(node.metadata.name).filter(isRemovable);
    for (const pod of [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      const here = [...requested.values()].filter((request) => request.node === node.metadata.name).length;
      if (requested.size >= total || here >= each) return;
      evict(pod, node.metadata.name);
    }
  }

  function isRemovable(pod: Pod): boolean {
    const { annotations, namespace = '', uid = '' } = pod.metadata;
    if (isFinishedPod(pod) || pod.metadata.deletionTimestamp !== undefined || requested.has(uid)) return false;
    if (annotations?.['kubevirt.io/domain'] === undefined) return false;
    if (cluster.version.minor >= 6 && annotations[PREFER_NO] !== undefined) return false;
    return !namespace.startsWith('openshift-') && namespace !== 'kube-system' && namespace !== 'hypershift';
  }

  function evict(pod: Pod, node: string): void {
    const { namespace = '', name, uid = '' } = pod.metadata;
    const object: KubeObject = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: {
        name,
        namespace,
        annotations: { 'requested-by': 'sigs.k8s.io/descheduler', reason: 'LowNodeUtilization' },
      },
    };
    try {
      const at = { namespace, name, user: USER };
      evictionWebhook(cluster).validate?.({
        ...at,
        operation: 'CREATE',
        resource: resources.pods,
        object,
        dryRun: false,
      });
      evictionSubresource(cluster).handle({
        ...at,
        method: 'POST',
        rest: '',
        query: new URLSearchParams(),
        headers: {},
        body: object,
      });
      cluster.events.normal(
        pod,
        SOURCE,
        'LowNodeUtilization',
        `pod eviction from ${node} node by sigs.k8s.io/descheduler`,
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // KubeVirt's answer is recognised by its text.
      const background = error.code === 429 && error.message.includes('Eviction triggered evacuation');
      if (background && pod.metadata.annotations?.[REQUEST_ONLY] !== undefined) {
        requested.set(uid, { since: clock.now(), node, pod });
      }
    }
  }

  function forgetEnded(): void {
    for (const [uid, { since, pod: before }] of requested) {
      const { namespace, name: podName } = before.metadata;
      const pod = store.get<Pod>(resources.pods, namespace, podName);
      const name = pod?.metadata.annotations?.['kubevirt.io/domain'] ?? '';
      const vmi = store.get<VirtualMachineInstance>(resources.vmis, namespace, name);
      const over = pod === undefined || isFinishedPod(pod) || vmi?.status?.evacuationNodeName === undefined;
      if (over || since + IN_BACKGROUND <= clock.now()) requested.delete(uid);
    }
  }

  function loadsOf(config: KubeDescheduler): Load[] {
    const measured =
      cluster.version.minor >= 5 || config.spec?.profileCustomizations?.devActualUtilizationProfile !== undefined;
    return store
      .list<Node>(resources.nodes)
      .filter(({ metadata }) => metadata.labels?.['kubevirt.io/schedulable'] === 'true')
      .map((node) => {
        const allocatable = allocatableOf(node);
        if (measured) {
          const percent = (nodeUsage(cluster, node).cpu * 1000 * 100) / (allocatable['cpu'] ?? 1);
          return { node, percent };
        }
        const asked: Resources = {};
        for (const pod of cluster.podsOn.get(node.metadata.name)) {
          if (!isFinishedPod(pod)) addAmounts(asked, requestsOf(pod));
        }
        const percents = ['cpu', 'memory', 'pods'].map((name) => ((asked[name] ?? 0) * 100) / (allocatable[name] ?? 1));
        // Over if one resource is, under if all are.
        return { node, percent: Math.max(...percents) };
      });
  }

  function placementOf({ spec }: KubeDescheduler, load: Load, all: Load[]): Placement {
    const custom = spec?.profileCustomizations;
    const name = custom?.devDeviationThresholds ?? (cluster.version.minor >= 5 ? 'AsymmetricLow' : undefined);
    const average = all.reduce((sum, { percent }) => sum + percent, 0) / all.length;
    const deviation = name === undefined ? undefined : DEVIATIONS[name];
    const [low, high] =
      deviation === undefined
        ? (FIXED[custom?.devLowNodeUtilizationThresholds ?? 'Medium'] ?? [20, 50])
        : [average - deviation[0], average + deviation[1]];
    if (load.percent > high) return 'over';
    return load.percent < low && load.node.spec?.unschedulable !== true ? 'under' : 'appropriate';
  }

  /** Soft taints, which steer the scheduler away from nodes that have enough. */
  function taint(node: Node, placement: Placement | undefined): void {
    const key = { over: `${TAINT}overutilized`, appropriate: `${TAINT}appropriate`, under: undefined };
    const wanted = placement === undefined ? undefined : key[placement];
    const taints = node.spec?.taints ?? [];
    const own = taints.filter((each) => each.key.startsWith(TAINT));
    if (own.length === (wanted === undefined ? 0 : 1) && own.every((each) => each.key === wanted)) return;
    modify<Node>(cluster, resources.nodes, node, (draft) => {
      const others = taints.filter((each) => !each.key.startsWith(TAINT));
      const next =
        wanted === undefined ? others : [...others, { key: wanted, value: 'true', effect: 'PreferNoSchedule' }];
      const { taints: _taints, ...spec } = draft.spec ?? {};
      draft.spec = next.length === 0 ? spec : { ...spec, taints: next };
    });
  }

  return {
    start: () => {
      if (configuration() !== undefined) schedule();
      store.subscribe(({ resource }) => {
        if (resource === resources.kubeDeschedulers) schedule();
      });
    },
  };
}
