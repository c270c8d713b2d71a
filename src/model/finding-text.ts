import type { Evidence, Finding } from './finding.ts';

/** Of findings in their order, the gravest first: the first one in few words, and how many more there are. */
export function briefly(findings: readonly Finding[]): string | undefined {
  const telling = findings.filter(({ severity }) => severity !== 'info');
  const first = telling[0];
  if (first === undefined) return undefined;
  const text = first.summary ?? first.message;
  return telling.length === 1 ? text : `${text} (+${telling.length - 1} more)`;
}

/** A finding in full: what is the case, what shows it, what to do. Indented lines. */
export function explained(finding: Finding): string[] {
  return [
    `  ${finding.severity}: ${finding.message} [${finding.check}]`,
    ...finding.evidence.map((evidence) => `    evidence: ${evidenceText(evidence)}`),
    `    remedy: ${finding.remedy}`,
  ];
}

/** `Pod vms/web .status.phase = "Running"`. */
export function evidenceText({ object, field, value }: Evidence): string {
  const name = object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;
  return `${object.kind} ${name} ${field} = ${value === undefined ? '(not set)' : JSON.stringify(value)}`;
}
