import type { Finding } from '../../src/model/finding.ts';
import { evidenceText } from '../../src/model/finding-text.ts';

// Texts as they are kept in golden files, so that a change of a text is seen in review.

/** Findings as `--explain` shows them, each text once, sorted by check; what differs by the row alone is left out. */
export function goldenTexts(findings: Iterable<Finding>): string {
  const texts = [...findings].map(
    ({ check, severity, message, evidence, remedy }) =>
      [
        check,
        [
          `${severity}: ${message}`,
          ...evidence.slice(0, 1).map((each) => `    evidence: ${evidenceText(each)}`),
          `    remedy: ${remedy}`,
        ]
          .join('\n')
          .replaceAll(/\b(case|near)-\d+\b/g, 'vms')
          // What Kubernetes makes up.
          .replaceAll(/\b(virt-[a-z]+(?:-web|-important)?|kubevirt-evacuation)-[a-z0-9]{5}\b/g, '$1-xxxxx'),
      ] as const,
  );
  const checks = [...new Set(texts.map(([check]) => check))].toSorted();
  const blocks = checks.map((check) =>
    [check, ...new Set(texts.filter(([of]) => of === check).map(([, text]) => `  ${text}`))].join('\n'),
  );
  return `${blocks.join('\n\n')}\n`;
}
