import type { Node, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { addressOf, isDown } from '../controllers/kubelet.ts';
import type { VirtHandler } from '../controllers/virt-handler.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import type { Batch, Labels } from './exposition.ts';
import { kubeStatePage } from './kube-state-page.ts';
import { cadvisorPage, kubeletPage, resourcePage } from './kubelet-page.ts';
import { type MigrationSamples, migrationSamples } from './migration-samples.ts';
import { type NodeTraffic, nodeExporterPage } from './node-exporter-page.ts';
import { hcoPage, type Overwrites, overwrites, virtApiPage, virtOperatorPage } from './operator-pages.ts';
import { type PhaseTimes, phaseTimes } from './phase-times.ts';
import { type UsageMeter, usageMeter } from './usage-meter.ts';
import { virtControllerPage } from './virt-controller-page.ts';
import { virtHandlerPage } from './virt-handler-page.ts';

/** All that the pages are made from. */
export interface Sources {
  cluster: Cluster;
  meter: UsageMeter;
  samples: MigrationSamples;
  phases: PhaseTimes;
  overwritten: Overwrites;
  links: NodeTraffic;
}

/** Starts counting what can't be read off the cluster's state. */
export function metricSources(
  cluster: Cluster,
  { handler, linkSpeed }: { handler: VirtHandler; linkSpeed: (node: string) => number },
): Sources {
  const samples = migrationSamples(cluster, handler);
  samples.start();
  return {
    cluster,
    meter: usageMeter(cluster),
    samples,
    phases: phaseTimes(cluster),
    overwritten: overwrites(cluster),
    links: { traffic: (node) => handler.traffic(node), linkSpeed },
  };
}

/** The metrics of a component's pod; undefined if it serves none. `fresh`: samples with times of their own only once. */
export function podPage(sources: Sources, pod: Pod, fresh: boolean): Iterable<Batch> | undefined {
  const { cluster, meter, samples, phases, overwritten, links } = sources;
  const node = pod.spec?.nodeName ?? '';
  switch (componentOf(pod)) {
    case 'virt-handler':
      return virtHandlerPage(cluster, { meter, samples, fresh }, node);
    case 'virt-controller':
      return virtControllerPage(cluster, { pod, phases });
    case 'virt-operator':
      return virtOperatorPage(cluster, pod);
    case 'virt-api':
      return virtApiPage(pod);
    case 'hco-operator':
      return hcoPage(cluster, overwritten);
    case 'node-exporter': {
      const object = cluster.store.get<Node>(resources.nodes, undefined, node);
      return object === undefined ? undefined : nodeExporterPage(cluster, object, meter, links);
    }
    default:
      return undefined;
  }
}

/** The metrics a kubelet serves under `/metrics`; undefined for other paths. */
export function nodePage({ cluster, meter }: Sources, node: Node, path: string): Batch[] | undefined {
  if (path === 'metrics') return kubeletPage(cluster, node);
  if (path === 'metrics/cadvisor') return cadvisorPage(cluster, node, meter);
  if (path === 'metrics/resource') return resourcePage(cluster, node, meter);
  return undefined;
}

function componentOf({ metadata: { namespace, labels = {} } }: Pod): string | undefined {
  if (namespace === 'openshift-monitoring' && labels['app'] === 'node-exporter') return 'node-exporter';
  if (namespace !== CNV_NAMESPACE) return undefined;
  return labels['kubevirt.io'] ?? labels['name'];
}

/** Something Prometheus scrapes. */
export interface Target {
  /** The labels its ServiceMonitor's relabelling gives it. */
  labels: Labels;
  /** Where the API server's proxy serves it; undefined: nowhere, it has no pod in the lab. */
  path: string | undefined;
  up: boolean;
  page(fresh: boolean): Iterable<Batch>;
}

export const KUBE_STATE = 'kube-state-metrics';

/** Everything OpenShift's Prometheus would scrape of the lab, with the labels it would add. */
export function targets(sources: Sources): Target[] {
  const { cluster } = sources;
  const { store } = cluster;
  const pods = ['openshift-monitoring', CNV_NAMESPACE].flatMap((namespace) =>
    store.list<Pod>(resources.pods, namespace).flatMap((pod) => podTarget(sources, pod)),
  );
  const kubelets = store.list<Node>(resources.nodes).flatMap((node) =>
    ['metrics', 'metrics/cadvisor'].map((path): Target => {
      const { name } = node.metadata;
      return {
        labels: {
          job: 'kubelet',
          instance: `${addressOf(node)}:10250`,
          namespace: 'kube-system',
          service: 'kubelet',
          endpoint: 'https-metrics',
          node: name,
          metrics_path: `/${path}`,
        },
        path: `/api/v1/nodes/${name}/proxy/${path}`,
        up: !isDown(cluster, name),
        page: () => nodePage(sources, node, path) ?? [],
      };
    }),
  );
  const state: Target = {
    labels: { job: KUBE_STATE, namespace: 'openshift-monitoring', service: KUBE_STATE, endpoint: 'https-main' },
    path: undefined,
    up: true,
    page: () => kubeStatePage(cluster),
  };
  return [...pods, ...kubelets, state];
}

const PORTS: Record<string, number> = { 'node-exporter': 9100 };

function podTarget(sources: Sources, pod: Pod): Target[] {
  const component = componentOf(pod);
  if (component === undefined || podPage(sources, pod, false) === undefined) return [];
  const { name, namespace = '' } = pod.metadata;
  const port = PORTS[component] ?? 8443;
  const node = pod.spec?.nodeName;
  const virt = component.startsWith('virt-');
  const service = virt
    ? 'kubevirt-prometheus-metrics'
    : component === 'hco-operator'
      ? 'kubevirt-hyperconverged-operator-metrics'
      : component;
  return [
    {
      labels: {
        job: service,
        // OpenShift's node-exporter goes by its node's name.
        instance: component === 'node-exporter' ? node : `${pod.status?.podIP ?? ''}:${port}`,
        namespace,
        pod: name,
        container: pod.spec?.containers[0]?.name,
        service,
        endpoint: component === 'node-exporter' ? 'https' : 'metrics',
      },
      path: `/api/v1/namespaces/${namespace}/pods/https:${name}:${port}/proxy/metrics`,
      up: isReadyPod(pod) && !isDown(sources.cluster, node),
      page: (fresh) => podPage(sources, pod, fresh) ?? [],
    },
  ];
}
