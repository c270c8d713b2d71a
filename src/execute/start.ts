import { ApiError, isForbidden, isUnauthorized, KubeError } from '../kube/errors.ts';
import { FerryError } from '../model/errors.ts';
import type { Outcome, Waiting } from './events.ts';

/** What a failed creation of a migration means for its move. */
export type Refusal =
  /** Nobody may create migrations with these credentials. */
  | { kind: 'not allowed' }
  /** It may work, or may have worked, later: nothing is lost by trying again, for the name stays the same. */
  | { kind: 'again'; waiting: Waiting }
  | { kind: 'never'; outcome: Outcome };

const somebodyElses: Waiting = { for: 'migration', migration: 'of somebody else' };

/** Server errors before a creation is given up; connection losses are not counted, they pass. */
const PATIENCE = 10;

export function refusalOf(error: unknown, attempt: number, node: string | undefined): Refusal {
  if (isForbidden(error) || isUnauthorized(error)) return { kind: 'not allowed' };
  // A migration of this name that carries another run's label: the watch tells what has become of it.
  if (error instanceof FerryError && error.code === 'FERRY_E_REFUSED') return { kind: 'again', waiting: somebodyElses };
  if (!(error instanceof KubeError) || error.kind === 'cancelled' || error.kind === 'config') throw error;
  if (!(error instanceof ApiError)) return { kind: 'again', waiting: { for: 'api', message: error.message } };
  // Its own name, or the message KubeVirt has for a second migration of a VMI (facts/kubevirt.md B1): the watch will tell.
  if (error.status === 409 || error.message.includes('in-flight migration detected')) {
    return { kind: 'again', waiting: somebodyElses };
  }
  const passing = error.status === 429 || error.status >= 500;
  if (passing && attempt < PATIENCE) return { kind: 'again', waiting: { for: 'api', message: error.message } };
  const reason = error.message.replace(/^admission webhook "[^"]*" denied the request: /, '');
  return { kind: 'never', outcome: { result: 'failed', reason, ...(node !== undefined && { node }), running: true } };
}
