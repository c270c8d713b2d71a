import { CLIENT_INFO_META_KEY } from '@modelcontextprotocol/server';

/** How the client calls itself in the `_meta` of a request (2026-07-28). */
export function clientIn(meta: object): string | undefined {
  return nameOf((meta as Record<string, unknown>)[CLIENT_INFO_META_KEY]);
}

/** `name/version` of what a client says of itself. */
export function nameOf(info: unknown): string | undefined {
  const { name, version } = (info ?? {}) as { name?: unknown; version?: unknown };
  return typeof name === 'string' ? `${name}/${typeof version === 'string' ? version : ''}` : undefined;
}
