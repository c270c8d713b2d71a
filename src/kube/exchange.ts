import type { Agent, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CancelledError, ConnectionError, KubeError, TimeoutError } from './errors.ts';
import { connectionFailure } from './failures.ts';

export interface Outgoing {
  method: string;
  url: URL;
  headers: OutgoingHttpHeaders;
  body?: string | undefined;
  agent: Agent;
  signal?: AbortSignal | undefined;
  /** Milliseconds until the answer must be complete; 0: no limit. */
  timeout: number;
}

/** An answer whose body is still to come. */
export interface Opened {
  response: IncomingMessage;
  /** The time limit no longer holds; for bodies that are meant to last. */
  unlimit: () => void;
  /** Frees the connection; a body that was not read to its end closes it. */
  close: () => void;
  /** The typed error for what reading the body threw. */
  explain: (error: unknown) => KubeError;
}

const unzip = promisify(gunzip);

/** Sends one HTTP request, once; resolves when the headers of the answer are there. Throws KubeError. */
export function open({ method, url, headers, body, agent, signal, timeout }: Outgoing): Promise<Opened> {
  const server = url.origin;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new CancelledError('cancelled'));
      return;
    }
    // Why this side gave up, if it did: node then reports only that the socket closed.
    let given: KubeError | undefined;
    let connected = false;
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const request = send(url, { method, headers, agent });
    const explain = (error: unknown): KubeError =>
      given ?? (error instanceof KubeError ? error : connectionFailure(error, server, connected));
    const giveUp = (error: KubeError): void => {
      given ??= error;
      request.destroy(error);
    };
    const cancel = (): void => giveUp(new CancelledError('cancelled'));
    const timer =
      timeout === 0
        ? undefined
        : setTimeout(() => giveUp(new TimeoutError(`${server} did not answer within ${timeout} ms`, timeout)), timeout);
    const unlimit = (): void => clearTimeout(timer);
    signal?.addEventListener('abort', cancel, { once: true });
    // 'close' of the request comes last of all, after the body.
    request.on('close', () => {
      unlimit();
      signal?.removeEventListener('abort', cancel);
    });
    request.on('error', (error) => reject(explain(error)));
    request.on('socket', (socket) => {
      // Long silences are normal for watches; TCP itself must notice a peer that is gone.
      socket.setKeepAlive(true, 30_000);
      if (request.reusedSocket) connected = true;
      else socket.once(url.protocol === 'http:' ? 'connect' : 'secureConnect', () => (connected = true));
    });
    request.on('response', (response) => {
      // An error of the body may come before anyone reads it; the reader sees it again.
      response.on('error', () => undefined);
      resolve({ response, unlimit, close: () => request.destroy(), explain });
    });
    request.end(body);
  });
}

/** The whole body as text. Throws KubeError. */
export async function readText({ response, explain }: Opened): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw explain(error);
  }
  const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  if (response.headers['content-encoding'] !== 'gzip') return bytes.toString();
  try {
    return (await unzip(bytes)).toString();
  } catch {
    throw new ConnectionError('the answer could not be decompressed', 'MALFORMED', true);
  }
}
