import type { Clock } from '../clock.ts';
import type { Authorize } from './authorization.ts';
import type { OwnPath, Subresource, VirtualResource, Webhook } from './extension.ts';
import type { KindTable } from './kind-table.ts';
import type { Store } from './store.ts';

/** What every handler works with. */
export interface Api {
  store: Store;
  clock: Clock;
  kinds: KindTable;
  webhooks: readonly Webhook[];
  subresources: readonly Subresource[];
  virtual: readonly VirtualResource[];
  paths: readonly OwnPath[];
  authorize: Authorize;
  /** See ApiServerOptions. */
  gracefulPods: boolean;
}
