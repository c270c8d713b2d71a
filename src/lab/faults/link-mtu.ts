import { fault } from './fault.ts';
import { directions, ends } from './links.ts';

/** A switch port that carries smaller frames than the nodes send: small packets get through, full ones vanish. */
export const linkMtu = fault({
  name: 'link-mtu',
  summary: 'frames of migrations that are larger are lost: connections come about, and nothing is copied',
  parameters: { ...ends, mtu: { default: '1400' } },
  start: ({ network }, { mtu, ...given }) => {
    const stops = directions(given).map((concerns) => network.impair({ concerns, mtu }));
    return () => {
      for (const stop of stops) stop();
    };
  },
});
