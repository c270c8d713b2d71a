import type { Node, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { Subresource, SubresourceRequest, SubresourceResponse } from '../api/extension.ts';
import { ApiError, badRequest, notFound } from '../api/status.ts';
import { type Cluster, now } from '../cluster.ts';
import type { LogLine } from '../logs.ts';
import { RSS, USAGE } from '../metrics/kubelet-page.ts';
import { nicsOf } from '../metrics/node-exporter-page.ts';
import { metricsAnswer } from '../metrics/serve.ts';
import { nodePage, type Sources } from '../metrics/targets.ts';
import { resources } from '../resources.ts';
import { isDown } from './kubelet.ts';
import { nodeUsage, podUsage, type Usage } from './node-usage.ts';

/** What streams there are to a pod, and the kind of their options. */
const STREAMS = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' };

const options = (kind: string) => ({ group: '', version: '', kind });

/** What the kubelets serve through the API server: pod logs, and a node's stats and journal. */
export function kubeletSubresources(sources: Sources): Subresource[] {
  const { cluster } = sources;
  return [
    {
      resource: resources.pods,
      subresource: 'log',
      methods: ['GET'],
      kind: options('Pod'),
      handle: (request) => podLog(cluster, request),
    },
    ...Object.entries(STREAMS).map(
      ([subresource, kind]): Subresource => ({
        resource: resources.pods,
        subresource,
        methods: ['GET', 'POST'],
        kind: options(kind),
        handle: ({ namespace, name }) => {
          if (cluster.store.get<Pod>(resources.pods, namespace, name) === undefined) {
            throw notFound(resources.pods, name);
          }
          throw new ApiError(501, `pods/${subresource} is not implemented: the containers of a lab are a model`);
        },
      }),
    ),
    {
      resource: resources.nodes,
      subresource: 'proxy',
      methods: ['GET'],
      kind: options('NodeProxyOptions'),
      handle: (request) => {
        const node = cluster.store.get<Node>(resources.nodes, undefined, request.name);
        if (node === undefined) throw notFound(resources.nodes, request.name);
        if (isDown(cluster, node.metadata.name)) {
          throw new ApiError(503, 'error trying to reach service: dial tcp: i/o timeout', {
            reason: 'ServiceUnavailable',
          });
        }
        if (request.rest === 'stats/summary') return { status: 200, body: summary(sources, node) };
        const metrics = nodePage(sources, node, request.rest);
        if (metrics !== undefined) return metricsAnswer(cluster, metrics, request.query);
        if (request.rest === 'logs' || request.rest.startsWith('logs/')) return nodeLog(cluster, node, request);
        if (request.rest === 'healthz') return { status: 200, body: 'ok' };
        return { status: 404, body: '404 page not found\n' };
      },
    },
  ];
}

function podLog(cluster: Cluster, { namespace, name, query }: SubresourceRequest): SubresourceResponse {
  const pod = cluster.store.get<Pod>(resources.pods, namespace, name);
  if (pod === undefined) throw notFound(resources.pods, name);
  const containers = (pod.spec?.containers ?? []).map((container) => container.name);
  const container = query.get('container') || containers[0] || '';
  if (!containers.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
  if (pod.status?.phase === 'Pending') {
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ContainerCreating`);
  }
  if (query.get('previous') === 'true') {
    throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  }
  const started = Date.parse(pod.status?.startTime ?? '') || cluster.clock.now();
  const first: LogLine = {
    time: started,
    text: JSON.stringify({
      component: container,
      level: 'info',
      msg: `starting ${container}`,
      timestamp: new Date(started).toISOString().replace('Z', '000Z'),
    }),
  };
  let lines = [first, ...cluster.logs.read(pod.metadata.uid ?? '', container)];
  const sinceSeconds = query.get('sinceSeconds');
  if (sinceSeconds !== null)
    lines = lines.filter(({ time }) => time >= cluster.clock.now() - Number(sinceSeconds) * 1000);
  const tail = query.get('tailLines');
  if (tail !== null) lines = Number(tail) === 0 ? [] : lines.slice(-Number(tail));
  const stamped = query.get('timestamps') === 'true';
  const printed = ({ time, text }: LogLine): string => `${stamped ? `${new Date(time).toISOString()} ` : ''}${text}\n`;
  const text = lines.map(printed).join('');
  if (query.get('follow') === 'true' && !isFinishedPod(pod)) {
    return {
      status: 200,
      contentType: 'text/plain',
      stream: (out) => {
        if (text !== '') out.write(text);
        const uid = pod.metadata.uid ?? '';
        const stopLines = cluster.logs.follow(uid, container, (line) => out.write(printed(line)));
        const stopPods = cluster.store.subscribe(({ type, resource, object }) => {
          if (resource !== resources.pods || object.metadata.uid !== uid) return;
          if (type === 'DELETED' || isFinishedPod(object)) out.end();
        });
        out.onClose(() => {
          stopLines();
          stopPods();
        });
      },
    };
  }
  const limit = query.get('limitBytes');
  return { status: 200, contentType: 'text/plain', body: limit === null ? text : text.slice(0, Number(limit)) };
}

function nodeLog(cluster: Cluster, node: Node, { query }: SubresourceRequest): SubresourceResponse {
  const unit = query.get('query') ?? '';
  if (unit === '')
    return {
      status: 200,
      contentType: 'text/html',
      body: '<pre>\n<a href="audit/">audit/</a>\n<a href="journal/">journal/</a>\n</pre>\n',
    };
  const lines = cluster.podsOn
    .get(node.metadata.name)
    .filter((pod) => pod.status?.startTime !== undefined)
    .map((pod) => ({
      time: pod.status?.startTime ?? '',
      text: `${node.metadata.name} ${unit}[2718]: SyncLoop (PLEG): event for pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}: ContainerStarted`,
    }))
    .sort((a, b) => (a.time < b.time ? -1 : 1));
  const tail = Number(query.get('tailLines') ?? 100);
  return {
    status: 200,
    contentType: 'text/plain',
    body: lines
      .slice(-tail)
      .map(({ time, text }) => `${time} ${text}\n`)
      .join(''),
  };
}

/** The kubelet's Summary API, as far as people look at it: CPU, memory, network. */
function summary({ cluster, meter, links }: Sources, node: Node): object {
  const time = now(cluster);
  const usage = nodeUsage(cluster, node);
  const total = bytesOf(node.status?.capacity?.['memory'] ?? '0');
  const nics = nicsOf(cluster, node, meter, links.traffic(node.metadata.name)).map(({ name, received, sent }) => ({
    name,
    rxBytes: received,
    rxErrors: 0,
    txBytes: sent,
    txErrors: 0,
  }));
  const stats = ({ cpu, memory }: Usage, seconds: number): object => ({
    cpu: { time, usageNanoCores: Math.round(cpu * 1e9), usageCoreNanoSeconds: Math.round(seconds * 1e9) },
    memory: {
      time,
      workingSetBytes: Math.round(memory),
      usageBytes: Math.round(memory * USAGE),
      rssBytes: Math.round(memory * RSS),
    },
  });
  return {
    node: {
      nodeName: node.metadata.name,
      startTime: node.metadata.creationTimestamp,
      ...stats(usage, meter.node(node)),
      memory: {
        time,
        availableBytes: Math.max(0, Math.round(total - usage.memory)),
        workingSetBytes: Math.round(usage.memory),
        usageBytes: Math.round(usage.memory * USAGE),
        rssBytes: Math.round(usage.memory * RSS),
        pageFaults: 0,
        majorPageFaults: 0,
      },
      network: { time, ...nics[0], interfaces: nics },
    },
    pods: cluster.podsOn
      .get(node.metadata.name)
      .filter((pod) => !isFinishedPod(pod))
      .map((pod) => {
        const startTime = pod.status?.startTime;
        const own = stats(podUsage(cluster, pod), meter.pod(pod));
        return {
          podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
          startTime,
          containers: [{ name: pod.spec?.containers[0]?.name, startTime, ...own }],
          ...own,
        };
      }),
  };
}
