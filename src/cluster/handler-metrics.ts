import type { Pod } from '../model/objects.ts';

/** The path of a virt-handler's metrics, through the API server. */
export function metricsPath(handler: Pod): string {
  const { namespace = '', name } = handler.metadata;
  return `/api/v1/namespaces/${namespace}/pods/https:${name}:8443/proxy/metrics`;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)\{(.*)\}\s+(\S+)(?:\s+-?\d+)?\s*$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of a page in Prometheus' text format whose names begin with `prefix`: by `namespace/VMI`, then by metric. */
export function metricsByVmi(text: string, prefix: string): Map<string, Map<string, number>> {
  const samples = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    if (!line.startsWith(prefix)) continue;
    const match = SAMPLE.exec(line);
    if (match === null) continue;
    const [, metric = '', labelText = '', number = ''] = match;
    const value = Number(number);
    if (!Number.isFinite(value)) continue;
    const labels = new Map([...labelText.matchAll(LABEL)].map(([, name = '', raw = '']) => [name, unescaped(raw)]));
    const key = `${labels.get('namespace') ?? ''}/${labels.get('name') ?? ''}`;
    let of = samples.get(key);
    if (of === undefined) samples.set(key, (of = new Map()));
    of.set(metric, value);
  }
  return samples;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
