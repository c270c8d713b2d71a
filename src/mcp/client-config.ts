/** Whose configuration can be printed, by the form that clients take. */
export type ClientForm = 'mcpServers' | 'vscode';

/**
 * How a client reaches the server: a program that it starts, or an address, where it bears the server's token, or gets
 * one from the issuer that the server names.
 */
export type Reach = { command: string; args: readonly string[] } | { url: string; bears: boolean };

/**
 * The snippet for a client's configuration. `mcpServers`: Claude, Cursor, Windsurf, Gemini CLI and most others;
 * `vscode`: .vscode/mcp.json. The token is never in it: the client takes it from the environment.
 */
export function clientConfig(reach: Reach, form: ClientForm): object {
  const headers = { Authorization: `Bearer \${${form === 'vscode' ? 'env:' : ''}FERRY_MCP_TOKEN}` };
  const server =
    'url' in reach
      ? { type: 'http', url: reach.url, ...(reach.bears && { headers }) }
      : { ...(form === 'vscode' && { type: 'stdio' }), command: reach.command, args: reach.args };
  return form === 'vscode' ? { servers: { ferry: server } } : { mcpServers: { ferry: server } };
}
