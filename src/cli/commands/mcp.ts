import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { fileError, openCluster } from '../cluster.ts';
import { type Invocation, type Io, note } from '../context.ts';
import { type ConnectionFlags, connectionFlags, integer } from '../flags.ts';
import { version } from '../version.ts';

const toolsets = ['migration', 'primitives'] as const;

interface Flags extends ConnectionFlags {
  toolsets: (typeof toolsets)[number][];
  allowResources?: string[];
  allowWrites?: boolean;
  allowWriteResources?: string[];
  port?: number;
  tokenFile?: string;
  oauthIssuer?: string;
  oauthAudience?: string;
  auditFile?: string;
  printConfig?: 'mcpServers' | 'vscode' | true;
}

export function mcpCommand(program: Command, { io, run }: Invocation): void {
  const command = program
    .command('mcp')
    .description('Serve tools for AI agents over the Model Context Protocol. Only reads, unless --allow-writes.')
    .option('--toolsets <names>', `which tools: ${toolsets.join(', ')}`, toolsetNames, [...toolsets])
    .option(
      '--allow-resources <names>',
      'more resources that resources_get and _list may read: configmaps,x.example.com',
      names,
    )
    .option('--allow-writes', 'tools that change the cluster, too: each makes a proposal, which has to be confirmed')
    .option(
      '--allow-write-resources <names>',
      'with --allow-writes: more resources that resources_create_or_update may write',
      names,
    )
    .option(
      '--port <port>',
      'serve HTTP on this port of 127.0.0.1 instead of standard input and output',
      integer(0, 65535),
    )
    .option('--token-file <file>', 'with --port: the bearer token (default: a new one, printed once)')
    .option('--oauth-issuer <url>', 'with --port: take the tokens that this OAuth issuer gives out')
    .option('--oauth-audience <text>', 'whom its tokens must be for (default: the address of the server)')
    .option('--audit-file <file>', 'append a line for each call to this file (default: standard error)')
    .addOption(
      new Option('--print-config [form]', 'print what a client needs to be configured, and end').choices([
        'mcpServers',
        'vscode',
      ]),
    )
    .addHelpText(
      'after',
      `
A client starts it and talks to it over standard input and output. With --port it is a server of its own, for
clients that bear its token.

Examples:
  # What to put into the configuration of Claude, Cursor, Gemini CLI and most others; of VS Code
  ${io.name} mcp --print-config
  ${io.name} mcp --print-config vscode --kubeconfig ~/prod.kubeconfig

  # A server that several clients share
  ${io.name} mcp --port 8765 --token-file ~/.ferry-token --audit-file ~/ferry-audit.jsonl

  # The same, with tokens of the company's issuer that carry the scope ferry:read, or ferry:write as well
  ${io.name} mcp --port 8765 --oauth-issuer https://sso.example.com/realms/ops`,
    )
    .action((flags: Flags) => run(async () => await mcp(io, flags)));
  connectionFlags(command);
}

