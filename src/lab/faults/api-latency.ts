import { fault } from './fault.ts';
import { picker, which } from './requests.ts';

/** A slow API server. The delay is lab time, like everything that happens in the lab. */
export const apiLatency = fault({
  name: 'api-latency',
  summary: 'requests wait before they are handled',
  parameters: { ...which, delay: { default: '1s' } },
  start: ({ cluster, requests }, given, { random }) => {
    const befalls = picker(given, random);
    const waiting = new Set<() => void>();
    const stop = requests.add((request) => {
      if (!befalls(request)) return undefined;
      const wait = new Promise<void>((resolve) => {
        const go = (): void => {
          waiting.delete(go);
          resolve();
        };
        waiting.add(go);
        cluster.clock.after(given.delay, go, { background: true });
      });
      return { wait };
    });
    return () => {
      stop();
      for (const go of waiting) go();
    };
  },
});
