import { randomBytes } from 'node:crypto';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Question, User } from './tool.ts';

/** The one field of the form. */
const form = z.object({ confirm: z.boolean().describe('Whether to do this now.') });
const KEY = 'confirm';

/** What a question was about, sealed so that an answer counts only for the question that was really asked. */
interface State {
  about: string;
}

export type Seal = RequestStateCodec<State>;

/** For one server process: an answer that was asked for by another one counts for nothing. */
export function newSeal(): Seal {
  return createRequestStateCodec<State>({ key: randomBytes(32) });
}

/** The person behind a request, as far as its client lets them be asked (elicitation, both protocol eras). */
export function userBehind(server: McpServer, context: ServerContext): User {
  const { envelope, inputResponses } = context.mcpReq;
  const told = (envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
  const { elicitation } = (told ?? server.server.getClientCapabilities() ?? {}) as ClientCapabilities;
  return {
    // `{}` is a client of the time when forms were the only kind.
    canBeAsked: elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined),
    answer(about) {
      const state = context.mcpReq.requestState<State>();
      if (typeof state !== 'object' || state?.about !== about) return undefined;
      if (inputResponse(inputResponses, KEY).kind !== 'elicit') return undefined;
      return acceptedContent(inputResponses, KEY, form)?.confirm === true ? 'yes' : 'no';
    },
  };
}

export async function ask(seal: Seal, { about, message }: Question): Promise<InputRequiredResult> {
  return inputRequired({
    inputRequests: { [KEY]: inputRequired.elicit({ message, requestedSchema: form }) },
    requestState: await seal.mint({ about }),
  });
}
