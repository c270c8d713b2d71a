import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { answering } from './answering.ts';
import type { Knowledge, Wiring } from './knowledge.ts';

/** URIs that one connection may be subscribed to. */
const MOST = 100;

/**
 * resources/subscribe of protocol 2025-11-25, on one connection. That the list has changed is told to whoever subscribes
 * to anything; the protocol has no word for wanting it. (What 2026-07-28 has instead: listen-stdio.ts, listen-http.ts.)
 */
export function serveSubscriptions(server: McpServer, knowledge: Knowledge, wiring: Wiring): void {
  const { subscriptions, tools } = knowledge;
  const open = new Map<string, () => void>();
  const updated = (uri: string): void => void server.server.sendResourceUpdated({ uri }).catch(() => undefined);
  const listChanged = (): void => void server.server.sendResourceListChanged().catch(() => undefined);
  const silent = { updated: () => undefined, listChanged: () => undefined };
  let endList: (() => void) | undefined;

  server.server.setRequestHandler('resources/subscribe', async ({ params: { uri } }, context) => {
    const asked = { method: 'resources/subscribe', given: { uri }, needs: [] };
    return await answering(asked, wiring.service, wiring.callerOf(context), tools, async ({ signal }) => {
      if (open.size >= MOST)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `more than ${MOST} subscriptions`);
      await subscriptions.admit({ uris: [uri], list: false }, signal);
      endList ??= subscriptions.add({ uris: [], list: true }, { ...silent, listChanged });
      if (!open.has(uri)) open.set(uri, subscriptions.add({ uris: [uri], list: false }, { ...silent, updated }));
      return {};
    });
  });
  server.server.setRequestHandler('resources/unsubscribe', async ({ params: { uri } }, context) => {
    const asked = { method: 'resources/unsubscribe', given: { uri }, needs: [] };
    return await answering(asked, wiring.service, wiring.callerOf(context), tools, () => {
      open.get(uri)?.();
      open.delete(uri);
      if (open.size === 0) endAll();
      return Promise.resolve({});
    });
  });
  const endAll = (): void => {
    for (const end of open.values()) end();
    open.clear();
    endList?.();
    endList = undefined;
  };
  const before = server.server.onclose;
  Object.assign(server.server, {
    onclose: () => {
      endAll();
      before?.();
    },
  });
}
