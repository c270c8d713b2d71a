/** OpenShift's Prometheus scrapes every 30 s. */
const INTERVAL = 30;

/**
 * A configuration for Prometheus, relative to the directory it stands in: it scrapes all the lab's targets through its API
 * server, as often as OpenShift's does in lab time, at most once a second. JSON, which is YAML, too.
 */
export function scrapeConfig({ host, base, speed }: { host: string; base: string; speed: number }): object {
  const interval = scrapeInterval(speed);
  const access = {
    // For service discovery Prometheus knows no default type.
    authorization: { type: 'Bearer', credentials_file: 'token' },
    tls_config: { ca_file: 'ca.crt' },
  };
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ['rules.json'],
    scrape_configs: [
      {
        job_name: 'ferry-lab',
        scheme: 'https',
        // KubeVirt's own labels stay, as its ServiceMonitor wants it.
        honor_labels: true,
        ...access,
        http_sd_configs: [{ url: `https://${host}${base}/targets`, refresh_interval: interval, ...access }],
      },
    ],
  };
}

/** Seconds as Prometheus writes them. */
function scrapeInterval(speed: number): string {
  return `${Math.max(1000, Math.round((INTERVAL * 1000) / speed))}ms`;
}
