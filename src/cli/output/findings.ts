import type { Evidence, Finding, Severity } from '../../model/finding.ts';

const rank: Record<Severity, number> = { blocker: 0, warning: 1, info: 2 };

/** The findings, the gravest first. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
}

/** The first finding's message, and how many more there are. */
export function briefly(findings: readonly Finding[]): string | undefined {
  const telling = bySeverity(findings).filter(({ severity }) => severity !== 'info');
  const first = telling[0];
  if (first === undefined) return undefined;
  return telling.length === 1 ? first.message : `${first.message} (+${telling.length - 1} more)`;
}

/** A finding in full: what is the case, what shows it, what to do. Indented lines. */
export function explained(finding: Finding): string[] {
  return [
    `  ${finding.severity}: ${finding.message} [${finding.check}]`,
    ...finding.evidence.map((evidence) => `    evidence: ${evidenceText(evidence)}`),
    `    remedy: ${finding.remedy}`,
  ];
}

function evidenceText({ object, field, value }: Evidence): string {
  const name = object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;
  return `${object.kind} ${name} ${field} = ${value === undefined ? '(not set)' : JSON.stringify(value)}`;
}
