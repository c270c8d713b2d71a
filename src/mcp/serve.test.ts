import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { serveMcp } from './serve.ts';

function overStdio() {
  const [stdin, stdout, end] = [new PassThrough(), new PassThrough(), new AbortController()];
  const lines: string[] = [];
  stdout.on('data', (chunk) => lines.push(...String(chunk).trim().split('\n')));
  const served = serveMcp({
    connect: () => Promise.reject(new Error('no cluster')),
    version: '0',
    toolsets: ['migration'],
    alsoAllowed: [],
    stdin,
    stdout,
    stderr: new PassThrough(),
    signal: end.signal,
  });
  return { stdin, lines, end, served };
}

const clientInfo = { name: 'test', version: '0' };
const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
const HELLO = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`;

test('lines that are no messages are passed over, and a message may come in pieces', async () => {
  const { stdin, lines, served } = overStdio();
  stdin.write('\n\nnot json\n{"jsonrpc":"2.0"\n');
  stdin.write(Buffer.from([0xff, 0xfe, 0x80, 0x0a]));
  stdin.write(HELLO.slice(0, 30));
  stdin.write(HELLO.slice(30));
  await expect.poll(() => lines).toEqual([expect.stringContaining('"protocolVersion":"2025-11-25"')]);
  stdin.end();
  await served;
});

test('a message without end ends the server, which says why', async () => {
  const { stdin, lines, served } = overStdio();
  stdin.write(HELLO);
  await expect.poll(() => lines).toHaveLength(1);
  stdin.write('a'.repeat(2 ** 20 + 1));
  await expect(served).rejects.toMatchObject({ code: 'FERRY_E_USAGE', message: expect.stringContaining('1 MiB') });
});

test('the signal ends it', async () => {
  const { end, served } = overStdio();
  end.abort();
  await served;
});
