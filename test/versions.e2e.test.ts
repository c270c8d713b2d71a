import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { versions } from '../src/model/versions/index.ts';
import { McpClient } from './mcp-client.ts';

// The core of what kubectl.e2e and mcp-server.e2e do on the default version, on every other one; and with each of the
// kubectls that the machine has.

const DEFAULT = '4.20';
const others = versions.map(({ cnv }) => cnv).filter((cnv) => cnv !== DEFAULT);
const kubectls = findKubectls();

/** kubectl on the PATH, and those of other minor versions that some distributions put beside it (kubectl.1.27). */
function findKubectls(): { name: string; path: string }[] {
  const found = spawnSync('sh', ['-c', 'command -v kubectl']).stdout.toString().trim();
  if (found === '') return [];
  const folder = dirname(realpathSync(found));
  // Until 1.28 kubectl wants /openapi/v2 before it creates anything; the lab serves v3 only. The oldest lab is a
  // Kubernetes 1.30, for which Kubernetes supports clients from 1.29 on.
  const beside = Array.from({ length: 20 }, (_, step) => ({
    name: `kubectl 1.${step + 29}`,
    path: join(folder, `kubectl.1.${step + 29}`),
  })).filter(({ path }) => existsSync(path));
  // The oldest and the newest: what works with both works with those between.
  const [oldest, newest] = [beside[0], beside.at(-1)];
  if (oldest === undefined || newest === undefined) return [{ name: 'kubectl', path: found }];
  return oldest === newest ? [oldest] : [oldest, newest];
}

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

interface Vmi {
  metadata: { namespace: string; name: string };
  status: { nodeName: string; conditions: { type: string; status: string; reason?: string }[] };
}

interface Place {
  lab: Lab;
  folder: string;
  home: NodeJS.ProcessEnv;
}

