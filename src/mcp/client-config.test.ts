import { expect, test } from 'vitest';
import { type ClientForm, clientConfig, type Reach } from './client-config.ts';

const program = { command: '/usr/bin/node', args: ['/opt/ferry.js', 'mcp'] };
const url = { url: 'http://127.0.0.1:8765/mcp' };

test.each<[Reach, ClientForm, object]>([
  [program, 'mcpServers', { mcpServers: { ferry: program } }],
  [program, 'vscode', { servers: { ferry: { type: 'stdio', ...program } } }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: clients put the variable in
  [
    { ...url, bears: true },
    'mcpServers',
    { mcpServers: { ferry: { type: 'http', ...url, headers: { Authorization: 'Bearer ${FERRY_MCP_TOKEN}' } } } },
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: clients put the variable in
  [
    { ...url, bears: true },
    'vscode',
    { servers: { ferry: { type: 'http', ...url, headers: { Authorization: 'Bearer ${env:FERRY_MCP_TOKEN}' } } } },
  ],
  [{ ...url, bears: false }, 'mcpServers', { mcpServers: { ferry: { type: 'http', ...url } } }],
])('%j as %s', (reach, form, snippet) => {
  expect(clientConfig(reach, form)).toEqual(snippet);
});
