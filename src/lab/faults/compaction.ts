import { fault } from './fault.ts';

/**
 * etcd's history is compacted, and watches are cut: those that last heard something before it resume with a
 * resourceVersion that is too old, and get 410; so do lists that continue from a page of before.
 */
export const compaction = fault({
  name: 'compaction',
  summary: 'the history of changes is compacted and watches are cut, so that resuming them gets 410',
  parameters: { every: 'optional' },
  start: ({ cluster, server }, { every }) => {
    const compact = (): void => {
      cluster.store.compact();
      server().cutWatches(() => true);
    };
    compact();
    if (every === undefined) return undefined;
    const timer = cluster.clock.every(every, compact);
    return () => timer.cancel();
  },
});