async function open(cnv: string): Promise<Place> {
  const lab = await startLab({ scenario: 'small', speed: 50, seed: 'clients', cnv });
  const folder = mkdtempSync(join(tmpdir(), 'ferry-versions-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  return { lab, folder, home: { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig } };
}

async function close({ lab, folder }: Place): Promise<void> {
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(lab.faults).toEqual([]);
}

/** Runs a program without blocking: the lab lives in this process and has to answer it. */
function run({ home }: Place, program: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { env: home, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

const vmisOf = ({ lab }: Place): Vmi[] => lab.store.list('virtualmachineinstances.kubevirt.io') as unknown as Vmi[];
const isMigratable = ({ status }: Vmi): boolean =>
  status.conditions.some((condition) => condition.type === 'LiveMigratable' && condition.status === 'True');

function manifestOf(place: Place, name: string, { metadata }: Vmi): string {
  const file = join(place.folder, `${name}.yaml`);
  const { namespace } = metadata;
  writeFileSync(
    file,
    `apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstanceMigration\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {vmiName: ${metadata.name}}\n`,
  );
  return file;
}

/** Sees, describes, moves and watches a VM, as an administrator does. */
async function sees(place: Place, kubectl: string): Promise<void> {
  const vms = await run(place, kubectl, 'get', 'vm', '-A');
  expect(vms.stdout).toMatch(/^NAMESPACE\s+NAME\s+AGE\s+STATUS\s+READY/);
  const vmi = vmisOf(place).find(isMigratable)!;
  const { namespace, name } = vmi.metadata;
  const described = await run(place, kubectl, 'describe', 'vmi', name, '-n', namespace);
  expect([described.code, described.stdout]).toEqual([0, expect.stringContaining('LiveMigratable')]);

  const watcher = execFile(kubectl, ['get', 'vmim', '-n', namespace, '-w', '--no-headers'], { env: place.home });
  let seen = '';
  const watching = new Promise<void>((resolve) => {
    watcher.stdout?.on('data', (text: string) => {
      seen += text;
      if (/by-hand\s+Succeeded/.test(seen)) resolve();
    });
  });
  const before = vmi.status.nodeName;
  const created = await run(place, kubectl, 'create', '-f', manifestOf(place, 'by-hand', vmi));
  expect([created.stderr, created.stdout]).toEqual(['', expect.stringContaining('by-hand created')]);
  await watching;
  watcher.kill();
  const after = await run(place, kubectl, 'get', 'vmi', name, '-n', namespace, '-o', 'jsonpath={.status.nodeName}');
  expect(after.stdout).not.toBe(before);
}

describe.skipIf(kubectls.length === 0).each(others)('kubectl on OpenShift Virtualization %s', (cnv) => {
  let place: Place;
  beforeAll(async () => {
    place = await open(cnv);
  });
  afterAll(async () => await close(place));
  const kubectl = kubectls.at(-1)?.path ?? 'kubectl';

  test('sees, describes, moves and watches a VM', async () => await sees(place, kubectl));

  test('a VM that cannot move is refused in words', async () => {
    const stuck = vmisOf(place).find(({ status }) =>
      status.conditions.some(({ reason }) => reason === 'DisksNotLiveMigratable'),
    )!;
    const refused = await run(place, kubectl, 'create', '-f', manifestOf(place, 'refused', stuck));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message:');
  });

  test('drain evacuates the VMs of a node live and ends well', async () => {
    const node = 'worker-3';
    const drained = await run(
      place,
      kubectl,
      'drain',
      node,
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--force',
      '--pod-selector=kubevirt.io=virt-launcher',
      '--timeout=50s',
    );
    expect(drained.stderr).toContain('Eviction triggered evacuation of VMI');
    expect([drained.code, vmisOf(place).filter(({ status }) => status.nodeName === node)]).toEqual([0, []]);
  });
});

describe('every kubectl of the machine on the default version', () => {
  test.skipIf(kubectls.length < 2)('there are two of different minor versions', () => {
    const said = kubectls.map(
      ({ path }) => /v1\.(\d+)/.exec(spawnSync(path, ['version', '--client'], { encoding: 'utf8' }).stdout)?.[1],
    );
    expect(new Set(said).size).toBe(2);
  });

  describe.skipIf(kubectls.length < 2).each(kubectls)('$name', ({ path }) => {
    let place: Place;
    beforeAll(async () => {
      place = await open(DEFAULT);
    });
    afterAll(async () => await close(place));
    test('sees, describes, moves and watches a VM', async () => await sees(place, path));
  });
});

describe.each(others)('kubernetes-mcp-server on OpenShift Virtualization %s', (cnv) => {
  let place: Place;
  let mcp: McpClient;
  beforeAll(async () => {
    place = await open(cnv);
    mcp = new McpClient(
      'node_modules/.bin/kubernetes-mcp-server',
      ['--kubeconfig', place.home['KUBECONFIG'] ?? '', '--toolsets', 'core,kubevirt,config'],
      { PATH: process.env['PATH'], HOME: place.folder },
    );
    await mcp.initialize();
  });
  afterAll(async () => {
    mcp.close();
    await close(place);
  });

  test('reads the settings, moves a VM, and is told why another cannot move', async () => {
    const { structured } = await mcp.call('resources_get', {
      apiVersion: 'hco.kubevirt.io/v1beta1',
      kind: 'HyperConverged',
      namespace: 'openshift-cnv',
      name: 'kubevirt-hyperconverged',
    });
    expect(structured).toMatchObject({ spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 5 } } });

    const vmi = vmisOf(place).find(isMigratable)!;
    const { namespace, name } = vmi.metadata;
    const before = vmi.status.nodeName;
    const resource = (of: string, vm: Vmi): string =>
      `apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstanceMigration\nmetadata: {name: ${of}, namespace: ${vm.metadata.namespace}}\nspec: {vmiName: ${vm.metadata.name}}\n`;
    const created = await mcp.call('resources_create_or_update', { resource: resource('agent-move', vmi) });
    expect(created.isError).toBe(false);
    const ended = async (): Promise<string> =>
      (await mcp.call('resources_list', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration' }))
        .text;
    let list = await ended();
    for (let tries = 0; tries < 200 && !/agent-move\s+(Succeeded|Failed)/.test(list); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      list = await ended();
    }
    expect(list).toMatch(/agent-move\s+Succeeded/);
    const after = vmisOf(place).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)!;
    expect(after.status.nodeName).not.toBe(before);

    const stuck = vmisOf(place).find(({ status }) =>
      status.conditions.some(({ reason }) => reason === 'DisksNotLiveMigratable'),
    )!;
    const refused = await mcp.call('resources_create_or_update', { resource: resource('agent-try', stuck) });
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain('live migration requires that all PVCs must be shared');
  });
});
