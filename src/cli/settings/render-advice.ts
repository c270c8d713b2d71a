import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import { explainedPolicy, explainedRecommendation } from '../../settings/advice-lines.ts';
import type { Advice } from '../../settings/advise.ts';
import { effectRows } from '../../settings/effect-rows.ts';
import { renderTable } from '../output/table.ts';

/** Advice as text, ending in a newline. */
export async function renderAdvice(advice: Advice, program: string): Promise<string> {
  const { goal, recommendations, policies, unsolved, effects, findings, confidence, basis } = advice;
  const blocks: string[] = [];
  const add = (...lines: string[]): void => void blocks.push(lines.map((line) => `${plain(line)}\n`).join(''));
  if (recommendations.length === 0 && policies.length === 0) add(`For goal ${goal} no setting should change.`);
  if (recommendations.length > 0) {
    blocks.push(
      renderTable(
        recommendations,
        [
          { header: 'SETTING', value: ({ setting }) => setting },
          { header: 'CURRENT', value: ({ current }) => current?.toString() },
          { header: 'RECOMMENDED', value: ({ recommended }) => recommended.toString() },
          { header: 'CONFIDENCE', value: (each) => each.confidence },
        ],
        { wide: false, headers: true },
      ),
    );
    add(...recommendations.flatMap(explainedRecommendation));
  }
  for (const policy of policies) {
    add(...explainedPolicy(policy));
    const { stringify } = await import('yaml');
    const text = stringify(policy.manifest, { lineWidth: 0 });
    blocks.push(
      text
        .split('\n')
        .map((line) => (line === '' ? line : `    ${plain(line)}`))
        .join('\n'),
    );
  }
  if (unsolved.length > 0)
    add('VMs that no setting helps:', ...unsolved.map(({ vm, message }) => `  ${vm}: ${message}`));
  if (effects !== null) {
    const { before, after } = effects;
    blocks.push(
      renderTable(
        effectRows(before, after),
        [
          { header: `PREDICTED (${confidence} confidence)`, value: ({ what }) => what },
          { header: 'NOW', value: (row) => row.before },
          { header: 'THEN', value: (row) => row.after },
        ],
        { wide: false, headers: true },
      ),
    );
  }
  const telling = findings.filter(({ severity }) => severity !== 'info');
  if (telling.length > 0) add('Findings:', ...telling.flatMap(explained));
  add('What this rests on:', ...basis.map((line) => `  ${line}`));
  if (recommendations.length > 0) {
    const values = recommendations.map(({ setting, recommended }) => `${setting}=${recommended}`).join(' ');
    add('To do it:', `  ${program} settings set ${values}`);
  }
  return blocks.join('\n');
}
