import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ran, run } from '../src/cli/testing/run.ts';
import { createCertificates } from '../src/lab/certificates.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import type { Node, VirtualMachine, VirtualMachineInstance } from '../src/model/objects.ts';

// The command line on the lab: over HTTPS and a kubeconfig, as on any cluster.

const golden = (name: string): string => join(import.meta.dirname, 'golden/cli', name);

let lab: Lab;
let folder: string;
let kubeconfig: string;

/** Runs ferry on the lab. */
function ferry(...argv: string[]): Promise<Ran> {
  return run(argv, { env: { KUBECONFIG: kubeconfig, HOME: folder } });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function vmi(namespace: string, name: string): VirtualMachineInstance {
  return lab.store.get<VirtualMachineInstance>('virtualmachineinstances.kubevirt.io', namespace, name)!;
}

function changeNode(name: string, change: (node: Node) => void): () => void {
  const node = lab.store.get<Node>('nodes', undefined, name)!;
  const draft = structuredClone(node);
  change(draft);
  delete draft.metadata.resourceVersion;
  lab.store.update('nodes', draft);
  return () => {
    const { resourceVersion: _, ...metadata } = node.metadata;
    lab.store.update('nodes', { ...node, metadata });
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ferry-cli-'));
  lab = await startLab({ scenario: 'small', speed: 50, seed: 'cli' });
  kubeconfig = file('kubeconfig', lab.kubeconfig);
});

afterAll(async () => {
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(lab.faults).toEqual([]);
});

describe('check', () => {
  test.each([
    ['the table', 'check.txt', ['check', '-A']],
    ['the wide table', 'check-wide.txt', ['check', '-A', '-o', 'wide']],
    ['one VM explained', 'check-explain.txt', ['check', '-n', 'shop', 'mail-relay', '--explain']],
    ['a namespace without header', 'check-finance.txt', ['check', '-n', 'finance', '--no-headers']],
    ['names', 'check-name.txt', ['check', '-n', 'finance', '-o', 'name']],
    ['JSON', 'check.json', ['check', '-n', 'finance', '-o', 'json']],
  ])('%s is as recorded', async (_, name, argv) => {
    const { code, stdout, stderr } = await ferry(...argv);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const text = stdout.replace(/("takenAt": )"[^"]+"/, '$1"2026-01-01T00:00:00.000Z"');
    await expect(text).toMatchFileSnapshot(golden(name));
  });

  test.each([
    ['a VM', 'check-targets.txt', ['check', '-n', 'shop', 'orders-db', '--targets']],
    ['a VM, every reason', 'check-targets-wide.txt', ['check', '-n', 'shop', 'orders-db', '--targets', '-o', 'wide']],
    ['a VM in full', 'check-targets-explain.txt', ['check', '-n', 'shop', 'orders-db', '--targets', '--explain']],
    ['a VM by name', 'check-targets-name.txt', ['check', '-n', 'shop', 'orders-db', '--targets', '-o', 'name']],
  ])('the targets of %s are as recorded', async (_, name, argv) => {
    const { code, stdout, stderr } = await ferry(...argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot(golden(name));
  });

  test('targets are told of VMs that are named, and why the VM itself keeps them from being more', async () => {
    const unnamed = await ferry('check', '-n', 'shop', '--targets');
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('no VM was named')]);
    const both = await ferry('check', '-n', 'shop', 'orders-db', '--targets', '--to', 'worker-1');
    expect(both.code).toBe(2);
    const { code, stdout, stderr } = await ferry('check', '-n', 'shop', 'mail-relay', '--targets');
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/ possible {2}/);
    expect(stderr).toMatch(/^(note: )?shop\/mail-relay itself is (cold|blocked): /);
  });

  test('version tells of a snapshot what it tells of the cluster', async () => {
    const path = file('versions.json', (await ferry('snapshot')).stdout);
    expect((await run(['version', '--snapshot', path], { env: {} })).stdout).toBe((await ferry('version')).stdout);
  });

  test('a snapshot of one namespace does not pass for one of all', async () => {
    const saved = await ferry('snapshot', '-n', 'shop');
    const path = file('shop.json', saved.stdout);
    const whole = await run(['check', '-A', '--snapshot', path], { env: {} });
    expect(whole.stderr).toContain('note: this snapshot holds the VMs of shop only');
    const part = await run(['check', '-n', 'shop', '--snapshot', path], { env: {} });
    expect(part.stderr).toBe('');
  });

  test('says the same of a saved snapshot as of the cluster', async () => {
    const saved = await ferry('snapshot', '-A');
    expect(saved.code).toBe(0);
    const path = file('snapshot.json', saved.stdout);
    const offline = await run(['check', '-A', '-o', 'wide', '--snapshot', path], { env: {} });
    expect(offline).toEqual(await ferry('check', '-A', '-o', 'wide'));
    const piped = await run(['check', '-A', '-o', 'wide', '--snapshot', '-'], { env: {}, stdin: saved.stdout });
    expect(piped).toEqual(offline);
  });

  test('exits 0 when every VM that was named can be moved', async () => {
    const { code, stdout } = await ferry('check', '-n', 'shop', 'orders-db', 'vm/session-cache');
    expect(code).toBe(0);
    expect(stdout).toMatch(/orders-db +worker-0 +live/);
  });

  test('finds VMs by node and by label', async () => {
    const onNode = await ferry('check', 'node/worker-3', '-o', 'name');
    expect(onNode.stdout.split('\n').filter(Boolean).sort()).toEqual(
      ['ci-runner-2', 'ledger-app', 'ledger-db'].map((name) => `virtualmachine.kubevirt.io/${name}`),
    );
    const labelled = await ferry('check', '-A', '-l', 'role in (database),app!=orders', '-o', 'name');
    expect(labelled.stdout).toBe('virtualmachine.kubevirt.io/ledger-db\n');
  });

  test('says so when there is nothing to check', async () => {
    expect(await ferry('check', '-n', 'empty')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No VMs found in namespace empty.\n',
    });
  });
});

