import { fault } from './fault.ts';
import { frozenReads } from './replica.ts';

/**
 * One of several API servers no longer hears from etcd. Kubernetes lets it answer reads with resourceVersion=0 from
 * its cache, however old that is; a read that names a later resourceVersion gets 504 after a wait (Too large resource version).
 */
export const staleReads = fault({
  name: 'stale-reads',
  summary: 'lists and gets are answered from the state at the moment the fault began',
  parameters: { resource: 'optional', reads: { default: 'cached' } },
  start: ({ cluster, requests }, { resource, reads }) => {
    const frozen = frozenReads(cluster.store);
    return requests.add((request) => {
      if (request.verb !== 'get' && request.verb !== 'list') return undefined;
      if (resource !== undefined && request.resource !== resource) return undefined;
      const fromCache = (request.query.get('resourceVersion') ?? '') !== '';
      return reads === 'any' || fromCache ? { reads: frozen } : undefined;
    });
  },
});
