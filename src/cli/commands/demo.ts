import type { Command } from 'commander';
import type { Invocation } from '../context.ts';

export function demoCommand(program: Command, { io, run }: Invocation): void {
  program
    .command('demo')
    .description('Show what Ferry does, on a lab that starts and ends with it. Takes less than a minute.')
    .action(() => run(async () => await (await import('../demo/demo.ts')).runDemo(io)));
}
