import { Argument, type Command } from 'commander';
import { exit } from '../../model/errors.ts';
import { completionScript, type Shell, shells } from '../completion/scripts.ts';
import type { Invocation } from '../context.ts';

export function completionCommand(program: Command, { io, run }: Invocation): void {
  program
    .command('completion')
    .description('Print a script that lets your shell complete commands, VMs and nodes.')
    .addArgument(new Argument('<SHELL>', 'which shell').choices([...shells]))
    .addHelpText(
      'after',
      `
Examples:
  # In this bash, and in those to come
  source <(ferry completion bash)
  echo 'source <(ferry completion bash)' >> ~/.bashrc

  # For kubectl ferry: an executable kubectl_complete-ferry on the PATH with these two lines
  #!/bin/sh
  exec kubectl-ferry __complete -- "$@"`,
    )
    .action((shell: Shell) =>
      run(async () => {
        io.stdout.write(completionScript(shell));
        return exit.ok;
      }),
    );
}
