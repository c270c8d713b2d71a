import { createInterface } from 'node:readline/promises';
import { FerryError } from '../model/errors.ts';
import { type Io, note } from './context.ts';

/**
 * Asks a person for a yes; `question` says what is about to happen. Where nobody can be asked, --yes must have been
 * given. Throws FERRY_E_UNCONFIRMED.
 */
export async function confirm(io: Io, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!io.isTTY.stdin || !io.isTTY.stderr) {
    throw new FerryError(
      'FERRY_E_UNCONFIRMED',
      'this changes the cluster, and nobody is at the terminal to confirm it',
      'Add --yes to confirm it now, or --dry-run=server to see what would happen.',
    );
  }
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: io.signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  note(io, '');
  throw new FerryError('FERRY_E_UNCONFIRMED', 'not confirmed', 'Nothing was changed.');
}
