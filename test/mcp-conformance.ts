import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const PROGRAM = 'node_modules/@modelcontextprotocol/conformance/dist/index.js';

export interface Conformance {
  code: number | null;
  output: string;
  /** How many checks of each scenario held, where it ran several. */
  found: Record<string, { passed: number; failed: number }>;
  /** Each check of this run. */
  checks: { id: string; status: string }[];
}

/** Runs the official suite against a server; it writes into the folder. */
export async function conformance(url: string, folder: string, ...args: string[]): Promise<Conformance> {
  const results = mkdtempSync(join(folder, 'results-'));
  const all = [PROGRAM, 'server', '--url', url, '-o', results, ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const hear = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = output.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm);
  const found = Object.fromEntries(
    [...lines].map(([, name = '', passed, failed]) => [name, { passed: Number(passed), failed: Number(failed) }]),
  );
  const checks = readdirSync(results).flatMap(
    (scenario) => JSON.parse(readFileSync(join(results, scenario, 'checks.json'), 'utf8')) as Conformance['checks'],
  );
  return { code, output, found, checks };
}

/** The suite has no token to give: this passes its requests on, as they are, with one. */
export async function bearing(url: string, token: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const { port, pathname } = new URL(url);
  const front = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const path = incoming.url ?? pathname;
    const onward = request({ host: '127.0.0.1', port, path, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  };
  return { url: `http://127.0.0.1:${(front.address() as AddressInfo).port}${pathname}`, stop };
}