async function mcp(io: Io, flags: Flags): Promise<ExitCode> {
  const forPort = { '--token-file': flags.tokenFile, '--oauth-issuer': flags.oauthIssuer };
  for (const [name, value] of Object.entries(forPort)) {
    if (value === undefined || flags.port !== undefined) continue;
    throw new FerryError('FERRY_E_USAGE', `${name} is for --port`, 'Without --port the client is who starts it.');
  }
  if (flags.oauthAudience !== undefined && flags.oauthIssuer === undefined) {
    throw new FerryError('FERRY_E_USAGE', '--oauth-audience is for --oauth-issuer', 'Name the issuer, too.');
  }
  if (flags.printConfig !== undefined) return await printConfig(io, flags, flags.printConfig);
  const { serveMcp } = await import('../../mcp/serve.ts');
  const http = flags.port === undefined ? undefined : await httpOptions(io, flags.port, flags);
  try {
    await serveMcp({
      connect: () => openCluster(io, flags),
      version,
      toolsets: flags.toolsets,
      alsoAllowed: flags.allowResources ?? [],
      allowWrites: flags.allowWrites === true,
      alsoWritable: flags.allowWriteResources ?? [],
      stdin: io.stdin,
      stdout: io.stdout,
      stderr: io.stderr,
      signal: io.signal,
      ...(flags.auditFile !== undefined && { auditFile: flags.auditFile }),
      ...(http !== undefined && { http }),
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new FerryError(
        'FERRY_E_USAGE',
        `port ${flags.port} can't be used (${code})`,
        'Choose another --port; 0 takes any.',
      );
    }
    throw error;
  }
  return exit.ok;
}

async function httpOptions(io: Io, port: number, { tokenFile, oauthIssuer, oauthAudience }: Flags) {
  // With an issuer, a token of the server's own is there only if asked for.
  const made = (tokenFile ?? oauthIssuer) ? undefined : randomBytes(32).toString('base64url');
  const token = tokenFile === undefined ? made : await readToken(tokenFile);
  const listening = (url: string): void => {
    note(io, `serving MCP at ${url}`);
    if (made !== undefined) note(io, `bearer token, shown only now: ${made}`);
  };
  const audience = oauthAudience === undefined ? {} : { audience: oauthAudience };
  const oauth = oauthIssuer === undefined ? {} : { oauth: { issuer: oauthIssuer, ...audience } };
  return { port, ...(token !== undefined && { token }), ...oauth, listening };
}

async function readToken(file: string): Promise<string> {
  const { readFile, stat } = await import('node:fs/promises');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
    if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) {
      throw new FerryError('FERRY_E_FILE', `${file} can be read by others`, `Run: chmod 600 ${file}`);
    }
  } catch (error) {
    throw error instanceof FerryError ? error : fileError(file, error);
  }
  const token = text.trim();
  if (!/^[\x21-\x7e]{16,}$/.test(token)) {
    throw new FerryError(
      'FERRY_E_FILE',
      `${file} holds no token`,
      'Put 16 or more characters into it: openssl rand -hex 32.',
    );
  }
  return token;
}

async function printConfig(io: Io, flags: Flags, form: 'mcpServers' | 'vscode' | true): Promise<ExitCode> {
  const { clientConfig } = await import('../../mcp/client-config.ts');
  if (flags.port === 0) throw new FerryError('FERRY_E_USAGE', 'port 0 is another one each time', 'Name the port.');
  const [command = 'ferry', ...before] = io.self;
  const given = [
    ...(flags.kubeconfig === undefined ? [] : ['--kubeconfig', flags.kubeconfig]),
    ...(flags.context === undefined ? [] : ['--context', flags.context]),
    ...(flags.as === undefined ? [] : ['--as', flags.as]),
    ...(flags.asGroup ?? []).flatMap((group) => ['--as-group', group]),
    ...(flags.toolsets.length === toolsets.length ? [] : ['--toolsets', flags.toolsets.join(',')]),
    ...(flags.allowResources === undefined ? [] : ['--allow-resources', flags.allowResources.join(',')]),
    ...(flags.allowWrites === true ? ['--allow-writes'] : []),
    ...(flags.allowWriteResources === undefined
      ? []
      : ['--allow-write-resources', flags.allowWriteResources.join(',')]),
    ...(flags.auditFile === undefined ? [] : ['--audit-file', flags.auditFile]),
  ];
  const reach =
    flags.port === undefined
      ? { command, args: [...before, 'mcp', ...given] }
      : {
          url: `http://127.0.0.1:${flags.port}/mcp`,
          bears: flags.oauthIssuer === undefined || flags.tokenFile !== undefined,
        };
  io.stdout.write(`${JSON.stringify(clientConfig(reach, form === true ? 'mcpServers' : form), null, 2)}\n`);
  return exit.ok;
}

function names(text: string): string[] {
  return text.split(',').flatMap((each) => each.trim() || []);
}

function toolsetNames(text: string): (typeof toolsets)[number][] {
  const given = names(text);
  const unknown = given.find((each) => !toolsets.some((known) => known === each));
  if (unknown !== undefined || given.length === 0)
    throw new InvalidArgumentError(`Use ${toolsets.join(', ')}, or both.`);
  return toolsets.filter((each) => given.includes(each));
}
