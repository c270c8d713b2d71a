import type { Clock } from '../clock.ts';
import type { OwnPath, Subresource, VirtualResource, Webhook } from './extension.ts';
import type { KindTable } from './kind-table.ts';
import type { Rights } from './rbac/rights.ts';
import type { Store } from './store.ts';
import type { TokenBook } from './token-book.ts';

/** What every handler works with. */
export interface Api {
  store: Store;
  clock: Clock;
  kinds: KindTable;
  /** Its version, as /version and OpenAPI tell it. */
  kubernetes: string;
  webhooks: readonly Webhook[];
  subresources: readonly Subresource[];
  virtual: readonly VirtualResource[];
  paths: readonly OwnPath[];
  /** API groups that another server serves, and whether it does now. */
  aggregated: ReadonlyMap<string, () => boolean>;
  rights: Rights;
  tokens: TokenBook;
  /** See ApiServerOptions. */
  gracefulPods: boolean;
}
