import type { Pod } from '../../model/objects.ts';
import type { OwnPath, Subresource, SubresourceResponse } from '../api/extension.ts';
import { ApiError, notFound } from '../api/status.ts';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster.ts';
import { isDown } from '../controllers/kubelet.ts';
import { resources } from '../resources.ts';
import { editionOf } from './edition.ts';
import { type Batch, exposition, LAB_TIME, type Reading } from './exposition.ts';
import { podPage, type Sources, targets } from './targets.ts';

/** Answers with metrics. With `?clock=wall` in the time of the machine that the lab runs on, else in lab time. */
export function metricsAnswer(cluster: Cluster, batches: Iterable<Batch>, query: URLSearchParams): SubresourceResponse {
  return page(exposition(editionOf(cluster, readingOf(cluster.clock, query)), batches));
}

function page(pieces: Iterable<string>): SubresourceResponse {
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', pieces };
}

/**
 * How time is told. Prometheus stamps what it scrapes with its machine's time, in which a lab of speed X passes X seconds
 * each second: told in that time, counters grow by what they would in one second, and moments lie where Prometheus had them.
 */
function readingOf(clock: Clock, query: URLSearchParams): Reading {
  if (!isPrometheus(query)) return LAB_TIME;
  const { speed } = clock;
  const factor = typeof speed === 'number' ? speed : 1;
  const [wall, lab] = [Date.now(), clock.now()];
  return { counters: 1 / factor, time: (ms) => wall - (lab - ms) / factor };
}

function isPrometheus(query: URLSearchParams): boolean {
  return query.get('clock') === 'wall';
}

/** GET pods/NAME/proxy/metrics (or https:NAME:8443): the metrics of KubeVirt's pods, HCO's, and node-exporter's. */
export function metricsProxy(sources: Sources): Subresource {
  const { cluster } = sources;
  return {
    resource: resources.pods,
    subresource: 'proxy',
    methods: ['GET'],
    kind: { group: '', version: '', kind: 'PodProxyOptions' },
    handle: ({ namespace, name, rest, query }) => {
      const pod = cluster.store.get<Pod>(resources.pods, namespace, name);
      if (pod === undefined) throw notFound(resources.pods, name);
      const why =
        pod.status?.phase !== 'Running'
          ? `pod ${name} is not running`
          : isDown(cluster, pod.spec?.nodeName)
            ? `dial tcp ${pod.status.podIP ?? ''}: i/o timeout`
            : undefined;
      if (why !== undefined) {
        throw new ApiError(503, `error trying to reach service: ${why}`, { reason: 'ServiceUnavailable' });
      }
      const found = rest === 'metrics' ? podPage(sources, pod, isPrometheus(query)) : undefined;
      if (found !== undefined) return metricsAnswer(cluster, found, query);
      if (rest === 'healthz') return { status: 200, contentType: 'text/plain', body: 'ok' };
      return { status: 404, contentType: 'text/plain', body: '404 page not found\n' };
    },
  };
}

/**
 * GET /metrics: all the metrics of the cluster at once, with the labels that Prometheus would give them and `up` for each
 * target, as a federation endpoint tells them.
 */
export function allMetrics(sources: Sources): OwnPath {
  const { cluster } = sources;
  return {
    path: '/metrics',
    methods: ['GET'],
    handle: ({ query }) => {
      const edition = editionOf(cluster, readingOf(cluster.clock, query));
      const told = new Set<string>();
      return page(
        (function* () {
          for (const target of targets(sources)) {
            const { labels, up } = target;
            yield* exposition(edition, [(one) => one.add('up', one.labels({}), up ? 1 : 0)], labels, told);
            if (up) yield* exposition(edition, target.page(isPrometheus(query)), labels, told);
          }
        })(),
      );
    },
  };
}
