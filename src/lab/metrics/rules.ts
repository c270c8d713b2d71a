import { CNV_NAMESPACE } from '../resources.ts';
import { ALERTS } from './alert-rules.ts';
import { RECORDINGS } from './recording-rules.ts';

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Rules as Prometheus reads them. */
export interface RuleGroups {
  groups: { name: string; rules: Rule[] }[];
}

/**
 * KubeVirt's and HCO's rules of a minor version, and the node rules of OpenShift's monitoring that the console's queries
 * use. Their times are lab time: at speed X they are X times as short, but no window less than what two scrapes need.
 */
export function kubevirtRules(minor: number, speed: number): RuleGroups {
  const has = ({ since = 0, until = Infinity }: { since?: number; until?: number }): boolean =>
    minor >= since && minor <= until;
  const recordings = RECORDINGS.filter(has).map(({ record, expr, labels }) => ({
    record,
    expr: shortened(placed(expr), speed),
    ...(labels !== undefined && { labels }),
  }));
  const alerts = ALERTS.filter(has).map(({ alert, expr, for: patience, severity, summary }) => ({
    alert,
    expr: shortened(placed(expr), speed),
    ...(patience !== undefined && { for: duration(patience, speed, 0) }),
    labels: { severity, kubernetes_operator_part_of: 'kubevirt' },
    annotations: { summary, runbook_url: `https://kubevirt.io/monitoring/runbooks/${alert}` },
  }));
  return {
    groups: [
      { name: 'recordingRules.rules', rules: recordings },
      { name: 'alerts.rules', rules: alerts },
    ],
  };
}

const placed = (expr: string): string => expr.replaceAll('$NAMESPACE', CNV_NAMESPACE);

/** Windows and offsets of an expression, in the time of a clock that the lab outruns. */
function shortened(expr: string, speed: number): string {
  return expr
    .replaceAll(/\[(\d+[smhd])\]/g, (_, window: string) => `[${duration(window, speed, 5000)}]`)
    .replaceAll(/offset (\d+[smhd])/g, (_, window: string) => `offset ${duration(window, speed, 1000)}`);
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function duration(text: string, speed: number, least: number): string {
  if (speed === 1) return text;
  const ms = Number.parseInt(text, 10) * (UNITS[text.at(-1) ?? ''] ?? 0);
  return `${Math.max(least, Math.round(ms / speed))}ms`;
}
