import { fault } from './fault.ts';
import { directions, ends } from './links.ts';

/** Connections that are open already are left alone, as a firewall that keeps track of them does. */
export const firewall = fault({
  name: 'firewall',
  summary: 'new connections of migrations are dropped or rejected: those that begin fail after 127 s, or at once',
  parameters: { ...ends, how: { default: 'drop' } },
  start: ({ cluster }, { how, ...given }) => {
    const { firewalls } = cluster.broken;
    const concerned = directions(given);
    const rule: Parameters<typeof firewalls.add>[0] = (way) =>
      concerned.some((concerns) => concerns(way)) ? how : undefined;
    firewalls.add(rule);
    return () => void firewalls.delete(rule);
  },
});
