import type { Writable } from 'node:stream';
import type { DestinationStream } from 'pino';

/** What is kept of one call. */
export interface AuditRecord {
  /** The client, as it calls itself. */
  client: string;
  /** Who called, as it was proved: `local` over stdio, `token` with the server's own, or ISSUER#SUBJECT. */
  subject: string;
  transport: 'stdio' | 'http';
  tool: string;
  arguments: unknown;
  /** `asked`: the user was, and the call comes again; `failed`: what was asked for was tried, and did not succeed. */
  outcome: 'ok' | 'invalid' | 'error' | 'asked' | 'failed';
  /** Of an error: its code in Ferry's catalogue. */
  code?: string;
  ms: number;
}

export interface Audit {
  write(record: AuditRecord): void;
}

/** One JSON line a call, to stderr or to a file (mode 0600, written at once so that none is lost). */
export async function openAudit(stderr: Writable, file?: string): Promise<Audit> {
  // Of a CommonJS module the bundle gives the default export only.
  const { default: pino } = await import('pino');
  const stream: DestinationStream =
    file === undefined ? stderr : pino.destination({ dest: file, sync: true, mkdir: true, mode: 0o600 });
  const logger = pino({ base: null, messageKey: 'event', timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return { write: (record) => logger.info(record, 'mcp call') };
}
