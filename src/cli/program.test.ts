import { describe, expect, test } from 'vitest';
import { programName } from './context.ts';
import { run } from './testing/run.ts';

// No cluster is near: neither a kubeconfig nor a service account.
const nowhere = { env: { HOME: '/nonexistent' } };

describe('help', () => {
  test.each([
    ['ferry', []],
    ['check', ['check', '--help']],
    ['move', ['move', '--help']],
    ['get', ['get', '--help']],
    ['get-migrations', ['get', 'migrations', '--help']],
    ['cancel', ['help', 'cancel']],
    ['network', ['network', '--help']],
    ['network-plan', ['network', 'plan', '--help']],
    ['network-apply', ['network', 'apply', '--help']],
    ['network-verify', ['network', 'verify', '--help']],
    ['network-remove', ['network', 'remove', '--help']],
    ['snapshot', ['snapshot', '--help']],
    ['lab-start', ['lab', 'start', '--help']],
    ['demo', ['demo', '--help']],
    ['version', ['version', '--help']],
    ['completion', ['completion', '--help']],
  ])('of %s is as recorded', async (name, argv) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot(`../../test/golden/cli/help-${name}.txt`);
  });

  test.each([
    ['/usr/bin/ferry', {}, 'ferry'],
    ['/x/dist/ferry.js', {}, 'ferry'],
    ['/x/node_modules/.bin/kubectl-ferry', {}, 'kubectl ferry'],
    ['/x/dist/kubectl-ferry.js', { _: '/usr/bin/kubectl' }, 'kubectl ferry'],
    ['/usr/bin/kubectl-ferry', { _: '/usr/bin/oc' }, 'oc ferry'],
  ])('called as %s names the program as the user did', (script, env, name) => {
    expect(programName(script, env)).toBe(name);
  });

  test('shows kubectl ferry when kubectl called it', async () => {
    const { stdout } = await run(['check', '--help'], { name: 'kubectl ferry' });
    expect(stdout).toMatch(/^Usage: kubectl ferry check /);
    expect(stdout).toContain('  kubectl ferry check web01 vm/db01 --to worker-2 --explain');
  });
});

test.each<[string, string[], string]>([
  ['a namespace', ['-n', 'shop', 'check', 'pod/x'], "'pod' in 'pod/x' is not a kind"],
  ['a flag without value', ['-A', 'get', 'migrations', 'pod/x', '-w', '--snapshot', 'x'], '--watch and --snapshot'],
  ['a value joined to its flag', ['--namespace=shop', 'move'], 'no VM was named'],
  ['one that no command has', ['--tp', 'check'], "unknown option '--tp'"],
])('%s may stand before the command, as with kubectl', async (_, argv, sentence) => {
  const { code, stderr } = await run(argv, nowhere);
  expect(code).toBe(2);
  expect(stderr).toContain(sentence);
});

describe('wrong usage', () => {
  test.each<[string[], string]>([
    [['chek'], "unknown command 'chek'"],
    [['check', '--too', 'x'], "unknown option '--too'"],
    [['check', '-o', 'xml'], "argument 'xml' is invalid. Allowed choices are table, wide, json, yaml, name"],
    [['check', '--request-timeout', 'soon'], 'Use a duration such as 30s, 5m or 1h30m'],
    [['check', '-A', '-n', 'x'], "cannot be used with option '-n, --namespace <name>'"],
    [['check', 'pod/x'], "'pod' in 'pod/x' is not a kind that can be named here"],
    [['check', '--snapshot', 'x', '--context', 'y'], 'cannot be used with option'],
    [['move'], 'no VM was named'],
    [['move', 'x', '--dry-run', 'perhaps'], 'Allowed choices are none, client, server'],
    [['cancel'], 'missing required argument'],
    [['get'], 'ferry get needs a subcommand'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish, powershell'],
    [['snapshot', '-o', 'table'], 'Allowed choices are json, yaml'],
    [['lab', 'start', '--speed', 'fast'], "'fast' is invalid"],
    [['lab', 'start', '--port', '70000'], 'Use a whole number from 0 to 65535'],
  ])('%j is one clear sentence and exit 2', async (argv, sentence) => {
    const { code, stdout, stderr } = await run(argv, nowhere);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr.split('\n')[0]).toMatch(/^error: .* \(FERRY_E_USAGE\)$/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('a typing mistake is met with what was meant', async () => {
    expect((await run(['chekc'])).stderr).toContain('Did you mean check?');
  });
});

describe('without a cluster', () => {
  test.each<[string, string[], string]>([
    ['no kubeconfig', ['check'], 'FERRY_E_NO_KUBECONFIG'],
    ['a kubeconfig that is not there', ['check', '--kubeconfig', '/nonexistent/config'], 'FERRY_E_NO_KUBECONFIG'],
    ['a snapshot that is not there', ['check', '--snapshot', '/nonexistent/snapshot'], 'FERRY_E_FILE'],
    ['an empty snapshot', ['check', '--snapshot', '-'], 'FERRY_E_BAD_SNAPSHOT'],
  ])('%s is exit 2', async (_, argv, error) => {
    const { code, stderr } = await run(argv, nowhere);
    expect(stderr).toContain(`(${error})`);
    expect(code).toBe(2);
  });

  test('version --client tells its own version', async () => {
    const { code, stdout } = await run(['version', '--client', '-o', 'json'], nowhere);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: 'ferry.run/v1alpha1',
      kind: 'Version',
      client: { version: expect.stringMatching(/^\d/) },
    });
  });

  test('version tells its own version even when there is no cluster to ask', async () => {
    const { code, stdout } = await run(['version'], nowhere);
    expect(stdout).toMatch(/^Ferry: \d/);
    expect(code).toBe(2);
  });
});

describe('completion', () => {
  const complete = async (...words: string[]): Promise<string[]> =>
    (await run(['__complete', '--', ...words], nowhere)).stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0] as string);

  test.each<[string[], string[]]>([
    [['ch'], ['check', ':4']],
    [
      ['get', 'm'],
      ['migrations', ':4'],
    ],
    [
      ['check', '--sn'],
      ['--snapshot', ':4'],
    ],
    [
      ['check', '-o', 'w'],
      ['wide', ':4'],
    ],
    [
      ['check', '--output=j'],
      ['--output=json', ':4'],
    ],
    [
      ['check', '--output', '=', 'y'],
      ['yaml', ':4'],
    ],
    [['check', '--snapshot', ''], [':0']],
    [['check', '-A', '--all'], [':4']],
    [
      ['completion', 'b'],
      ['bash', ':4'],
    ],
    // Nobody to ask: no names, and no error either.
    [['check', 'web'], [':4']],
  ])('of %j offers %j', async (words, offered) => {
    expect(await complete(...words)).toEqual(offered);
  });

  test('never offers itself', async () => {
    expect(await complete('')).not.toContain('__complete');
  });

  test.each(['bash', 'zsh', 'fish', 'powershell'])('has a script for %s that asks ferry', async (shell) => {
    const { code, stdout } = await run(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('ferry __complete');
  });
});
