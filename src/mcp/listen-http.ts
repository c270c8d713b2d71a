import { AsyncLocalStorage } from 'node:async_hooks';
import type { McpHandlerRequestOptions, ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';
import type { Service } from './call.ts';
import { identityOf } from './identity.ts';
import type { Knowledge } from './knowledge.ts';
import { listenIn, refusal, wishOf } from './listening.ts';
import type { Wish } from './subscriptions.ts';

interface Fetch {
  fetch(request: Request, options?: McpHandlerRequestOptions): Promise<Response>;
}

export interface ListeningOverHttp {
  bus: ServerEventBus;
  hearing(handler: Fetch): Fetch;
}

/**
 * How subscriptions/listen of protocol 2026-07-28 is heard over HTTP: the SDK answers it by itself and asks its bus for
 * all events, without saying which. So `hearing` notes what each request wants - and refuses it where that can't be
 * granted - and the bus, called within that request, passes on just that.
 */
export function listeningOverHttp(knowledge: Knowledge, service: Service): ListeningOverHttp {
  const wishes = new AsyncLocalStorage<Wish>();
  const bus: ServerEventBus = {
    // Nothing changes but resources, and those are told to each subscriber by itself.
    publish: () => undefined,
    subscribe: (listener) => {
      const tell = (event: ServerEvent): void => listener(event);
      return knowledge.subscriptions.add(wishes.getStore() ?? { uris: [], list: true }, {
        updated: (uri) => tell({ kind: 'resource_updated', uri }),
        listChanged: () => tell({ kind: 'resources_list_changed' }),
      });
    },
  };
  const hearing = (handler: Fetch): Fetch => ({
    async fetch(request, options) {
      // The header must be there and right, or the SDK refuses the request.
      if (request.headers.get('mcp-method') !== 'subscriptions/listen') return await handler.fetch(request, options);
      const body: unknown =
        options?.parsedBody ??
        (await request
          .clone()
          .json()
          .catch(() => undefined));
      const listen = listenIn(body);
      if (listen === undefined) return await handler.fetch(request, options);
      const identity = identityOf(options?.authInfo);
      const error = await refusal(listen, knowledge, service, { identity, transport: 'http', signal: request.signal });
      if (error !== undefined) return Response.json({ jsonrpc: '2.0', id: listen.id, error });
      return await wishes.run(wishOf(listen.params.notifications), () => handler.fetch(request, options));
    },
  });
  return { bus, hearing };
}