describe('move', () => {
  test('moves a VM to the node that was asked for, and the VM is the same afterwards', async () => {
    const before = vmi('shop', 'storefront-web-1');
    const { code, stdout, stderr } = await ferry('move', '-n', 'shop', 'storefront-web-1', '--to', 'worker-2', '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1 of 1 moved\n' });
    expect(stderr).toMatch(/storefront-web-1: moved worker-0 -> worker-2 in \d+s/);
    const after = vmi('shop', 'storefront-web-1');
    expect(after.status?.nodeName).toBe('worker-2');
    expect(after.metadata.uid).toBe(before.metadata.uid);
  });

  test('moves several VMs in several namespaces, and reports them as JSON', async () => {
    const { code, stdout } = await ferry(
      'move',
      '-A',
      'ci-runner-1',
      'ci-runner-2',
      'ledger-app',
      '--yes',
      '-o',
      'json',
    );
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as {
      kind: string;
      items: { vm: { name: string }; result: string; to: string }[];
    };
    expect(report.kind).toBe('MoveReport');
    expect(report.items.map(({ result }) => result)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    for (const { vm, to } of report.items) {
      expect(vmi(vm.name.startsWith('ci') ? 'lab-test' : 'finance', vm.name).status?.nodeName).toBe(to);
    }
  });

  test.each(['client', 'server'])('--dry-run=%s shows what would be done and does nothing', async (how) => {
    const count = lab.store.count('virtualmachineinstancemigrations.kubevirt.io');
    const { code, stdout } = await ferry('move', '-n', 'finance', 'ledger-db', '--to', 'worker-0', `--dry-run=${how}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/finance +ledger-db +live +worker-3 +worker-0\n/);
    expect(stdout).toMatch(/ferry-ledger-db-[0-9a-f]{8} would be created/);
    expect(lab.store.count('virtualmachineinstancemigrations.kubevirt.io')).toBe(count);
  });

  test('is not done without confirmation', async () => {
    const unattended = await ferry('move', '-n', 'finance', 'ledger-db');
    expect(unattended.code).toBe(8);
    expect(unattended.stderr).toContain('(FERRY_E_UNCONFIRMED)');
    const env = { KUBECONFIG: kubeconfig };
    const declined = await run(['move', '-n', 'finance', 'ledger-db'], { env, tty: true, stdin: 'n\n' });
    expect(declined.code).toBe(8);
    expect(declined.stderr).toContain('Move this VM? [y/N]');
    expect(vmi('finance', 'ledger-db').status?.nodeName).toBe('worker-3');
  });

  test('is not done when the cluster has changed while a person was thinking', async () => {
    const before = vmi('finance', 'ledger-db').status?.nodeName;
    const count = lab.store.count('virtualmachineinstancemigrations.kubevirt.io');
    const labels = lab.store.get('nodes', undefined, 'worker-1')!.metadata.labels ?? {};
    const relabel = (hostname: string): void => {
      const node = lab.store.get('nodes', undefined, 'worker-1')!;
      const metadata = { ...node.metadata, labels: { ...labels, 'kubernetes.io/hostname': hostname } };
      lab.store.update('nodes', { ...node, metadata } as never);
    };
    let isAsked = false;
    const answer = new Readable({ read: () => undefined });
    const { code, stderr } = await run(['move', '-n', 'finance', 'ledger-db', '--to', 'worker-1'], {
      env: { KUBECONFIG: kubeconfig },
      tty: true,
      stdin: answer,
      onOutput: (text) => {
        if (isAsked || !text.includes('[y/N]')) return;
        isAsked = true;
        relabel('other');
        answer.push('y\n');
      },
    });
    relabel(labels['kubernetes.io/hostname'] ?? '');
    expect(code).toBe(8);
    expect(stderr).toMatch(/the cluster has changed since this was proposed: .*addedNodeSelector.*\(FERRY_E_STALE\)/);
    expect(lab.store.count('virtualmachineinstancemigrations.kubevirt.io')).toBe(count);
    expect(vmi('finance', 'ledger-db').status?.nodeName).toBe(before);
  });

  test('is done when a person at a terminal says yes, on one line that is written over', async () => {
    const env = { KUBECONFIG: kubeconfig, NO_COLOR: '1' };
    const { code, stderr } = await run(['move', '-n', 'finance', 'ledger-db', '--to', 'worker-1'], {
      env,
      tty: true,
      stdin: 'y\n',
    });
    expect(code).toBe(0);
    expect(stderr).toContain('\u001b[1A');
    expect(stderr).toMatch(/ledger-db {3}moved worker-3 -> worker-1/);
    expect(stderr).not.toContain('\u001b[3');
  });

  test('follows on when it is repeated while it runs, instead of moving the VM twice', async () => {
    const argv = ['move', '-n', 'shop', 'session-cache', '--to', 'worker-3', '--yes'];
    const interrupt = new AbortController();
    const env = { KUBECONFIG: kubeconfig };
    const first = await run(argv, {
      env,
      signal: interrupt.signal,
      onOutput: (text) => text.includes('Scheduling') && interrupt.abort(),
    });
    expect(first.code).toBe(130);
    expect(first.stdout).toContain('The migrations go on: follow them with `ferry get migrations -n shop -w`');
    const cancelWhenFollowed = (text: string): void => {
      if (text.includes('exists already')) cancelled();
    };
    const again = run(argv, { env, onOutput: cancelWhenFollowed });
    // It writes memory faster than it can be copied, so it is cancelled once it is followed.
    let cancellation: Promise<Ran> | undefined;
    const cancelled = (): void => {
      cancellation = ferry('cancel', '-n', 'shop', 'session-cache', '--yes');
    };
    const second = await again;
    expect((await cancellation)?.code).toBe(0);
    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/session-cache: cancelled; the VM runs on worker-1/);
  });

  test('stops following when the time is up, and the migration goes on', async () => {
    const { code, stdout } = await ferry('move', '-n', 'shop', 'session-cache', '--yes', '--timeout', '300ms');
    expect(code).toBe(6);
    expect(stdout).toContain('1 still under way when the time was up');
    const cancelled = await ferry('cancel', '-n', 'shop', 'vm/session-cache', '--yes');
    expect(cancelled.stderr).toMatch(/ferry-session-cache-[0-9a-f]{8} is being cancelled/);
    // It has waited for the end.
    expect(cancelled).toMatchObject({ code: 0, stdout: 'session-cache: cancelled; the VM runs on worker-1\n' });
    expect((await ferry('get', 'migrations', '-n', 'shop', '-o', 'name')).stdout).not.toContain('session-cache');
  });

  test('by two at once makes one migration', async () => {
    const before = lab.store.count('virtualmachineinstancemigrations.kubevirt.io');
    const argv = ['move', '-n', 'finance', 'ledger-app', '--yes', '-o', 'json'];
    const both = await Promise.all([ferry(...argv), ferry(...argv)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(lab.store.count('virtualmachineinstancemigrations.kubevirt.io')).toBe(before + 1);
  });
});

describe('get migrations', () => {
  let source: string;

  beforeAll(async () => {
    source = vmi('shop', 'storefront-web-2').status!.nodeName!;
    const { code } = await ferry('move', '-n', 'shop', 'storefront-web-2', '--to', 'worker-3', '--yes');
    expect(code).toBe(0);
  });

  test('shows source and target, in every format', async () => {
    const table = await ferry('get', 'migrations', '-A');
    expect(table.stdout).toMatch(/^NAMESPACE +NAME +VM +PHASE +SOURCE +TARGET +POLICY +AGE\n/);
    const line = `shop +ferry-storefront-web-2-[0-9a-f]{8} +storefront-web-2 +Succeeded +${source} +worker-3 +<none> +\\d`;
    expect(table.stdout).toMatch(new RegExp(line));
    const json = JSON.parse((await ferry('get', 'vmim', '-n', 'shop', '-o', 'json')).stdout) as {
      kind: string;
      items: object[];
    };
    expect(json.kind).toBe('MigrationList');
    const item = { vm: 'storefront-web-2', source, target: 'worker-3', phase: 'Succeeded' };
    expect(json.items).toContainEqual(expect.objectContaining(item));
    const names = (await ferry('get', 'migrations', '-n', 'shop', '-o', 'name')).stdout.trim().split('\n');
    const name = /^virtualmachineinstancemigration.kubevirt.io\/ferry-storefront-web-2-/;
    expect(names).toContainEqual(expect.stringMatching(name));
  });

  test('-w shows a migration from its creation to its end, each state once', async () => {
    const end = new AbortController();
    let seen = '';
    const watching = run(['get', 'migrations', '-n', 'lab-test', '-w'], {
      env: { KUBECONFIG: kubeconfig },
      signal: end.signal,
      onOutput: (text) => {
        seen += text;
        if (/ci-runner-1 +Running [^]*ci-runner-1 +Succeeded +worker/.test(seen)) end.abort();
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await ferry('move', '-n', 'lab-test', 'ci-runner-1', '--yes')).code).toBe(0);
    const { code, stdout } = await watching;
    expect(code).toBe(130);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^NAME +VM +PHASE/);
    const shown = lines.map((line) => line.replace(/ +\S+$/, ''));
    expect(new Set(shown).size).toBe(shown.length);
  });
});

describe('cancel', () => {
  test('says so when there is nothing to cancel', async () => {
    const { code, stderr } = await ferry('cancel', '-n', 'finance', 'ledger-db', '--yes');
    expect(code).toBe(2);
    expect(stderr).toContain('there is no migration to cancel');
    expect((await ferry('move', '-n', 'shop', 'orders-db', '--yes')).code).toBe(0);
    const { stdout } = await ferry('get', 'migrations', '-n', 'shop', '-o', 'name');
    const name = stdout.split('\n').find((line) => line.includes('orders-db'));
    const ended = await ferry('cancel', '-n', 'shop', name!, '--yes');
    expect(ended.stderr).toMatch(/has ended already: Succeeded/);
  });

  describe('asks first', () => {
    const MIGRATIONS = 'virtualmachineinstancemigrations.kubevirt.io';
    /** Runs `cancel` of the VM and does something between the question and the answer. */
    const whileAsked = async (meanwhile: () => Promise<unknown>, said = 'y\n'): Promise<Ran> => {
      const answer = new Readable({ read: () => undefined });
      let isAsked = false;
      return await run(['cancel', '-n', 'shop', 'session-cache'], {
        env: { KUBECONFIG: kubeconfig },
        tty: true,
        stdin: answer,
        onOutput: (text) => {
          if (isAsked || !text.includes('[y/N]')) return;
          isAsked = true;
          void meanwhile().then(() => answer.push(said));
        },
      });
    };
    const begin = async (): Promise<void> => {
      const { code } = await ferry('move', '-n', 'shop', 'session-cache', '--yes', '--timeout', '300ms');
      expect(code).toBe(6);
    };
    const names = (): string[] =>
      [...lab.store.list(MIGRATIONS)]
        .filter((each) => (each as { spec?: { vmiName?: string } }).spec?.vmiName === 'session-cache')
        .map(({ metadata }) => metadata.name);

    test('and cancels nothing without a yes', async () => {
      await begin();
      const { code, stderr } = await whileAsked(() => Promise.resolve(), 'n\n');
      expect([code, stderr]).toEqual([
        8,
        expect.stringMatching(/session-cache \(\w+.*\)\nCancel this migration\? \[y\/N\]/),
      ]);
      expect(names()).toHaveLength(1);
    });

    test('and a migration that ends before the answer is no failure', async () => {
      const { code, stderr, stdout } = await whileAsked(() => ferry('cancel', '-n', 'shop', 'session-cache', '--yes'));
      expect([code, stderr]).toEqual([
        0,
        expect.stringMatching(/ferry-session-cache-\w+ had ended before it could be cancelled/),
      ]);
      expect(stdout).toMatch(/^session-cache: /);
    });

    test('and does not cancel another migration than the one that was shown', async () => {
      await begin();
      const { code, stderr } = await whileAsked(async () => {
        await ferry('cancel', '-n', 'shop', 'session-cache', '--yes');
        lab.store.create(MIGRATIONS, {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachineInstanceMigration',
          metadata: { name: 'somebody-elses', namespace: 'shop' },
          spec: { vmiName: 'session-cache' },
        } as never);
      });
      expect([code, stderr]).toEqual([8, expect.stringContaining('(FERRY_E_STALE)')]);
      expect(names()).toEqual(['somebody-elses']);
      expect((await ferry('cancel', '-n', 'shop', 'somebody-elses', '--yes')).code).toBe(0);
    });
  });
});

test('version tells of Ferry, Kubernetes, KubeVirt and HyperConverged', async () => {
  const { code, stdout } = await ferry('version');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^Ferry: \d.*\nKubernetes: v1\.\d+\.\d+.*\nKubeVirt: v1\.6\.\d+\nHyperConverged: \d+\.\d+\.\d+\n$/,
  );
});

test.each<[string, string[], string[]]>([
  ['VMs of a namespace', ['check', '-n', 'finance', 'ledger'], ['ledger-app', 'ledger-db']],
  ['nodes', ['move', 'x', '--to', 'worker-'], ['worker-0', 'worker-1', 'worker-2', 'worker-3']],
  ['namespaces', ['check', '-n', 'fin'], ['finance']],
  ['contexts', ['check', '--context', 'ferry-lab'], ['ferry-lab', 'ferry-lab-viewer']],
])('completion offers %s', async (_, words, offered) => {
  expect((await ferry('__complete', '--', ...words)).stdout).toBe(`${[...offered, ':4'].join('\n')}\n`);
});

describe('bad input', () => {
  type Case = [
    what: string,
    argv: string[] | (() => string[] | Promise<string[]>),
    code: number,
    sentence: string | RegExp,
  ];
  const withKubeconfig = (name: string, change: (text: string) => string): string[] => [
    'check',
    '--kubeconfig',
    file(name, change(lab.kubeconfig)),
  ];
  const cases: Case[] = [
    ['no kubeconfig', ['check', '--kubeconfig', '/nonexistent'], 2, 'FERRY_E_NO_KUBECONFIG'],
    ['a malformed kubeconfig', () => withKubeconfig('bad', () => 'clusters: {'), 2, 'FERRY_E_BAD_KUBECONFIG'],
    ['an unknown context', ['check', '--context', 'nope'], 2, /nope.*FERRY_E_BAD_KUBECONFIG/],
    [
      'an unreachable server',
      async () => {
        const port = await freePort();
        return withKubeconfig('closed', (text) => text.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`));
      },
      4,
      /refused \(FERRY_E_UNREACHABLE\)/,
    ],
    [
      'a wrong CA',
      async () => {
        const ca = Buffer.from((await createCertificates()).ca).toString('base64');
        return withKubeconfig('ca', (text) => text.replace(/(certificate-authority-data: ).*/, `$1${ca}`));
      },
      4,
      /certificate authority.*\(FERRY_E_TLS\)/,
    ],
    [
      'an expired token',
      () => withKubeconfig('token', (text) => text.replace(/(token: ).*/, '$1expired')),
      7,
      /401.*FERRY_E_UNAUTHORIZED/,
    ],
    [
      'a forbidden verb',
      ['move', '--context', 'ferry-lab-viewer', '-n', 'shop', 'orders-db', '--yes'],
      7,
      /you may not create virtualmachineinstancemigrations\.kubevirt\.io in namespace shop \(FERRY_E_FORBIDDEN\)[^]*verbs: \["create"\]/,
    ],
    [
      'an unknown VM',
      ['check', '-n', 'shop', 'nosuch'],
      2,
      'there is no VM nosuch in namespace shop (FERRY_E_NOT_FOUND)',
    ],
    ['a VM of another namespace', ['check', '-n', 'shop', 'ledger-db'], 2, 'but there is one in namespace finance'],
    [
      'a stopped VM of another namespace',
      ['check', '-n', 'shop', 'payroll-batch'],
      2,
      'but there is one in namespace finance',
    ],
    [
      'the same name in two namespaces, with -A',
      ['check', '-A', 'twin'],
      2,
      'there is a VM twin in 2 namespaces: finance, lab-test (FERRY_E_AMBIGUOUS)',
    ],
    [
      'the same name in two other namespaces',
      ['check', '-n', 'shop', 'twin'],
      2,
      'finance, lab-test (FERRY_E_AMBIGUOUS)',
    ],
    [
      'a VM that is on the target already',
      () => ['move', '-n', 'shop', 'orders-db', '--to', vmi('shop', 'orders-db').status!.nodeName!, '--yes'],
      8,
      /orders-db on (worker-\d): blocked\n.* it is already on \1 /,
    ],
    [
      'a cordoned target',
      ['move', '-n', 'shop', 'orders-db', '--to', 'cordoned', '--yes'],
      8,
      'node cordoned is cordoned',
    ],
    [
      'a target that is not ready',
      ['move', '-n', 'shop', 'orders-db', '--to', 'notready', '--yes'],
      8,
      /node notready .*(not ready|NotReady)/,
    ],
    [
      'an unknown target',
      ['move', '-n', 'shop', 'orders-db', '--to', 'nosuch', '--yes'],
      2,
      'there is no node nosuch (FERRY_E_NOT_FOUND)',
    ],
    [
      'an unknown target of a check',
      ['check', '-n', 'shop', '--to', 'nosuch'],
      2,
      'there is no node nosuch (FERRY_E_NOT_FOUND)',
    ],
    ['a target without room', ['move', '-n', 'shop', 'orders-db', '--to', 'full', '--yes'], 8, /node full .*room/],
    ['a stopped VM', ['move', '-n', 'finance', 'payroll-batch', '--yes'], 8, 'the VM is stopped'],
    [
      'a volume that one node only can mount',
      ['move', '-n', 'finance', 'report-archive', '--yes'],
      8,
      /only one node can mount \(ReadWriteOnce\)/,
    ],
    [
      'a file that is no snapshot',
      () => ['check', '--snapshot', file('x.json', '{"kind":"Pod"}')],
      2,
      /kind.*(FERRY_E_BAD_SNAPSHOT)/,
    ],
    [
      'a snapshot cut off in the middle',
      () => ['check', '--snapshot', file('y.json', '{"kind":"Snapsh')],
      2,
      'FERRY_E_BAD_SNAPSHOT',
    ],
    ['a label selector that is none', ['check', '-l', 'a b'], 2, 'FERRY_E_USAGE'],
    ['labels that no VM has', ['move', '-A', '-l', 'no=such', '--yes'], 2, 'no VM has these labels'],
  ];
  let undo: (() => void)[] = [];

  beforeAll(() => {
    const twin = lab.store.get<VirtualMachine>('virtualmachines.kubevirt.io', 'finance', 'payroll-batch')!;
    for (const namespace of ['finance', 'lab-test']) {
      lab.store.create('virtualmachines.kubevirt.io', { ...twin, metadata: { name: 'twin', namespace } });
    }
    // Nodes like worker-3, each with one fault.
    const node = lab.store.get<Node>('nodes', undefined, 'worker-3')!;
    const { uid: _uid, resourceVersion: _version, ...metadata } = node.metadata;
    for (const name of ['cordoned', 'notready', 'full']) {
      const labels = { ...metadata.labels, 'kubernetes.io/hostname': name };
      lab.store.create('nodes', { ...structuredClone(node), metadata: { ...metadata, name, labels } });
    }
    undo = [
      changeNode('cordoned', (draft) => Object.assign(draft.spec!, { unschedulable: true })),
      changeNode('notready', (draft) => {
        draft.status!.conditions!.find(({ type }) => type === 'Ready')!.status = 'False';
      }),
      changeNode('full', (draft) => Object.assign(draft.status!.allocatable!, { memory: '1Gi' })),
    ];
  });

  afterAll(() => {
    for (const back of undo) back();
    for (const name of ['cordoned', 'notready', 'full']) lab.store.delete('nodes', undefined, name);
    for (const namespace of ['finance', 'lab-test']) lab.store.delete('virtualmachines.kubevirt.io', namespace, 'twin');
  });

  test.each(cases)('%s: one clear sentence and its exit code', async (_, argv, code, sentence) => {
    const ran = await ferry(...(typeof argv === 'function' ? await argv() : argv));
    if (typeof sentence === 'string') expect(ran.stderr).toContain(sentence);
    else expect(ran.stderr).toMatch(sentence);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).not.toMatch(/\n\s+at /);
    expect(ran.stderr.match(/^error: /gm)).toHaveLength(1);
  });
});

