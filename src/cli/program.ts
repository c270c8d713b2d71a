import { Command, CommanderError } from 'commander';
import { type ExitCode, exit, FerryError } from '../model/errors.ts';
import { commands } from './commands/index.ts';
import type { Io } from './context.ts';
import { report } from './errors.ts';

export type RunOptions = Omit<Io, 'signal' | 'name' | 'self'> & Partial<Pick<Io, 'signal' | 'name' | 'self'>>;

/** Runs one command line (without `node` and the script). Returns the exit code; all output goes to the given streams. */
export async function runFerry(given: readonly string[], options: RunOptions): Promise<ExitCode> {
  const io: Io = { signal: new AbortController().signal, name: 'ferry', self: [], ...options };
  let code: ExitCode = exit.ok;
  const program = new Command(io.name)
    .description('Moves running virtual machines between the nodes of a KubeVirt cluster.')
    .usage('COMMAND [options]')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [COMMAND]', 'show help for a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ helpWidth: 100, showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Errors are told once, by report().
      writeErr: () => undefined,
      outputError: () => undefined,
      getOutHasColors: () => false,
    });
  const invocation = {
    io,
    run: async (work: () => Promise<ExitCode>): Promise<void> => {
      code = await work();
    },
  };
  for (const register of commands) register(program, invocation);
  const argv = commandFirst(program, given);
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help that was asked for; without a subcommand, commander shows it as an error.
      if (error.exitCode === 0) return exit.ok;
      if (error.code === 'commander.help') {
        return report(io, usageError(program, `${io.name} ${argv.join(' ')} needs a subcommand`, argv), false);
      }
      return report(io, fromCommander(program, error, argv), false);
    }
    return report(io, error, argv.includes('-v') || argv.includes('--verbose'));
  }
}

/** kubectl takes flags before the command, too (`ferry -n shop check`); commander wants them behind it. */
function commandFirst(program: Command, argv: readonly string[]): readonly string[] {
  const options = program.commands.flatMap((command) => [command, ...command.commands]).flatMap((each) => each.options);
  const withValue = new Set(options.filter(({ required }) => required).flatMap(({ short, long }) => [short, long]));
  let count = 0;
  while (/^-./.test(argv[count] ?? '') && !['--', '-h', '--help'].includes(argv[count] ?? '')) {
    count += withValue.has(argv[count]) ? 2 : 1;
  }
  const end = argv.indexOf('--', count);
  const command = argv.slice(count, end === -1 ? argv.length : end);
  return command.length === 0 ? argv : [...command, ...argv.slice(0, count), ...argv.slice(count + command.length)];
}

/** commander says `error: unknown option '--tp'\n(Did you mean --to?)`: one sentence, and what to do. */
function fromCommander(program: Command, error: CommanderError, argv: readonly string[]): FerryError {
  const [first = '', suggestion] = error.message.split('\n');
  const message = first.replace(/^error: /, '').replace(/\.$/, '');
  const meant = suggestion?.replace(/^\(|\)$/g, '');
  return usageError(program, message, argv, meant);
}

function usageError(program: Command, message: string, argv: readonly string[], meant?: string): FerryError {
  const [first, second] = argv;
  const command = program.commands.find((each) => each.name() === first || each.aliases().includes(first ?? ''));
  const sub = command?.commands.find((each) => each.name() === second || each.aliases().includes(second ?? ''));
  const path = [program, command, sub].flatMap((each) => (each === undefined ? [] : [each.name()])).join(' ');
  const help = `See '${path} --help'.`;
  return new FerryError('FERRY_E_USAGE', message, meant === undefined ? help : `${meant} ${help}`);
}
