import type { ServerContext } from '@modelcontextprotocol/server';
import type { Caller, Service } from './call.ts';
import type { Prompt } from './prompt.ts';
import type { ResourceKind } from './resource.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What a server offers besides tools. */
export interface Knowledge {
  kinds: readonly ResourceKind[];
  prompts: readonly Prompt[];
  subscriptions: Subscriptions;
  /** Names of the tools that are served beside it. */
  tools: ReadonlySet<string>;
}

/** How its requests reach the cluster and the audit. */
export interface Wiring {
  service: Service;
  callerOf: (context: ServerContext) => Caller;
}
