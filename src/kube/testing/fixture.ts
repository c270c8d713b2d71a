import type { ServerResponse } from 'node:http';
import { connectDirect, type DirectOptions } from '../connect.ts';
import { FakeServer, type FakeServerOptions } from './server.ts';
import { quickTiming } from './timing.ts';

const cleanups: (() => Promise<void> | void)[] = [];

/** Something to undo after the test. */
export function later(cleanup: () => Promise<void> | void): void {
  cleanups.push(cleanup);
}

/** For `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** A fake server and a client of it, whose pauses take no time. */
export async function start(options: FakeServerOptions = {}, direct: Partial<DirectOptions> = {}) {
  const server = await FakeServer.start(options);
  const timing = quickTiming();
  const client = connectDirect({ server: server.url, ...direct }, timing);
  later(() => server.kill());
  later(() => client.close());
  return { server, client, timing, store: server.store };
}

/** Answers the first requests with these, and then as usual. */
export function first(server: FakeServer, ...answers: ((response: ServerResponse) => void)[]): void {
  server.script = (_, response) => {
    const answer = answers.shift();
    answer?.(response);
    return answer !== undefined;
  };
}

export const hangUp = (response: ServerResponse): void => void response.socket?.destroy();

/** The error that a promise fails with. */
export const failed = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );

export const thing = { apiVersion: 'test.ferry.run/v1', kind: 'Thing', metadata: { name: 'a', namespace: 'default' } };
