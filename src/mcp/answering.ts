import { ProtocolError } from '@modelcontextprotocol/server';
import { type Need, tellingAllMissing } from '../cluster/rights.ts';
import { type Caller, record, type Service } from './call.ts';
import { limited } from './limit.ts';
import { protocolError } from './protocol-error.ts';
import type { Source } from './resource.ts';

/** What one request asks for. */
export interface Asked {
  /** `resources/read`, as the audit line has it. */
  method: string;
  given: unknown;
  needs: readonly Need[];
  namespace?: string | undefined;
  uri?: string;
}

/**
 * Does for requests for resources and prompts what `call` does for tools: ends what takes too long, tells errors in
 * Ferry's words with the missing rule, and writes one audit line.
 */
export async function answering<T>(
  { method, given, needs, namespace, uri }: Asked,
  service: Service,
  caller: Pick<Caller, 'client' | 'identity' | 'transport' | 'signal'>,
  tools: ReadonlySet<string>,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const kept = { tool: method, given, began: performance.now() };
  try {
    const done = await limited(caller.signal, async (signal) => {
      const source = sourceOf(service, { signal, owner: caller.identity.subject }, tools);
      if (needs.length === 0) return await work(source);
      return await tellingAllMissing(await source.client(), namespace, needs, () => work(source));
    });
    await record(service, caller, { ...kept, outcome: 'ok' });
    return done;
  } catch (thrown) {
    // The SDK's own errors are about the request.
    if (thrown instanceof ProtocolError) {
      await record(service, caller, { ...kept, outcome: 'invalid' });
      throw thrown;
    }
    const { code, error } = protocolError(thrown, uri);
    const outcome = code === 'FERRY_E_USAGE' ? 'invalid' : 'error';
    await record(service, caller, { ...kept, outcome, code });
    throw error;
  }
}

/** `owner`: whose proposals are seen. */
export function sourceOf(
  service: Service,
  { signal, owner }: Pick<Source, 'signal' | 'owner'>,
  tools: ReadonlySet<string>,
): Source {
  const { allowed, proposals } = service;
  return { client: () => service.client(), allowed, proposals, owner, signal, tools };
}
