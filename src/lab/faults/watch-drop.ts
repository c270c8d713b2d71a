import { fault } from './fault.ts';

/** Connections of watches break, as behind a load balancer that is reconfigured. */
export const watchDrop = fault({
  name: 'watch-drop',
  summary: 'the connections of watches are cut, once or again and again',
  parameters: { resource: 'optional', every: 'optional' },
  start: ({ cluster, server }, { resource, every }) => {
    const cut = (): void => server().cutWatches((watch) => resource === undefined || watch.resource === resource);
    cut();
    if (every === undefined) return undefined;
    const timer = cluster.clock.every(every, cut);
    return () => timer.cancel();
  },
});
