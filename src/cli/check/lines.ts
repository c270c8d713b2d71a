import type { Finding, Severity } from '../../model/finding.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';

const headings: Record<Severity, string> = { blocker: 'Blockers', warning: 'Warnings', info: 'Advice' };

/** Findings about a node or the cluster, under a heading for each severity: a line each, or in full. */
export function findingLines(findings: readonly Finding[], full: boolean): string {
  return (['blocker', 'warning', 'info'] as const)
    .flatMap((severity) => {
      const some = findings.filter((finding) => finding.severity === severity);
      if (some.length === 0) return [];
      const lines = full ? some.flatMap(explained) : some.map(({ message, check }) => `  ${message} [${check}]`);
      return [[`${headings[severity]}:`, ...lines].map((line) => `${plain(line)}\n`).join('')];
    })
    .join('\n');
}
