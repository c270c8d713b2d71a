import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { compareText } from '../model/memo.ts';
import { sourceOf } from './answering.ts';
import { cleanText } from './clean.ts';
import type { Knowledge, Wiring } from './knowledge.ts';
import { limited } from './limit.ts';
import type { Complete } from './resource.ts';

/** The protocol's limit. */
const MOST = 100;
/** Somebody types: what takes longer comes too late. */
const TIMEOUT = 5_000;

/** Completes arguments of prompts and variables of resources. What can't be read, or may not be, is no candidate. */
export function serveCompletion(server: McpServer, knowledge: Knowledge, { service, callerOf }: Wiring): void {
  server.server.setRequestHandler('completion/complete', async ({ params }, context) => {
    const { ref, argument, context: about } = params;
    const known = completers(knowledge, ref) ?? {};
    const complete = Object.hasOwn(known, argument.name) ? known[argument.name] : undefined;
    if (complete === undefined) return { completion: { values: [] } };
    const { signal: gone, identity } = callerOf(context);
    const all = await limited(
      gone,
      (signal) =>
        complete(about?.arguments ?? {}, sourceOf(service, { signal, owner: identity.subject }, knowledge.tools)),
      TIMEOUT,
    ).catch(() => []);
    // A name with anything in it that a reader would not see is none that can be asked for.
    const fitting = all.filter((each) => each.startsWith(argument.value) && cleanText(each) === each).sort(compareText);
    const values = fitting.slice(0, MOST);
    return { completion: { values, total: fitting.length, hasMore: fitting.length > values.length } };
  });
}

function completers(
  { prompts, kinds }: Knowledge,
  ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string },
): Partial<Record<string, Complete>> | undefined {
  const found =
    ref.type === 'ref/prompt'
      ? prompts.find(({ name }) => name === ref.name)
      : kinds.find(({ uri }) => uri === ref.uri);
  if (found === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'there is nothing of this name');
  return found.complete;
}
