import { compareText } from '../model/memo.ts';
import type { Check } from './check.ts';
import { checks } from './checks/index.ts';

/** Every check in a table, as Markdown: of docs/reference/, and what agents read. */
export function checksPage(): string {
  const rows = byId().map((check) => {
    const { id, title, source, needs } = check;
    return `| \`${id}\` | ${subjectsOf(check).join(', ')} | ${title} | ${source} | ${needs.join(', ')} |`;
  });
  return `# Checks

What \`ferry check\` looks at. A check is about a **VM** (\`ferry check VM\`), a **node** and a drain of it (\`ferry check
node/NODE\`), the **cluster** (told with every report, for it bears on every VM), or gives **advice** on the cluster
(\`ferry check cluster\` only; what is found may be a blocker or a warning all the same). Where a list that a check needs
could not be read, the report says so under \`snapshot/complete\`.

| id | about | what it looks at | where the rule comes from | lists it needs |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** One check as Markdown; undefined if there is none of this id. */
export function checkPage(id: string): string | undefined {
  const check = checks.find((each) => each.id === id);
  if (check === undefined) return undefined;
  const { title, source, needs } = check;
  return `# \`${id}\`

${title}.

- About: ${subjectsOf(check).join(', ')}
- Where the rule comes from: ${source}
- Lists it needs: ${needs.join(', ') || 'none'}; where one could not be read, the report says so instead of passing the VM
`;
}

/** The ids of all checks, sorted. */
export function checkIds(): string[] {
  return byId().map(({ id }) => id);
}

function byId(): Check[] {
  return [...checks].sort((a, b) => compareText(a.id, b.id));
}

function subjectsOf(check: Check): string[] {
  return [
    ...(check.run === undefined ? [] : ['VM']),
    ...(check.runNode === undefined ? [] : ['node']),
    ...(check.runCluster === undefined ? [] : ['cluster']),
    ...(check.advise === undefined ? [] : ['advice']),
  ];
}
