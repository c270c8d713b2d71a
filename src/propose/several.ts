import { explain } from '../cluster/explain.ts';
import { type ExitCode, exit, FerryError } from '../model/errors.ts';
import type { Done, Prepared } from './draft.ts';

/**
 * Several writes as one that can be confirmed, without those that change nothing; made in their order, and no further
 * than the first that fails. Throws FERRY_E_REFUSED if none changes anything.
 */
export function together(all: readonly Prepared[]): Prepared {
  const writes = all.filter(({ draft }) => draft.objects.length > 0);
  const [first] = writes;
  if (first === undefined) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      'there is nothing to change: all is as it was given',
      'There is nothing to do. What is not named stays as it is: to take a field out, give it as null.',
    );
  }
  if (writes.length === 1) return first;
  const drafts = writes.map(({ draft }) => draft);
  return {
    draft: {
      summary: `${writes.length} writes: ${drafts.map(({ summary }) => summary).join(' ')}`,
      objects: drafts.flatMap(({ objects }) => objects),
      findings: drafts.flatMap(({ findings }) => findings),
      effect: drafts.flatMap(({ effect }) => effect),
      premises: Object.assign({}, ...drafts.map(({ premises }) => premises)) as Record<string, unknown>,
    },
    rehearse: async (signal) => {
      for (const { rehearse } of writes) await rehearse(signal);
    },
    carryOut: async (how) => {
      const ended: Done[] = [];
      let failure = '';
      for (const { carryOut } of writes) {
        try {
          const done = await carryOut(how);
          ended.push(done);
          how.tell(done.summary);
          if (done.exit !== exit.ok) break;
        } catch (error) {
          if (ended.length === 0) throw error;
          failure = explain(error).message;
          break;
        }
      }
      const left = writes.length - ended.length;
      const rest = left === 0 ? '' : ` ${left} of ${writes.length} not done${failure === '' ? '' : `: ${failure}`}.`;
      return {
        exit: codeOf(ended, left),
        summary: `${ended.map(({ summary }) => summary).join(' ')}${rest}`,
        details: { writes: ended.map(({ details }) => details) },
      };
    },
  };
}

function codeOf(ended: readonly Done[], left: number): ExitCode {
  const bad = ended.find((each) => each.exit !== exit.ok);
  if (bad !== undefined) return bad.exit;
  return left > 0 ? exit.partial : exit.ok;
}
