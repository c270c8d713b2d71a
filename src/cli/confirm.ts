import { createInterface } from 'node:readline/promises';
import { FerryError } from '../model/errors.ts';
import type { Draft } from '../propose/draft.ts';
import { type Io, note } from './context.ts';

/**
 * Asks a person for a yes; `question` says what is about to happen. Where nobody can be asked, --yes must have been
 * given. Throws FERRY_E_UNCONFIRMED.
 */
async function confirm(io: Io, question: string, yes: boolean): Promise<void> {
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

/**
 * The decision that a person has confirmed, as it is after they did: reading and thinking take time, in which the cluster
 * may have changed. Throws FERRY_E_UNCONFIRMED, and FERRY_E_STALE if something else would be done now.
 */
export async function confirmed<T extends { draft: Draft }>(
  io: Io,
  shown: T,
  { question, yes }: { question: string; yes: boolean },
  again: () => Promise<T>,
): Promise<T> {
  await confirm(io, question, yes);
  if (yes) return shown;
  const now = await again();
  const { requireSame } = await import('../propose/draft.ts');
  requireSame(shown.draft, now.draft);
  return now;
}
