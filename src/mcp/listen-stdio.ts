import {
  type JSONRPCMessage,
  type MessageExtraInfo,
  SUBSCRIPTION_ID_META_KEY,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Service } from './call.ts';
import { starter } from './identity.ts';
import type { Knowledge } from './knowledge.ts';
import { listenIn, refusal, subscriberOf, wishOf } from './listening.ts';

/**
 * A transport over which subscriptions/listen of protocol 2026-07-28 is heard: the SDK answers it by itself, without
 * telling the server who wants what. So requests are looked at as they come in - refused, where they can't be granted -
 * and the subscription begins when the SDK's acknowledgement goes out, and ends with its cancellation or the connection.
 */
export function withListening(inner: Transport, knowledge: Knowledge, service: Service): Transport {
  /** Those that are not yet acknowledged; false: cancelled meanwhile. */
  const asked = new Map<unknown, boolean>();
  const open = new Map<unknown, () => void>();
  const closed = new AbortController();
  const outer: Transport = {
    start: () => inner.start(),
    close: () => inner.close(),
    async send(message, options) {
      const { method, params } = message as { method?: string; params?: Acknowledged };
      await inner.send(message, options);
      if (method !== 'notifications/subscriptions/acknowledged' || params === undefined) return;
      const id = params._meta?.[SUBSCRIPTION_ID_META_KEY];
      const meta = { [SUBSCRIPTION_ID_META_KEY]: id };
      const tell = (told: string, more: Record<string, unknown>): void => {
        const notification = { jsonrpc: '2.0' as const, method: told, params: { ...more, _meta: meta } };
        inner.send(notification).catch(() => undefined);
      };
      if (!closed.signal.aborted)
        open.set(id, knowledge.subscriptions.add(wishOf(params.notifications ?? {}), subscriberOf(tell)));
    },
  };
  Object.assign(inner, {
    onmessage: (message: JSONRPCMessage, extra?: MessageExtraInfo) => {
      hear(message).then(
        (passes) => {
          if (passes) outer.onmessage?.(message, extra);
        },
        (error: unknown) => outer.onerror?.(error as Error),
      );
    },
    onerror: (error: Error) => outer.onerror?.(error),
    onclose: () => {
      closed.abort();
      for (const end of open.values()) end();
      open.clear();
      outer.onclose?.();
    },
  });

  /** Whether the SDK is to see the message. */
  async function hear(message: JSONRPCMessage): Promise<boolean> {
    const { method, params } = message as { method?: string; params?: { requestId?: unknown } };
    if (method === 'notifications/cancelled') {
      const id = params?.requestId;
      if (asked.has(id)) asked.set(id, false);
      open.get(id)?.();
      open.delete(id);
      return true;
    }
    const listen = listenIn(message);
    if (listen === undefined) return true;
    asked.set(listen.id, true);
    const error = await refusal(listen, knowledge, service, {
      identity: starter,
      transport: 'stdio',
      signal: closed.signal,
    });
    const stillWanted = asked.get(listen.id) === true;
    asked.delete(listen.id);
    if (error === undefined || !stillWanted) return stillWanted;
    await inner.send({ jsonrpc: '2.0', id: listen.id, error });
    return false;
  }
  return outer;
}

interface Acknowledged {
  _meta?: Record<string, unknown>;
  notifications?: object;
}
