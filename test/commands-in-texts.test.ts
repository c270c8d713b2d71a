import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../src/cli/testing/run.ts';

// Remedies name commands of Ferry. A command that is not there is worse than none.

const rooms = ['assess', 'diagnose', 'settings', 'network', 'cluster', 'model', 'execute', 'propose'];
/** Words that follow "ferry" in sentences and are no commands. */
const prose = new Set(['is', 'moves', 'for', 'again', 'tells', 'says']);

const files = rooms.flatMap((room) =>
  readdirSync(join('src', room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.includes('testing'))
    .map((file) => join('src', room, file)),
);

/** `ferry COMMAND [SUBCOMMAND] [--flag ...]` as texts have it, with names (VM, ${vm.name}, -n NAMESPACE) between. */
const mentioned = new Set(
  files.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /\bferry ([a-z]+)((?: [a-z-]+)?)((?: (?:-n|[A-Z]{2,}|[a-z]+\/[A-Z]+|\$\{[^}]+\}|--[a-z-]+))*)/g,
      ),
    ]
      .filter(([, command = '']) => !prose.has(command))
      .map(([, command = '', sub = '', rest = '']) => {
        const flags = rest.split(' ').filter((word) => word.startsWith('--'));
        return `${command}|${sub.trim()}|${flags.join(' ')}`;
      }),
  ),
);

describe('the commands that texts name', () => {
  test('are some', () => {
    expect(mentioned.size).toBeGreaterThan(8);
  });

  test.each([...mentioned].sort())('ferry %s exists', async (text) => {
    const [command = '', sub = '', flags = ''] = text.split('|');
    const overview = await run(['--help']);
    expect(overview.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    const own = await run([command, '--help']);
    const isSubcommand = new RegExp(`^  ${sub}\\b`, 'm').test(own.stdout) && /^Commands:/m.test(own.stdout);
    const help = sub !== '' && isSubcommand ? await run([command, sub, '--help']) : own;
    for (const flag of flags.split(' ').filter((each) => each !== '')) {
      expect([text, help.stdout]).toEqual([text, expect.stringContaining(flag)]);
    }
  });
});
