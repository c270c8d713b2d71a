import { type Command, InvalidArgumentError, Option } from 'commander';
import { goals } from '../../settings/goal.ts';
import { PATIENCE } from '../../settings/patience.ts';
import type { Invocation } from '../context.ts';
import { connectionFlags, dryRunFlag, duration, outputFlags, snapshotFlag } from '../flags.ts';
import type { AdviseFlags } from '../settings/advise.ts';
import type { ChangeFlags } from '../settings/change.ts';
import type { GetFlags } from '../settings/get.ts';

export function settingsCommand(program: Command, invocation: Invocation): void {
  const settings = program
    .command('settings')
    .description(
      "The cluster's live-migration settings: what is in force and why, what would be better, and changes that can be taken back.",
    );
  getCommand(settings, invocation);
  adviseCommand(settings, invocation);
  setCommand(settings, invocation);
  applyCommand(settings, invocation);
  historyCommand(settings, invocation);
  revertCommand(settings, invocation);
}

function getCommand(settings: Command, { io, run }: Invocation): void {
  const command = settings
    .command('get [SETTING...]')
    .description(
      'Show each setting with its value, where the value comes from, and what it really does. Changes nothing.',
    )
    .option('--for <vm>', 'the settings that a migration of this VM gets, with its MigrationPolicy')
    .option('-n, --namespace <name>', 'namespace of that VM (default: that of the context)')
    .option('--explain', 'what each setting does, and where the documentation is wrong')
    .addHelpText(
      'after',
      `
Examples:
  ${io.name} settings get
  ${io.name} settings get completionTimeoutPerGiB --explain
  ${io.name} settings get --for vm/web01 -n shop`,
    )
    .action((names: string[], flags: GetFlags) =>
      run(async () => await (await import('../settings/get.ts')).getSettings(io, names, flags)),
    );
  snapshotFlag(connectionFlags(outputFlags(command, ['table', 'wide', 'json', 'yaml'])));
}

function adviseCommand(settings: Command, { io, run }: Invocation): void {
  const command = settings
    .command('advise')
    .description(
      'Say which settings would serve this cluster better, and what that is predicted to change. Changes nothing.',
    )
    .addOption(new Option('--goal <goal>', 'what matters most').choices(goals).default('balanced'))
    .option('--prometheus <url>', 'take how much VMs write from there (a bearer token: $PROMETHEUS_TOKEN)')
    .addHelpText(
      'after',
      `
The exit code is 1 if something should change.

Examples:
  ${io.name} settings advise
  ${io.name} settings advise --goal drain-fast
  ${io.name} settings advise -o yaml | ${io.name} settings apply -f - --dry-run=server`,
    )
    .action((flags: AdviseFlags) =>
      run(async () => await (await import('../settings/advise.ts')).adviseSettings(io, flags)),
    );
  snapshotFlag(connectionFlags(outputFlags(command, ['table', 'json', 'yaml'])));
}

function setCommand(settings: Command, { io, run }: Invocation): void {
  const command = settings
    .command('set <KEY=VALUE...>')
    .description(
      'Change settings, where they belong: checked, shown, recorded, and followed until KubeVirt has taken them.',
    )
    .addHelpText(
      'after',
      `
KEY- takes a setting away, so that its default comes back.

Examples:
  # See what would happen
  ${io.name} settings set completionTimeoutPerGiB=150 --dry-run=server

  # Two at once, without being asked
  ${io.name} settings set parallelMigrationsPerCluster=8 parallelOutboundMigrationsPerNode=2 --yes

  # No limit any more
  ${io.name} settings set bandwidthPerMigration-`,
    )
    .action((texts: string[], flags: ChangeFlags) =>
      run(async () => {
        const [{ changeSettings }, { parseAssignments }] = await Promise.all([
          import('../settings/change.ts'),
          import('../../settings/assignment.ts'),
        ]);
        const wanted = parseAssignments(texts);
        return await changeSettings(io, flags, { set: wanted });
      }),
    );
  changeFlags(command);
}

function applyCommand(settings: Command, { io, run }: Invocation): void {
  const command = settings
    .command('apply')
    .description('Change settings to what a file says: a HyperConverged, MigrationPolicies, or advice.')
    .requiredOption('-f, --filename <file>', 'YAML or JSON (-: standard input)')
    .addHelpText(
      'after',
      `
Examples:
  ${io.name} settings apply -f hyperconverged.yaml --dry-run=server
  ${io.name} settings advise -o yaml | ${io.name} settings apply -f - --yes`,
    )
    .action((flags: ChangeFlags & { filename: string }) =>
      run(async () => await (await import('../settings/apply.ts')).applySettings(io, flags)),
    );
  changeFlags(command);
}

function historyCommand(settings: Command, { io, run }: Invocation): void {
  const command = settings
    .command('history')
    .description('Show what Ferry has changed, by whom, and whether it still stands.')
    .action((flags: ChangeFlags) =>
      run(async () => await (await import('../settings/history.ts')).showHistory(io, flags)),
    );
  connectionFlags(outputFlags(command, ['table', 'wide', 'json', 'yaml']));
}

function revertCommand(settings: Command, { io, run }: Invocation): void {
  const command = settings
    .command('revert [ID]')
    .description('Take a change back, if what it wrote still stands (default: the newest that does).')
    .action((text: string | undefined, flags: ChangeFlags) =>
      run(async () => {
        const revert = text === undefined ? 'newest' : idOf(text);
        const { changeSettings } = await import('../settings/change.ts');
        return await changeSettings(io, flags, { revert });
      }),
    );
  changeFlags(command);
}

function idOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('An ID is a number; `settings history` shows them.');
  return Number(text);
}

function changeFlags(command: Command): void {
  command
    .option('-y, --yes', 'do not ask')
    .option('--timeout <duration>', 'how long KubeVirt may take to take it (1s, 2m)', duration, PATIENCE);
  connectionFlags(outputFlags(dryRunFlag(command), ['table', 'json', 'yaml']));
}
