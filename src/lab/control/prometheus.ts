import type { OwnPath } from '../api/extension.ts';
import { noSuchPath } from '../api/status.ts';
import { minorOf } from '../metrics/edition.ts';
import { kubeStatePage } from '../metrics/kube-state-page.ts';
import { kubevirtRules } from '../metrics/rules.ts';
import { scrapeConfig } from '../metrics/scrape-config.ts';
import { metricsAnswer } from '../metrics/serve.ts';
import { KUBE_STATE, type Sources, targets } from '../metrics/targets.ts';

/**
 * What a Prometheus outside the lab needs: GET prometheus, a configuration whose files (`ca.crt`, `token`, `rules.json`)
 * are beside it; GET prometheus/rules, KubeVirt's recording and alerting rules of the lab's version; GET
 * prometheus/targets, what to scrape (HTTP service discovery); GET prometheus/kube-state-metrics, that page.
 */
export function labPrometheus(sources: Sources, base: string): OwnPath {
  const { cluster } = sources;
  return {
    path: 'prometheus',
    methods: ['GET'],
    handle: ({ rest, query, headers: { host = '' } }) => {
      const speed = typeof cluster.clock.speed === 'number' ? cluster.clock.speed : 1;
      switch (rest) {
        case '':
          return { status: 200, body: scrapeConfig({ host, base, speed }) };
        case 'rules':
          return { status: 200, body: kubevirtRules(minorOf(cluster), speed) };
        case 'targets':
          return {
            status: 200,
            body: targets(sources).map(({ labels, path }) => ({
              targets: [host],
              labels: { ...labels, __metrics_path__: path ?? `${base}/${KUBE_STATE}`, __param_clock: 'wall' },
            })),
          };
        case KUBE_STATE:
          return metricsAnswer(cluster, kubeStatePage(cluster), query);
        default:
          throw noSuchPath();
      }
    },
  };
}
