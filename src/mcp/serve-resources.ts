import {
  type ListResourcesResult,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import { explain } from '../cluster/explain.ts';
import { answering } from './answering.ts';
import { ANSWER, fit } from './budget.ts';
import { NOTICE } from './call.ts';
import { clean, cleanText } from './clean.ts';
import type { Knowledge, Wiring } from './knowledge.ts';
import type { ResourceKind, Source } from './resource.ts';
import { parseUri, uriOf, variablesOf } from './uri.ts';

/** Resources of one page of the list. */
const PAGE = 50;

/** Serves the kinds: lists, templates and reading. */
export function serveResources(server: McpServer, knowledge: Knowledge, { service, callerOf }: Wiring): void {
  const { kinds, tools } = knowledge;
  server.server.setRequestHandler('resources/list', async ({ params }, context) => {
    const cursor = params?.cursor;
    const asked = { method: 'resources/list', given: { ...(cursor !== undefined && { cursor }) }, needs: [] };
    return await answering(asked, service, callerOf(context), tools, (source) => listed(kinds, cursor, source));
  });
  server.server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: kinds
      .filter(isTemplate)
      .map(({ name, title, description, mimeType, uri }) => ({ name, title, description, mimeType, uriTemplate: uri })),
  }));
  server.server.setRequestHandler('resources/read', async ({ params: { uri } }, context) => {
    const kind = kinds.find((each) => parseUri(each.uri, uri) !== undefined);
    const variables = kind && parseUri(kind.uri, uri);
    const asked = {
      method: 'resources/read',
      given: { uri },
      needs: kind?.needs ?? [],
      namespace: variables?.['namespace'],
      uri,
    };
    return await answering(asked, service, callerOf(context), tools, async (source) => {
      if (kind === undefined) throw new ResourceNotFoundError(uri);
      return await read(kind, uri, source);
    });
  });
}

function isTemplate({ uri }: ResourceKind): boolean {
  return variablesOf(uri).length > 0;
}

/** What a resource tells. Throws an error of the protocol where the URI's variables can't be. */
async function read(kind: ResourceKind, uri: string, source: Source): Promise<ReadResourceResult> {
  const parsed = kind.variables.safeParse(parseUri(kind.uri, uri));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const told = `${issue?.path.join('.') ?? 'uri'}: ${issue?.message ?? 'is not right'}`;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, cleanText(told), { uri });
  }
  const told = await kind.read(parsed.data, source);
  return { contents: [{ uri, mimeType: kind.mimeType, text: textOf(told) }] };
}

/** Ferry's own text, or data from the cluster as JSON, which says first that it is data. */
function textOf(told: string | object): string {
  if (typeof told === 'string') return fit(told, ANSWER);
  return JSON.stringify({ notice: NOTICE, ...fit(clean(told)) });
}

async function listed(
  kinds: readonly ResourceKind[],
  cursor: string | undefined,
  source: Source,
): Promise<ListResourcesResult> {
  if (cursor !== undefined && !/^\d{1,7}$/.test(cursor)) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'the cursor is not one that this server gave');
  }
  const all: ListResourcesResult['resources'] = kinds
    .filter((kind) => !isTemplate(kind))
    .map(({ name, title, description, mimeType, uri }) => ({ name, title, description, mimeType, uri }));
  const unlisted: { kind: string; why: string }[] = [];
  for (const kind of kinds) {
    try {
      for (const { variables, title, description } of (await kind.list?.(source)) ?? []) {
        const uri = uriOf(kind.uri, variables);
        const name = `${kind.name} ${Object.values(variables).join('/')}`;
        const { mimeType } = kind;
        all.push(clean({ uri, name, title, mimeType, ...(description !== undefined && { description }) }));
      }
    } catch (error) {
      // The others are listed all the same; of these it is said why they are not.
      const { message, hint, code } = explain(error);
      unlisted.push({ kind: kind.name, why: cleanText(`${message} (${code})\n${hint}`) });
    }
  }
  const from = Number(cursor ?? 0);
  const next = from + PAGE;
  return {
    resources: all.slice(from, next),
    ...(next < all.length && { nextCursor: String(next) }),
    ...(unlisted.length > 0 && { _meta: { 'ferry.run/unlisted': unlisted } }),
  };
}