async function freePort(): Promise<number> {
  const server = await listen();
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe('the built program', () => {
  let dist: string;
  let home: NodeJS.ProcessEnv;

  beforeAll(() => {
    dist = join(folder, 'dist');
    mkdirSync(dist);
    const built = spawnSync(process.execPath, ['scripts/build.ts', dist], { encoding: 'utf8' });
    expect(built.stderr).toBe('');
    writeFileSync(join(dist, 'package.json'), '{"type":"module"}');
    home = { PATH: process.env['PATH'], HOME: folder, XDG_STATE_HOME: join(folder, 'state') };
  });

  const spawnFerry = (script: string, ...argv: string[]) =>
    new Promise<Ran>((resolve) => {
      const child = spawn(process.execPath, [join(dist, script), ...argv], { env: home });
      const ran = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk) => (ran.stdout += String(chunk)));
      child.stderr.on('data', (chunk) => (ran.stderr += String(chunk)));
      child.on('close', (code) => resolve({ code: code as Ran['code'], ...ran }));
    });

  test('names itself as it was called', async () => {
    expect((await spawnFerry('ferry.js')).stdout).toMatch(/^Usage: ferry /);
    expect((await spawnFerry('kubectl-ferry.js', 'check', '-h')).stdout).toMatch(/^Usage: kubectl ferry check /);
  });

  test('says which Node it needs where that is too old', () => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); await import(${JSON.stringify(join(dist, 'ferry.js'))});`;
    const old = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(old.status).toBe(2);
    expect(old.stderr).toBe('error: ferry needs Node.js 22 or newer, this is 20.1.0 (FERRY_E_USAGE)\n');
  });

  test('reads and writes YAML', async () => {
    const version = await spawnFerry('ferry.js', 'version', '--client', '-o', 'yaml');
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(/^apiVersion: ferry.run\/v1alpha1\nkind: Version\nclient:\n {2}version: /);
    const snapshot = await run(['snapshot', '-A', '-o', 'yaml'], { env: { KUBECONFIG: kubeconfig } });
    const checked = await spawnFerry('ferry.js', 'check', '-A', '--snapshot', file('snapshot.yaml', snapshot.stdout));
    expect(checked).toEqual(await ferry('check', '-A'));
  });

  test('serves agents: a tool, a resource, a prompt, an audit line for each', async () => {
    const child = spawn(process.execPath, [join(dist, 'ferry.js'), 'mcp'], {
      env: { ...home, KUBECONFIG: kubeconfig },
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
    const clientInfo = { name: 'built', version: '0' };
    const requests: [string, object][] = [
      ['initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }],
      ['tools/call', { name: 'nodes_top', arguments: {} }],
      ['resources/read', { uri: 'ferry://reference/settings/network' }],
      ['prompts/get', { name: 'tune-this-cluster' }],
    ];
    for (const [id, [method, params]] of requests.entries()) {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      await expect.poll(() => said.stdout.split('\n').length - 1, { timeout: 20_000 }).toBe(id + 1);
    }
    child.stdin.end();
    await new Promise((resolve) => child.once('close', resolve));
    for (const line of said.stdout.trim().split('\n')) {
      const { result } = JSON.parse(line) as { result?: { isError?: boolean } };
      expect(result, line).toBeDefined();
      expect(result?.isError ?? false, line).toBe(false);
    }
    const audited = said.stderr.trim().split('\n');
    expect(audited.map((line) => (JSON.parse(line) as { tool: string; outcome: string }).tool)).toEqual([
      'nodes_top',
      'resources/read',
      'prompts/get',
    ]);
  });

  test('does not mind that nobody reads on', () => {
    const script = `"${process.execPath}" "${join(dist, 'ferry.js')}" check --help | head -1`;
    const piped = spawnSync('sh', ['-c', script], { encoding: 'utf8', env: home });
    expect(piped.stderr).toBe('');
    expect(piped.stdout).toMatch(/^Usage: /);
  });

  test('starts a lab in the background once, uses it, and ends it', async () => {
    const started = await spawnFerry('ferry.js', 'lab', 'start', '--detach', '--speed', '50');
    expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^export KUBECONFIG=\S+\n$/) });
    try {
      const path = /=(.*)\n/.exec(started.stdout)?.[1] ?? '';
      expect(readFileSync(path, 'utf8')).toContain('current-context: ferry-lab');
      const env = { KUBECONFIG: path };
      expect((await run(['move', '-n', 'shop', 'storefront-web-2', '--yes'], { env })).code).toBe(0);
      const status = await spawnFerry('ferry.js', 'lab', 'status', '-o', 'json');
      expect(JSON.parse(status.stdout)).toMatchObject({
        kind: 'LabStatus',
        scenario: 'small',
        speed: 50,
        answering: true,
      });
      const twice = await spawnFerry('ferry.js', 'lab', 'start', '--detach');
      expect(twice.code).toBe(8);
      expect(twice.stderr).toMatch(/^error: a lab runs already: .*\(FERRY_E_LAB_RUNNING\)/);
    } finally {
      expect((await spawnFerry('ferry.js', 'lab', 'stop')).code).toBe(0);
    }
    const none = await spawnFerry('ferry.js', 'lab', 'status');
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('FERRY_E_LAB_NOT_RUNNING') });
  });

  test('does not start a lab on a port that is taken, nor writes over a kubeconfig', async () => {
    const server = await listen();
    const { port } = server.address() as { port: number };
    const taken = await spawnFerry('ferry.js', 'lab', 'start', '--detach', '--port', String(port));
    expect(taken.code).toBe(4);
    expect(taken.stderr).toMatch(/^error: port \d+ on 127\.0\.0\.1 is in use \(FERRY_E_LAB_PORT\)/);
    await new Promise((resolve) => server.close(resolve));
    const mine = file('mine', 'apiVersion: v1\nkind: Config\n');
    const refused = await spawnFerry('ferry.js', 'lab', 'start', '--kubeconfig', mine);
    expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining('is not the kubeconfig of a lab') });
    expect(readFileSync(mine, 'utf8')).toBe('apiVersion: v1\nkind: Config\n');
    expect(existsSync(join(folder, 'state', 'ferry', 'lab', 'lab.json'))).toBe(false);
  });

  test('shows itself in a demo', async () => {
    const { code, stdout, stderr } = await spawnFerry('ferry.js', 'demo');
    expect(code).toBe(0);
    expect(stdout).toContain('3 of 3 moved');
    expect(stderr).toMatch(/orders-db: Running worker-0 -> worker-2: .* left, .*\/s/);
    expect(stderr).toContain('(FERRY_E_REFUSED)');
  });
});
