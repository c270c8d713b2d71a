import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../model/duration.ts';

export interface ConnectionFlags {
  context?: string;
  kubeconfig?: string;
  as?: string;
  asGroup?: string[];
  /** Milliseconds; 0: no limit. */
  requestTimeout?: number;
  verbose?: boolean;
}

export interface ScopeFlags {
  namespace?: string;
  allNamespaces?: boolean;
  selector?: string;
}

export type Format = 'table' | 'wide' | 'json' | 'yaml' | 'name';

export interface OutputFlags {
  output: Format;
  /** False with --no-headers. */
  headers: boolean;
}

export interface SnapshotFlag {
  snapshot?: string;
}

export type DryRun = 'none' | 'client' | 'server';

/** How to reach the cluster; the same flags as kubectl's. */
export function connectionFlags(command: Command): Command {
  return command
    .optionsGroup('Cluster:')
    .option('--context <name>', 'the kubeconfig context to use')
    .option('--kubeconfig <file>', 'path to the kubeconfig (default: $KUBECONFIG, then ~/.kube/config)')
    .option('--as <user>', 'user to impersonate')
    .option('--as-group <group>', 'group to impersonate; may be repeated', collect)
    .option('--request-timeout <duration>', 'how long one request may take (1s, 2m; 0: no limit)', duration)
    .option('-v, --verbose', 'show where an error came from');
}

export function scopeFlags(command: Command, { selector = true } = {}): Command {
  command
    .optionsGroup('Which VMs:')
    .option('-n, --namespace <name>', 'namespace (default: that of the context)')
    .addOption(new Option('-A, --all-namespaces', 'all namespaces').conflicts('namespace'));
  if (selector) command.option('-l, --selector <labels>', 'label selector: a=b, a!=b, a in (b,c), a, !a');
  return command;
}

/** `-o`, with the formats a command has. */
export function outputFlags(command: Command, formats: readonly Format[]): Command {
  command
    .optionsGroup('Output:')
    .addOption(new Option('-o, --output <format>', 'output format').choices(formats).default(formats[0]));
  if (formats.includes('table')) command.option('--no-headers', 'leave out the header line');
  return command;
}

export function snapshotFlag(command: Command): Command {
  return command.addOption(
    new Option('--snapshot <file>', 'read this saved snapshot instead of a cluster (-: standard input)').conflicts([
      'context',
      'kubeconfig',
      'as',
      'asGroup',
    ]),
  );
}

export function dryRunFlag(command: Command): Command {
  return command.addOption(
    new Option('--dry-run <how>', 'client: show what would be done; server: let the cluster check it, too')
      .choices(['none', 'client', 'server'])
      .default('none'),
  );
}

/** For options that take a duration. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Use a duration such as 30s, 5m or 1h30m.');
  return ms;
}

/** For options that take a whole number in a range. */
export function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      throw new InvalidArgumentError(`Use a whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}
