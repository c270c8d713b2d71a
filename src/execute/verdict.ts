import type { MoveResult } from './events.ts';

/** The one line at the end: how many moved, and what to do about the others. */
export function verdictLine(results: readonly MoveResult[], name: string): string {
  const count = (result: string): number => results.filter(({ outcome }) => outcome.result === result).length;
  const total = results.length;
  const parts: string[] = [];
  const moved = count('succeeded');
  if (moved > 0 || total === count('failed') + count('cancelled')) parts.push(`${moved} of ${total} moved`);
  for (const [result, text, begun] of [
    ['unchanged', 'there already'],
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['timed out', 'still under way when the time was up', true],
    ['timed out', 'not started when the time was up', false],
    ['detached', 'no longer followed'],
    ['lost', 'out of reach'],
  ] as const) {
    const number = results.filter(
      ({ outcome }) =>
        outcome.result === result &&
        (begun === undefined || ('migration' in outcome && outcome.migration !== undefined) === begun),
    ).length;
    if (number > 0) parts.push(`${number} ${text}`);
  }
  const down = results
    .filter(({ outcome }) => 'running' in outcome && !outcome.running)
    .map(({ vm }) => `${vm.namespace}/${vm.name}`);
  if (down.length > 0) return `${parts.join(', ')}. NOT RUNNING: ${down.join(', ')}`;
  if (count('lost') > 0) {
    return `${parts.join(', ')}: the cluster does not answer. Migrations that have begun may go on; the same command follows them, once it does`;
  }
  const left = results.some(
    ({ outcome }) =>
      (outcome.result === 'detached' || outcome.result === 'timed out') && outcome.migration !== undefined,
  );
  if (!left) return parts.join(', ');
  const namespaces = [...new Set(results.map(({ vm }) => vm.namespace))];
  const where = namespaces.length === 1 ? `-n ${namespaces[0]}` : '-A';
  return `${parts.join(', ')}. The migrations go on: follow them with \`${name} get migrations ${where} -w\`, stop one with \`${name} cancel VM ${where}\``;
}
