import type { Answer } from './tool.ts';

/** A name, or what stands for one: `web-1`, `VM`. */
const NAME = String.raw`(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?|[A-Z]{2,})`;

/**
 * A command line as remedies have it: `ferry move web -n shop --to NODE`. A bare name is told from the next word of the
 * sentence by the namespace beside it; placeholders are in capitals.
 */
const COMMAND = new RegExp(
  String.raw`\bferry (?<command>check|diagnose|move|cancel|settings (?:get|advise|set|revert)|network (?:plan|remove))\b` +
    String.raw`(?: (?:-n (?<ns1>${NAME}) (?<name1>${NAME})|(?<kind2>(?:node|vmim|vm)/)?(?<name2>${NAME}) -n (?<ns2>${NAME})` +
    String.raw`|(?<kind3>node|vmim|vm)/(?<name3>${NAME})|(?<cluster>cluster)\b|(?<key>[A-Za-z]+)(?:=(?<value>\w+)|-(?![\w-]))` +
    String.raw`|(?<name4>[A-Z]{2,})\b|-A\b))?` +
    String.raw`(?: --explain\b| --dry-run=server\b| --interface [A-Z]+\b| --to (?<to>${NAME}))*`,
  'g',
);

/**
 * Ferry's own advice for somebody who has tools: the commands in it as the tools that do the same. A command without
 * one that is served stays as it is, for the person in front.
 */
export function inTools(text: string, served: ReadonlySet<string>): string {
  return text.replace(COMMAND, (whole: string, ...more: unknown[]) => {
    const { tool, given } = toolFor(more.at(-1) as Record<string, string | undefined>) ?? {};
    if (tool === undefined || given === undefined || !served.has(tool)) return whole;
    const told = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
    return told.length === 0 ? tool : `${tool} with ${told.join(', ')}`;
  });
}

type Call = { tool: string; given: Record<string, string | undefined> };

function toolFor(parts: Record<string, string | undefined>): Call | undefined {
  const { command, ns1, ns2, name1, name2, name3, name4, kind2, kind3, cluster, key, value, to } = parts;
  const name = name1 ?? name2 ?? name3 ?? name4;
  const of = { name, namespace: ns1 ?? ns2 };
  const kind = kind3 ?? kind2?.slice(0, -1);
  switch (command) {
    case 'check':
      if (cluster !== undefined) return { tool: 'cluster_check', given: {} };
      return kind === 'node' ? undefined : { tool: 'vm_migration_check', given: of };
    case 'diagnose': {
      const about =
        kind === 'node' ? 'node' : kind === 'vmim' ? 'migration' : name === undefined ? 'cluster' : undefined;
      return { tool: 'vm_migration_diagnose', given: { about, ...of } };
    }
    case 'move':
      return { tool: 'vm_migration_move', given: { ...of, target: to } };
    case 'cancel':
      return { tool: 'vm_migration_cancel', given: of };
    case 'settings set':
      return {
        tool: 'migration_settings_change',
        given: { set: key === undefined ? undefined : `{"${key}": ${value ?? 'null'}}` },
      };
    case 'settings revert':
      return { tool: 'migration_settings_change', given: { revert: 'true' } };
    case 'settings get':
    case 'settings advise':
      return { tool: 'migration_settings', given: command === 'settings get' ? {} : { goal: 'balanced' } };
    case 'network plan':
      return { tool: 'migration_network', given: { action: 'plan' } };
    default:
      return { tool: 'migration_network_change', given: { action: 'remove' } };
  }
}

/** What a tool tells, with its remedies in the words of tools: in the structure, and where the text repeats them. */
export function answeredInTools<T>(answer: Answer<T>, served: ReadonlySet<string>): Answer<T> {
  const changed = new Map<string, string>();
  const remedy = (text: unknown): unknown => {
    if (typeof text !== 'string') return text;
    const told = inTools(text, served);
    if (told !== text) changed.set(text, told);
    return told;
  };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        if (key === 'remedy') return [key, remedy(each)];
        return [key, key === 'remedies' && Array.isArray(each) ? each.map(remedy) : walk(each)];
      }),
    );
  };
  const structured = walk(answer.structured) as T;
  let { text } = answer;
  for (const [from, to] of changed) text = text.replaceAll(from, () => to);
  return { ...answer, structured, text };
}
