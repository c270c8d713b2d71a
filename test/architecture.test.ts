import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

// The house (design.md): a room may import itself and the rooms below it. The lab stands beside the others.
const floors = [
  'cli',
  'mcp',
  'web',
  'controller',
  'propose',
  'execute',
  'plan',
  'predict',
  'assess',
  'settings',
  'network',
  'diagnose',
  'cluster',
  'physics',
  'model',
  'kube',
];
const faces = new Set(['cli', 'mcp', 'web', 'controller']);
/**
 * The command line is how the other faces are started, as it is for the lab: these commands, and nothing else, may
 * import the one file that starts a face, and hand it what it needs (a connection, streams, a signal).
 */
const starts: Record<string, string[]> = { 'cli/commands/mcp.ts': ['mcp/serve.ts', 'mcp/client-config.ts'] };
const labImports = new Set(['lab', 'model', 'physics']);
/** The only files outside the lab that may import it. */
const labUsers = ['cli/commands/lab.ts', 'cli/commands/demo.ts', 'cli/commands/rehearse.ts', 'cli/lab/', 'cli/demo/'];

/** Why `file` may not import `target` (both relative to src/), or undefined if it may. */
function objection(file: string, target: string): string | undefined {
  const from = file.split('/')[0] as string;
  const to = target.split('/')[0] as string;
  if (from === to) return undefined;
  if (from === 'lab') return labImports.has(to) ? undefined : `the lab imports model/ and physics/ only, not ${to}/`;
  if (to === 'lab')
    return labUsers.some((user) => file.startsWith(user))
      ? undefined
      : 'only the lab, demo and rehearse commands import the lab';
  if (!floors.includes(from)) return `${from}/ is not a room of the house`;
  if (!floors.includes(to)) return `${to}/ is not a room of the house`;
  if (starts[file]?.includes(target) === true) return undefined;
  if (faces.has(from) && faces.has(to)) return 'a face does not import another face';
  return floors.indexOf(to) > floors.indexOf(from) ? undefined : `${from}/ imports ${to}/, which is above it`;
}

/** Targets of relative imports (static, dynamic, re-exports), relative to src/. */
function importsOf(file: string, source: string): string[] {
  const found = source.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g);
  return [...found].map((match) => join(file, '..', match[1] as string));
}

function violations(files: Iterable<{ file: string; source: string }>): string[] {
  const all: string[] = [];
  for (const { file, source } of files) {
    for (const target of importsOf(file, source)) {
      const why = objection(file, target);
      if (why !== undefined) all.push(`${file} -> ${target}: ${why}`);
    }
  }
  return all;
}

function* sources(): Iterable<{ file: string; source: string }> {
  for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    yield { file: relative('src', path), source: readFileSync(path, 'utf8') };
  }
}

describe('arrows point down', () => {
  test('no room imports a room above it', () => {
    const files = [...sources()];
    expect(files.length).toBeGreaterThan(5);
    expect(violations(files)).toEqual([]);
  });

  test.each([
    ['assess/check.ts', "import { move } from '../execute/move.ts';", 'above'],
    ['kube/client.ts', "import type { Snapshot } from '../model/snapshot.ts';", 'above'],
    ['cli/main.ts', "export { x } from '../mcp/server.ts';", 'another face'],
    ['cli/commands/mcp.ts', "import { call } from '../../mcp/call.ts';", 'another face'],
    ['mcp/serve.ts', "import { openCluster } from '../cli/cluster.ts';", 'another face'],
    ['execute/move.ts', "const lab = await import('../lab/lab.ts');", 'only the lab'],
    ['lab/controllers/vm.ts', "import { connect } from '../../kube/connect.ts';", 'model/ and physics/ only'],
    ['misc/x.ts', "import { y } from '../model/y.ts';", 'not a room'],
  ])('the rule catches %s with %s', (file, source, why) => {
    expect(violations([{ file, source }])).toEqual([expect.stringContaining(why)]);
  });

  test.each([
    ['cli/commands/check.ts', "import { assess } from '../../assess/assess.ts';"],
    ['cli/commands/lab.ts', "await import('../../lab/lab.ts');"],
    ['cli/commands/mcp.ts', "await import('../../mcp/serve.ts');"],
    ['lab/controllers/vm.ts', "import type { Node } from '../../model/objects.ts';"],
    ['model/snapshot.ts', "import { type Node } from './objects.ts'; import 'node:fs';"],
  ])('the rule lets %s with %s pass', (file, source) => {
    expect(violations([{ file, source }])).toEqual([]);
  });
});
