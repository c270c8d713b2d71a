import { fault } from './fault.ts';

/** Real ms between the fault and the end of connections: time for the answer to who asked for it. */
const GRACE = 50;

/** The API server goes away and comes back as itself: same port, certificates and tokens, and the state of before. */
export const apiRestart = fault({
  name: 'api-restart',
  summary: 'the API server is restarted: connections dropped, the port refused meanwhile, its state kept',
  parameters: {},
  lasts: '5s',
  start: ({ cluster, server }) => {
    const port = Number(new URL(server().url).port);
    const failed = (error: unknown): void =>
      void cluster.faults.push(error instanceof Error ? error : new Error(String(error)));
    let state = new Promise<void>((resolve) => setTimeout(resolve, GRACE)).then(() => server().close());
    state.catch(failed);
    return () => {
      state = state.then(async () => void (await server().listen(port)));
      state.catch(failed);
    };
  },
});
