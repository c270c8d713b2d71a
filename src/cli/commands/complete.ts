import type { Command } from 'commander';
import { exit } from '../../model/errors.ts';
import { plain } from '../../model/plain.ts';
import type { Invocation } from '../context.ts';

/** What the completion scripts call; its words come after `--`. */
export function completeCommand(program: Command, { io, run }: Invocation): void {
  program
    .command('__complete [WORDS...]', { hidden: true })
    .allowUnknownOption()
    .action((words: string[]) =>
      run(async () => {
        const { candidates } = await import('../completion/candidates.ts');
        const { fixed, ask, prefix, files, word, flags } = candidates(program, words);
        let asked: string[] = [];
        if (ask !== undefined) {
          const { askFor } = await import('../completion/ask.ts');
          // Somebody is typing: no cluster is no candidates, and no message in the middle of the line.
          asked = await askFor(io, ask, flags).catch(() => []);
        }
        const all = [...fixed, ...asked.map((value) => ({ value, description: '' }))];
        for (const { value, description } of all) {
          if (value.startsWith(word))
            io.stdout.write(`${prefix}${plain(value)}${description ? `\t${description}` : ''}\n`);
        }
        io.stdout.write(files ? ':0\n' : ':4\n');
        return exit.ok;
      }),
    );
}
