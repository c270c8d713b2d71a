import type { Diagnosis, Found } from '../../diagnose/diagnose.ts';
import type { Meaning } from '../../diagnose/text.ts';
import { evidenceText } from '../output/findings.ts';
import { plain } from '../output/plain.ts';

/** A diagnosis for people: the cause, what shows it, what to do; then what else may play a part, and what was not seen. */
export function renderDiagnosis({ subject, cause, also, unseen }: Diagnosis): string {
  const name = subject.namespace === undefined ? subject.name : `${subject.namespace}/${subject.name}`;
  const lines = [cause === undefined ? `${name}: nothing found` : `${name}: ${cause.title} (${cause.confidence})`];
  if (cause !== undefined) lines.push(...found(cause));
  for (const other of also) lines.push('', `also ${other.confidence}: ${other.title}`, ...found(other));
  for (const { what, why } of unseen) lines.push(`not seen: ${what} (${why})`);
  return lines.map((line) => `${plain(line)}\n`).join('');
}

function found({ cause, message, evidence, remedies }: Found): string[] {
  return [
    `  ${message} [${cause}]`,
    ...evidence.map((each) => `    evidence: ${evidenceText(each)}`),
    ...remedies.map((remedy, at) => `    ${at + 1}. ${remedy}`),
  ];
}

export function renderMeaning({ cause, title, message, remedies }: Meaning): string {
  const lines = [`${title} [${cause}]`, `  ${message}`, ...remedies.map((remedy, at) => `    ${at + 1}. ${remedy}`)];
  return lines.map((line) => `${line}\n`).join('');
}
