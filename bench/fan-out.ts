// How long an update takes to reach 1,000 streams, one update after the other: raw TLS sockets, so that the client costs the same for both.
import { connect, type TLSSocket } from 'node:tls';

const WATCHERS = 1_000;
/** The end of a line of JSON: one an event. */
const END = '}\n';

async function open(port: number, hello: string, arrived: () => void): Promise<TLSSocket> {
  // The certificate is the bench's own; who is there is not what is measured.
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', () => socket.write(hello));
    // The answer's head, or the plain server's first line.
    socket.once('data', () => resolve());
  });
  socket.on('data', (chunk: Buffer) => {
    if (chunk.includes(END)) arrived();
  });
  return socket;
}

/**
 * Opens 1,000 streams with `hello`, then has `update` make `updates` changes, each when the one before has reached
 * everybody. Returns the delays from the beginning of an update to its arrival, ms, of all arrivals.
 */
export async function fanOut(
  port: number,
  hello: string,
  updates: number,
  update: (index: number) => Promise<unknown>,
): Promise<Float64Array> {
  const delays = new Float64Array(updates * WATCHERS);
  let count = 0;
  let begun = 0;
  let complete = (): void => undefined;
  const arrived = (): void => {
    delays[count++] = performance.now() - begun;
    if (count % WATCHERS === 0) complete();
  };
  const sockets: TLSSocket[] = [];
  for (let index = 0; index < WATCHERS; index++) sockets.push(await open(port, hello, arrived));
  for (let index = 0; index < updates; index++) {
    const everybody = new Promise<void>((resolve) => {
      complete = resolve;
    });
    begun = performance.now();
    await Promise.all([update(index), everybody]);
  }
  for (const socket of sockets) socket.destroy();
  return delays;
}

export function median(values: Float64Array): number {
  return values.toSorted()[Math.floor(values.length / 2)] as number;
}
