// From the start of `ferry mcp` to its first answers, against Node doing nothing: medians of runs in turn, in this run;
// then memory over many calls.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const RUNS = 11;
const CALLS = 10_000;

export class Server {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, () => void>();
  #id = 0;

  constructor(kubeconfig: string, program: string, flags: readonly string[] = []) {
    this.child = spawn(process.execPath, [program, 'mcp', '--kubeconfig', kubeconfig, ...flags], { stdio: 'pipe' });
    this.child.stderr.resume();
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { id, error, result } = JSON.parse(line) as { id: number; error?: unknown; result?: { isError?: boolean } };
      // An error costs little: what it took would be no measure of a call.
      if (error !== undefined || result?.isError === true) throw new Error(line);
      this.#waiting.get(id)?.();
    });
  }

  ask(method: string, params: object): Promise<void> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, () => {
        this.#waiting.delete(id);
        resolve();
      });
      this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  async open(): Promise<void> {
    const clientInfo = { name: 'bench', version: '0' };
    await this.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    await this.ask('tools/list', {});
  }

  /** Resident memory in MiB; Linux only. */
  memory(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.stdin.end();
    });
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** Prints both medians, their ratio and the memory; whether the first answer came within 400 ms and memory stayed flat. */
export async function mcpStart(kubeconfig: string, program = 'dist/ferry.js'): Promise<boolean> {
  const first: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    const between = performance.now();
    const server = new Server(kubeconfig, program);
    await server.open();
    bare.push(between - started);
    first.push(performance.now() - between);
    await server.close();
  }
  console.log('ferry mcp: from its start to the list of tools, against node doing nothing');
  const ratio = median(first) / median(bare);
  console.log(`  ${median(first).toFixed(0)} ms and ${median(bare).toFixed(0)} ms: ratio ${ratio.toFixed(1)}`);
  const server = new Server(kubeconfig, program);
  await server.open();
  const calls = async (count: number): Promise<void> => {
    for (let call = 0; call < count; call++) await server.ask('tools/call', { name: 'nodes_top', arguments: {} });
  };
  // V8 lets the heap grow until it knows the load: it stood still from 16,000 calls on when it was watched for 36,000.
  await calls(2 * CALLS);
  const before = server.memory();
  await calls(CALLS);
  const after = server.memory();
  await server.close();
  console.log(
    `  memory after ${2 * CALLS} calls ${before.toFixed(0)} MiB, after ${CALLS} more ${after.toFixed(0)} MiB`,
  );
  return median(first) < 400 && after < before * 1.1;
}
