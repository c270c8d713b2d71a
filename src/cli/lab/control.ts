import { type LabState, readLabState } from '../../lab/state.ts';
import { FerryError } from '../../model/errors.ts';
import { openCluster } from '../cluster.ts';
import type { Io } from '../context.ts';

/** The lab that runs in the background, or FERRY_E_LAB_NOT_RUNNING. */
export function requireLab(io: Io): LabState {
  const state = readLabState(io.env);
  if (state !== undefined) return state;
  throw new FerryError('FERRY_E_LAB_NOT_RUNNING', 'no lab runs', `Start one with: ${io.name} lab start --detach`);
}

/** Asks the lab that runs, over its own paths (src/lab/control); the answer's JSON. What the lab refuses is wrong usage. */
export async function askLab(io: Io, method: string, path: string, body?: unknown): Promise<unknown> {
  const client = await openCluster(io, { kubeconfig: requireLab(io).kubeconfig });
  try {
    const { status, text } = await client.raw(method, `/lab/v1/${path}`, {
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      accept: (code) => code < 300 || (code >= 400 && code < 500 && code !== 401 && code !== 403),
    });
    const value: unknown = text === '' ? undefined : JSON.parse(text);
    if (status < 300) return value;
    const { message } = value as { message: string };
    throw new FerryError('FERRY_E_USAGE', message, `See: ${io.name} lab --help`);
  } finally {
    client.close();
  }
}
