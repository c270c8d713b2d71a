import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** What a tool call answers: its text, and its structured content where it has some. */
export interface ToolResult {
  isError: boolean;
  text: string;
  structured: unknown;
}

/** A minimal MCP client over stdio (protocol 2025-11-25), for driving other people's servers in tests. */
export class McpClient {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (message: { result?: unknown; error?: { message: string } }) => void>();
  readonly #lines: Interface;
  #nextId = 1;

  constructor(command: string, args: string[], env: NodeJS.ProcessEnv) {
    this.#process = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stderr.resume();
    this.#lines = createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as { id?: number; result?: unknown; error?: { message: string } };
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    });
  }

  async initialize(): Promise<void> {
    await this.#request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'ferry-tests', version: '0' },
    });
    this.#send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  async call(name: string, args: Record<string, unknown>): Promise<ToolResult> {
    const result = (await this.#request('tools/call', { name, arguments: args })) as {
      isError?: boolean;
      content?: { text?: string }[];
      structuredContent?: unknown;
    };
    return {
      isError: result.isError ?? false,
      text: (result.content ?? []).map((part) => part.text ?? '').join('\n'),
      structured: result.structuredContent,
    };
  }

  async tools(): Promise<string[]> {
    const result = (await this.#request('tools/list', {})) as { tools: { name: string }[] };
    return result.tools.map((tool) => tool.name);
  }

  close(): void {
    // The npm wrapper of the server says goodbye on stdout, in words.
    this.#lines.removeAllListeners('line');
    this.#process.kill();
  }

  #request(method: string, params: unknown): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(error.message));
      });
      this.#send({ jsonrpc: '2.0', id, method, params });
    });
  }

  #send(message: unknown): void {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
