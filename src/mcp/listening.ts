import { ProtocolError } from '@modelcontextprotocol/server';
import { answering } from './answering.ts';
import type { Caller, Service } from './call.ts';
import { clientIn } from './client-name.ts';
import type { Knowledge } from './knowledge.ts';
import type { Subscriber, Wish } from './subscriptions.ts';

/** A request for subscriptions/listen (2026-07-28), as it came over the wire. */
export interface Listen {
  id: string | number;
  params: { _meta?: object; notifications: object };
}

/** A message that is such a request; anything else is left to the SDK to answer or refuse. */
export function listenIn(message: unknown): Listen | undefined {
  const { method, id, params } = (message ?? {}) as {
    method?: unknown;
    id?: unknown;
    params?: Partial<Listen['params']>;
  };
  if (method !== 'subscriptions/listen' || (typeof id !== 'string' && typeof id !== 'number')) return undefined;
  if (typeof params?.notifications !== 'object' || params.notifications === null) return undefined;
  return { id, params: params as Listen['params'] };
}

/** What it wants to hear of; tools and prompts never change while the server runs. */
export function wishOf(notifications: object): Wish {
  const { resourceSubscriptions: uris, resourcesListChanged } = notifications as Record<string, unknown>;
  const isText = (uri: unknown): uri is string => typeof uri === 'string';
  return { uris: Array.isArray(uris) ? uris.filter(isText) : [], list: resourcesListChanged === true };
}

/** The error that refuses it, or undefined if it is granted. Either way there is an audit line. */
export async function refusal(
  { params }: Listen,
  { subscriptions, tools }: Knowledge,
  service: Service,
  caller: Pick<Caller, 'identity' | 'transport' | 'signal'>,
): Promise<{ code: number; message: string; data?: unknown } | undefined> {
  const wish = wishOf(params.notifications);
  const named = {
    ...caller,
    client: clientIn(params._meta ?? {}) ?? 'unknown',
  };
  const asked = { method: 'subscriptions/listen', given: wish, needs: [] };
  try {
    await answering(asked, service, named, tools, ({ signal }) => subscriptions.admit(wish, signal));
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { code, message, data } = error;
    return { code, message, data };
  }
}

/** Tells a subscriber by notifications of the protocol. */
export function subscriberOf(tell: (method: string, params: Record<string, unknown>) => void): Subscriber {
  return {
    updated: (uri) => tell('notifications/resources/updated', { uri }),
    listChanged: () => tell('notifications/resources/list_changed', {}),
  };
}
