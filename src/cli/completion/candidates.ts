import type { Command, Option } from 'commander';

/** What can come next on a command line. */
export interface Candidates {
  /** Fixed ones with a description. */
  fixed: { value: string; description?: string }[];
  /** What the cluster has to be asked for. */
  ask?: 'vms' | 'nodes' | 'namespaces' | 'migrations' | 'contexts';
  /** Goes before every answer: `--to=`. */
  prefix: string;
  /** A file name fits. */
  files: boolean;
  /** The word that is being typed, without the prefix. */
  word: string;
  /** Options with a value that come before it, by attribute name. */
  flags: Record<string, string | boolean>;
}

const optionValues: Record<string, Candidates['ask'] | 'files'> = {
  '--to': 'nodes',
  '--namespace': 'namespaces',
  '--context': 'contexts',
  '--kubeconfig': 'files',
  '--snapshot': 'files',
};

const argumentValues: Record<string, Candidates['ask']> = {
  check: 'vms',
  move: 'vms',
  cancel: 'migrations',
  migrations: 'migrations',
};

/** Reads the words of an unfinished command line, the last being the one that is typed. */
export function candidates(program: Command, typed: readonly string[]): Candidates {
  // bash takes `--to=x` apart into three words.
  const words = typed.flatMap((each, index) => (each !== '=' ? [each] : index === typed.length - 1 ? [''] : []));
  const word = words.at(-1) ?? '';
  const flags: Candidates['flags'] = {};
  let command = program;
  let pending: Option | undefined;
  for (const each of words.slice(0, -1)) {
    if (pending !== undefined) {
      flags[pending.attributeName()] = each;
      pending = undefined;
    } else if (each.startsWith('-')) {
      const [name, value] = each.split('=', 2);
      const option = optionOf(command, name as string);
      if (option === undefined) continue;
      if (option.isBoolean() || value !== undefined) flags[option.attributeName()] = value ?? true;
      else if (option.required) pending = option;
    } else {
      command = visible(command).find((sub) => sub.name() === each || sub.aliases().includes(each)) ?? command;
    }
  }
  const none: Candidates = { fixed: [], prefix: '', files: false, word, flags };
  if (pending !== undefined) return valuesOf(pending, none);
  const equals = /^(--[\w-]+=)(.*)$/.exec(word);
  if (equals !== null) {
    const option = optionOf(command, (equals[1] as string).slice(0, -1));
    return option === undefined
      ? none
      : valuesOf(option, { ...none, prefix: equals[1] as string, word: equals[2] as string });
  }
  if (word.startsWith('-')) {
    const options = command.options.filter((option) => !option.hidden && !(option.attributeName() in flags));
    const fixed = options.map(({ long, description }) => ({ value: long ?? '', description }));
    return { ...none, fixed: [...fixed, { value: '--help', description: 'show help' }] };
  }
  const subs = visible(command);
  if (subs.length > 0)
    return { ...none, fixed: subs.map((sub) => ({ value: sub.name(), description: sub.description() })) };
  const [argument] = command.registeredArguments;
  if (argument?.argChoices !== undefined) return { ...none, fixed: argument.argChoices.map((value) => ({ value })) };
  const ask = argumentValues[command.name()];
  return ask === undefined ? none : { ...none, ask };
}

function valuesOf(option: Option, none: Candidates): Candidates {
  if (option.argChoices !== undefined) return { ...none, fixed: option.argChoices.map((value) => ({ value })) };
  const values = optionValues[option.long ?? ''];
  if (values === undefined) return none;
  return values === 'files' ? { ...none, files: true } : { ...none, ask: values };
}

function optionOf(command: Command, name: string): Option | undefined {
  return command.options.find((option) => option.long === name || option.short === name);
}

function visible(command: Command): Command[] {
  return command.commands.filter((sub) => !sub.name().startsWith('__'));
}
