import type { Evidence, Finding, Severity, Subject } from '../model/finding.ts';
import { compareText } from '../model/memo.ts';

/** A finding about the migration network. */
export function finding(
  check: string,
  severity: Severity,
  subject: Subject,
  message: string,
  remedy: string,
  ...evidence: Evidence[]
): Finding {
  return { check: `network/${check}`, severity, subject, message, evidence, remedy };
}

const gravity: Record<Severity, number> = { blocker: 0, warning: 1, info: 2 };

/** The gravest first, then by check and subject. */
export function sorted(findings: readonly Finding[]): Finding[] {
  const key = ({ check, subject, message }: Finding): string => `${check} ${subject.kind} ${subject.name} ${message}`;
  return [...findings].sort((a, b) => gravity[a.severity] - gravity[b.severity] || compareText(key(a), key(b)));
}

/** One finding for many subjects that say the same: `worker-0, worker-1 and 3 more`. */
export function names(all: readonly string[], shown = 3): string {
  const [last] = all.slice(-1);
  if (all.length <= 1) return last ?? '';
  if (all.length <= shown) return `${all.slice(0, -1).join(', ')} and ${last}`;
  return `${all.slice(0, shown).join(', ')} and ${all.length - shown} more`;
}
