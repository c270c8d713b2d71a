import { compareText } from '../model/memo.ts';
import type { Cause } from './cause.ts';
import { causes } from './causes/index.ts';

/** Every cause in a table, as Markdown: of docs/reference/, and what agents read. */
export function causesPage(): string {
  const rows = byId().map((cause) => {
    const { id, title, texts, source } = cause;
    return `| \`${id}\` | ${title} | ${subjectsOf(cause)} | ${texts === undefined ? '' : 'yes'} | ${source} | ${looksAt(cause)} |`;
  });
  return `# Causes

What \`ferry diagnose\` can find, of a migration, a VM, a node or the cluster, and in what somebody pasted (\`--text\`). The
confidence is \`certain\` where KubeVirt says so itself, \`likely\` where what is seen fits nothing else, \`possible\` where it would
explain what is seen. What could not be read is named in the report, and causes that need it are not found.

| id | what it is | of | \`--text\` | where the knowledge comes from | what it looks at |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** One cause as Markdown, with what it means and what helps where that is the same in every case; undefined if there is none of this id. */
export function causePage(id: string): string | undefined {
  const cause = causes.find((each) => each.id === id);
  if (cause === undefined) return undefined;
  const { title, source, meaning, texts = [] } = cause;
  const parts = [
    `# \`${id}\``,
    `${title}.`,
    [
      `- Of: ${subjectsOf(cause)}`,
      `- What it looks at: ${looksAt(cause) || 'the objects themselves'}`,
      `- Where the knowledge comes from: ${source}`,
    ].join('\n'),
  ];
  if (meaning !== undefined) {
    parts.push('## What it means', meaning.message, '## What to do');
    parts.push(meaning.remedies.map((remedy) => `- ${remedy}`).join('\n'));
  }
  if (texts.length > 0) {
    parts.push('## Messages it is known by, as regular expressions');
    parts.push(texts.map(({ source: pattern }) => `- \`${pattern}\``).join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

/** The ids of all causes, sorted. */
export function causeIds(): string[] {
  return byId().map(({ id }) => id);
}

function byId(): Cause[] {
  return [...causes].sort((a, b) => compareText(a.id, b.id));
}

function subjectsOf(cause: Cause): string {
  const subjects = { migration: 'migration', vm: 'VM', node: 'node', cluster: 'cluster' } as const;
  const about = Object.entries(subjects).flatMap(([hook, name]) => (hook in cause ? [name] : []));
  return about.length === 0 ? 'a pasted text only' : about.join(', ');
}

function looksAt({ needs, reads = [] }: Cause): string {
  return [...needs, ...reads].join(', ');
}
