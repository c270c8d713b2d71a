import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './testing/run.ts';

// The flags of `ferry mcp`; what it serves is tested in test/mcp*.e2e.test.ts.

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-cli-'));
  writeFileSync(join(folder, 'good'), `${'x'.repeat(32)}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'short'), 'x\n', { mode: 0o600 });
  writeFileSync(join(folder, 'open'), 'x'.repeat(32));
  chmodSync(join(folder, 'open'), 0o644);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const self = ['/usr/bin/node', '/opt/ferry.js'];

describe('--print-config', () => {
  test.each<[string[], object]>([
    [[], { mcpServers: { ferry: { command: '/usr/bin/node', args: ['/opt/ferry.js', 'mcp'] } } }],
    [
      ['vscode', '--context', 'prod', '--toolsets', 'migration'],
      {
        servers: {
          ferry: {
            type: 'stdio',
            command: '/usr/bin/node',
            args: ['/opt/ferry.js', 'mcp', '--context', 'prod', '--toolsets', 'migration'],
          },
        },
      },
    ],
    [['mcpServers', '--port', '8765'], { mcpServers: { ferry: { type: 'http', url: 'http://127.0.0.1:8765/mcp' } } }],
    [
      ['vscode', '--port', '8765', '--oauth-issuer', 'https://sso.example'],
      { servers: { ferry: { type: 'http', url: 'http://127.0.0.1:8765/mcp' } } },
    ],
  ])('%j', async (argv, expected) => {
    const ran = await run(['mcp', '--print-config', ...argv], { self });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject(expected);
  });
});

describe('refused', () => {
  test.each<[string, () => string[], string]>([
    ['a toolset that is not there', () => ['--toolsets', 'migration,foo'], 'Use migration, primitives, or both'],
    ['a token file without a port', () => ['--token-file', join(folder, 'good')], '--token-file is for --port'],
    ['an issuer without a port', () => ['--oauth-issuer', 'https://sso.example'], '--oauth-issuer is for --port'],
    ['an audience without an issuer', () => ['--port', '0', '--oauth-audience', 'x'], '--oauth-audience is for'],
    ['an issuer without TLS', () => ['--port', '0', '--oauth-issuer', 'http://sso.example'], 'is no https address'],
    ['a token that is too short', () => ['--port', '0', '--token-file', join(folder, 'short')], 'holds no token'],
    [
      'a token that others can read',
      () => ['--port', '0', '--token-file', join(folder, 'open')],
      'can be read by others',
    ],
    ['a token file that is not there', () => ['--port', '0', '--token-file', join(folder, 'no')], 'does not exist'],
    ['a port out of range', () => ['--port', '70000'], 'whole number from 0 to 65535'],
    ['port 0 in a configuration', () => ['--print-config', '--port', '0'], 'port 0 is another one each time'],
  ])('%s', async (_, argv, message) => {
    const ran = await run(['mcp', ...argv()]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });
});

test('without a token file, a new token is shown once, on stderr, and it serves until interrupted', async () => {
  const end = new AbortController();
  const onOutput = (text: string): void => {
    if (text.includes('bearer token')) end.abort();
  };
  const first = await run(['mcp', '--port', '0'], { signal: end.signal, onOutput });
  expect(first).toMatchObject({ code: 0, stdout: '' });
  expect(first.stderr).toMatch(
    /serving MCP at http:\/\/127\.0\.0\.1:\d+\/mcp\nbearer token, shown only now: [\w-]{43}\n/,
  );
});

test('a token from a file is not shown', async () => {
  const end = new AbortController();
  const onOutput = (text: string): void => {
    if (text.includes('serving')) setTimeout(() => end.abort(), 10);
  };
  const ran = await run(['mcp', '--port', '0', '--token-file', join(folder, 'good')], { signal: end.signal, onOutput });
  expect(ran.code).toBe(0);
  expect(ran.stderr).not.toContain('xxxx');
});
