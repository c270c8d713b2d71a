import type { KubeClient } from '../../kube/types.ts';
import { ProposalStore } from '../../propose/store.ts';
import type { Caller, Service } from '../call.ts';
import { starter } from '../identity.ts';
import { tools } from '../tools/index.ts';

/** A service on one client that keeps no audit. */
export function testService(client: () => Promise<KubeClient>): Service {
  return {
    client,
    allowed: () => true,
    writable: () => true,
    tools: new Set(tools.map(({ name }) => name)),
    proposals: new ProposalStore(new AbortController().signal),
    audit: () => Promise.resolve({ write: () => undefined }),
  };
}

/** A caller over stdio whose user can't be asked. */
export function testCaller(): Caller {
  return {
    client: 'test',
    identity: starter,
    transport: 'stdio',
    signal: new AbortController().signal,
    user: { canBeAsked: false, answer: () => undefined },
    progress: () => undefined,
    ask: () => Promise.reject(new Error('nobody can be asked')),
  };
}
