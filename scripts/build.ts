// Bundles the command line into dist/ (or the directory that is named): one program in chunks that load when needed,
// and two tiny entries.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const dist = resolve(root, process.argv[2] ?? 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const result = await build({
  entryPoints: { main: 'src/cli/main.ts' },
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  minifyWhitespace: true,
  // Its build of ES modules: of the CommonJS one, a dynamic import would find the default export only.
  alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  // Stack traces and class names stay readable.
  minifyIdentifiers: false,
  keepNames: false,
  legalComments: 'none',
  // Packages that are still CommonJS call require; ES modules have none.
  banner: {
    js: `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);`,
  },
  define: { FERRY_VERSION: JSON.stringify(version) },
  metafile: true,
  logLevel: 'warning',
});

// The entry must parse on any Node that knows ES modules, to say which one is needed.
const entry = `#!/usr/bin/env node
var major = Number(process.versions.node.split('.')[0]);
if (major < 22) {
  process.stderr.write('error: ferry needs Node.js 22 or newer, this is ' + process.versions.node + ' (FERRY_E_USAGE)\\n');
  process.exitCode = 2;
} else {
  import('./main.js');
}
`;
const kubectlEntry = `#!/usr/bin/env node
import './ferry.js';
`;
for (const [name, text] of Object.entries({ 'ferry.js': entry, 'kubectl-ferry.js': kubectlEntry })) {
  writeFileSync(join(dist, name), text);
  chmodSync(join(dist, name), 0o755);
}

// npm links the programs of dependencies, not those of the package itself; with the links, `npx ferry` finds its own.
const bin = join(root, 'node_modules/.bin');
if (dist === join(root, 'dist') && existsSync(bin)) {
  for (const name of ['ferry', 'kubectl-ferry']) {
    rmSync(join(bin, name), { force: true });
    symlinkSync(`../../dist/${name}.js`, join(bin, name));
  }
}

const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`${dist}: ${Object.keys(result.metafile.outputs).length} files, ${Math.round(bytes / 1024)} KiB`);
