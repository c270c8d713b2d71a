import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Ran, run } from '../src/cli/testing/run.ts';
import { connect } from '../src/kube/connect.ts';
import { realTiming } from '../src/kube/timing.ts';
import type { KubeClient } from '../src/kube/types.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { writeLabState } from '../src/lab/state.ts';
import type { VirtualMachineInstance } from '../src/model/objects.ts';

// What Ferry does with too few rights, and that the rules it names are the ones that are missing: on a lab that
// evaluates RBAC, as a user who gets exactly what Ferry asks for.

let lab: Lab;
let folder: string;
let admin: KubeClient;

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ferry-rights-'));
  lab = await startLab({ scenario: 'small', speed: 50, seed: 'rights' });
  admin = await connect({ kubeconfig: file('admin', lab.kubeconfig) }, realTiming);
});

afterAll(async () => {
  admin.close();
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(lab.faults).toEqual([]);
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** Makes a user; returns how to run ferry as them. */
async function user(name: string, roles: string[], namespace?: string): Promise<(...argv: string[]) => Promise<Ran>> {
  const { text } = await admin.raw('POST', '/lab/v1/users', { body: { name, roles, namespace } });
  const kubeconfig = file(name, (JSON.parse(text) as { kubeconfig: string }).kubeconfig);
  return (...argv) => run(argv, { env: { KUBECONFIG: kubeconfig, HOME: folder } });
}

/** The rules that Ferry's error names. */
function rulesIn(stderr: string): Rule[] {
  const lines = stderr.split('\n');
  const start = lines.findIndex((line) => line.startsWith('  - apiGroups:'));
  const length = lines.slice(start).findIndex((line) => !line.startsWith('  '));
  return start < 0 ? [] : (parse(lines.slice(start, start + length).join('\n')) as Rule[]);
}

let granted = 0;

/** Binds a role with exactly these rules to a user, in the namespace shop or in the cluster. */
async function grant(name: string, rules: Rule[], where: 'shop' | 'cluster' = 'shop'): Promise<void> {
  const at = `/apis/rbac.authorization.k8s.io/v1/${where === 'shop' ? 'namespaces/shop/' : 'cluster'}`;
  const metadata = { name: `grant-${++granted}` };
  await admin.raw('POST', `${at}roles`, { body: { metadata, rules } });
  const kind = where === 'shop' ? 'Role' : 'ClusterRole';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name };
  const subjects = [{ kind: 'User', name }];
  await admin.raw('POST', `${at}rolebindings`, { body: { metadata, roleRef, subjects } });
}

const SHOP = ['-n', 'shop'];
const short = ({ apiGroups, resources, verbs }: Rule): string =>
  `${verbs.join(',')} ${resources.join(',')}.${apiGroups.join(',')}`;

/** Runs a command as a user who gets what it asks for, until it needs no more rights. */
async function granting(
  name: string,
  argv: string[],
  where?: 'shop' | 'cluster',
): Promise<{ last: Ran; rules: string[] }> {
  const ferry = await user(name, []);
  const rules: string[] = [];
  for (let round = 0; round < 10; round++) {
    const last = await ferry(...argv);
    if (last.code !== 7) return { last, rules };
    const named = rulesIn(last.stderr);
    expect(named, last.stderr).not.toEqual([]);
    rules.push(...named.map(short));
    await grant(name, named, where);
  }
  throw new Error(`still refused after ${rules.join('; ')}`);
}

const migrations = 'virtualmachineinstancemigrations.kubevirt.io';
const vmis = 'virtualmachineinstances.kubevirt.io';
const vms = 'virtualmachines.kubevirt.io';

/** Starts a migration that takes a while, as the admin. */
async function migrating(vmi: string): Promise<void> {
  await admin.raw('POST', '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations', {
    body: {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { generateName: 'by-admin-' },
      spec: { vmiName: vmi },
    },
  });
}

describe('exactly the rules that Ferry prints, granted to nobody else, make it work', () => {
  test('check', async () => {
    const { last, rules } = await granting('checker', ['check', ...SHOP, 'orders-db']);
    expect(last.code).toBe(0);
    expect(rules).toEqual([`list ${vms}`, `list ${vmis}`]);
  });

  test('settings set, and revert', async () => {
    const { last, rules } = await granting('setter', ['settings', 'set', 'progressTimeout=151', '--yes'], 'cluster');
    expect([last.code, last.stderr]).toEqual([0, expect.anything()]);
    const needed = ['list,get,patch hyperconvergeds.hco.kubevirt.io', 'get,create,patch configmaps.'];
    expect(rules).toEqual(needed);
    const back = await granting('setter', ['settings', 'revert', '--yes'], 'cluster');
    expect([back.last.code, back.rules]).toEqual([0, []]);
  });

  test('snapshot', async () => {
    const { last, rules } = await granting('saver', ['snapshot', ...SHOP]);
    expect(last.code).toBe(0);
    expect(last.stdout).toContain('"name":"orders-db"');
    expect(rules).toEqual([`list ${vms}`, `list ${vmis}`]);
  });

  test('move', async () => {
    const { last, rules } = await granting('mover', ['move', ...SHOP, 'orders-db', '--yes']);
    expect(last).toMatchObject({ code: 0, stdout: '1 of 1 moved\n' });
    expect(rules).toEqual([`list ${vms}`, `list,watch ${vmis}`, `list,watch,create ${migrations}`]);
  });

  test('cancel', async () => {
    await migrating('session-cache');
    const { last, rules } = await granting('canceller', ['cancel', ...SHOP, 'session-cache', '--yes']);
    expect(last.code).toBe(0);
    expect(rules).toEqual([`get,list,watch ${vmis}`, `list,watch,delete ${migrations}`]);
  });
});

describe('a user who may edit a namespace', () => {
  test('may check and save it, and is told what moving needs; with that, they move', async () => {
    const ferry = await user('eve', ['edit'], 'shop');
    const checked = await ferry('check', ...SHOP, 'storefront-web-1', '--explain');
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain(
      'Have this rule in a ClusterRole, bound to you by a ClusterRoleBinding: apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstancemigrations"], verbs: ["list"].',
    );
    expect((await ferry('snapshot', ...SHOP)).code).toBe(0);
    expect((await ferry('check', '-A')).code).toBe(7);
    const refused = await ferry('move', ...SHOP, 'storefront-web-1', '--yes');
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain(
      'error: you may not create virtualmachineinstancemigrations.kubevirt.io in namespace shop (FERRY_E_FORBIDDEN)',
    );
    expect(refused.stderr).toContain('KubeVirt 1.5 and newer bring it as ClusterRole kubevirt.io:migrate.');
    const rules = rulesIn(refused.stderr);
    expect(rules.map(short)).toEqual([`create ${migrations}`]);
    await grant('eve', rules);
    expect(await ferry('move', ...SHOP, 'storefront-web-1', '--yes')).toMatchObject({
      code: 0,
      stdout: '1 of 1 moved\n',
    });
    await migrating('session-cache');
    const cancelled = await ferry('cancel', ...SHOP, 'session-cache', '--yes');
    expect(cancelled.code).toBe(7);
    expect(rulesIn(cancelled.stderr).map(short)).toEqual([`delete ${migrations}`]);
    await grant('eve', rulesIn(cancelled.stderr));
    expect((await ferry('cancel', ...SHOP, 'session-cache', '--yes')).code).toBe(0);
  });
});

test('with KubeVirt 1.4, whoever may edit a namespace may migrate in it', async () => {
  const old = await startLab({ scenario: 'small', speed: 50, seed: 'rights', cnv: '4.18' });
  const client = await connect({ kubeconfig: file('old-admin', old.kubeconfig) }, realTiming);
  try {
    const body = { name: 'eve', roles: ['edit'], namespace: 'shop' };
    const { text } = await client.raw('POST', '/lab/v1/users', { body });
    const kubeconfig = file('old-eve', (JSON.parse(text) as { kubeconfig: string }).kubeconfig);
    const env = { KUBECONFIG: kubeconfig, HOME: folder };
    expect(await run(['move', ...SHOP, 'orders-db', '--yes'], { env })).toMatchObject({ code: 0 });
  } finally {
    client.close();
    await old.stop();
  }
});

test('a user with kubevirt.io:view and kubevirt.io:migrate needs no more', async () => {
  const ferry = await user('mia', ['kubevirt.io:view', 'kubevirt.io:migrate']);
  expect((await ferry('check', ...SHOP, 'orders-db')).code).toBe(0);
  expect((await ferry('snapshot', '-A')).code).toBe(0);
  expect(await ferry('move', ...SHOP, 'storefront-web-2', '--yes')).toMatchObject({ code: 0 });
  await migrating('session-cache');
  expect((await ferry('cancel', ...SHOP, 'session-cache', '--yes')).code).toBe(0);
});

test('a user who may not read nodes is told what choosing one needs', async () => {
  const ferry = await user('max', ['kubevirt.io:view', 'kubevirt.io:migrate']);
  const from = lab.store.get<VirtualMachineInstance>('virtualmachineinstances.kubevirt.io', 'shop', 'orders-db');
  const to = from?.status?.nodeName === 'worker-2' ? 'worker-0' : 'worker-2';
  const refused = await ferry('move', ...SHOP, 'orders-db', '--to', to, '--yes');
  expect(refused.code).toBe(7);
  expect(refused.stderr).toContain(
    'error: you may not list nodes in the whole cluster (FERRY_E_FORBIDDEN)\nThis rule in a ClusterRole ',
  );
  await grant('max', rulesIn(refused.stderr), 'cluster');
  expect(await ferry('move', ...SHOP, 'orders-db', '--to', to, '--yes')).toMatchObject({ code: 0 });
});

describe('ferry lab user', () => {
  const env = (): NodeJS.ProcessEnv => ({ XDG_STATE_HOME: join(folder, 'state'), HOME: folder });

  beforeAll(() => {
    const { url } = lab;
    writeLabState(
      {
        pid: process.pid,
        url,
        port: Number(new URL(url).port),
        kubeconfig: join(folder, 'admin'),
        scenario: 'small',
        speed: 50,
        seed: 'rights',
        cnv: '4.20',
        kubevirt: '1.6',
        startedAt: new Date().toISOString(),
      },
      env(),
    );
  });

  test('makes a user with roles, and a kubeconfig that only its owner can read', async () => {
    const argv = ['lab', 'user', 'ann', '--role', 'view', '--role', 'kubevirt.io:migrate', '-n', 'finance'];
    const made = await run([...argv, '--group', 'team-a'], { env: env() });
    const path = join(folder, 'state/ferry/lab/kubeconfig-ann');
    expect(made).toEqual({
      code: 0,
      stdout: `export KUBECONFIG=${path}\n`,
      stderr: 'User ann has the roles view, kubevirt.io:migrate in namespace finance.\n',
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const client = await connect({ kubeconfig: path }, realTiming);
    expect(client.namespace).toBe('finance');
    const me = await client.raw('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} });
    expect((JSON.parse(me.text) as { status: unknown }).status).toEqual({
      userInfo: { username: 'ann', groups: ['team-a', 'system:authenticated'] },
    });
    client.close();
    const as = { env: { KUBECONFIG: path, HOME: folder } };
    expect((await run(['check', 'ledger-db'], as)).code).toBe(0);
    expect((await run(['check', '-n', 'shop'], as)).code).toBe(7);
    // Once more: another role, another kubeconfig.
    const more = await run(
      ['lab', 'user', 'ann', '--role', 'view', '-n', 'shop', '--kubeconfig', join(folder, 'ann2')],
      {
        env: env(),
      },
    );
    expect(more.code).toBe(0);
    expect((await run(['check', '-n', 'shop', 'orders-db'], as)).code).toBe(0);
  });

  test.each<[string, string[], number, string]>([
    [
      'a role that is not there',
      ['ann', '--role', 'nosuch'],
      2,
      'error: there is no ClusterRole nosuch; there are admin, cdi.kubevirt.io:admin,',
    ],
    ['a namespace that is not there', ['ann', '--role', 'view', '-n', 'nosuch'], 2, 'there is no namespace nosuch'],
    ['a name that is none', ['system:admin'], 2, 'a user has a name of letters, digits and .-_@'],
    ['somebody’s own kubeconfig', ['ann', '--kubeconfig', 'MINE'], 8, 'is not the kubeconfig of a lab'],
  ])('refuses %s', async (_, argv, code, sentence) => {
    const mine = file('mine', 'apiVersion: v1\nkind: Config\n');
    const ran = await run(['lab', 'user', ...argv.map((word) => word.replace('MINE', mine))], { env: env() });
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(sentence);
    expect(readFileSync(mine, 'utf8')).toBe('apiVersion: v1\nkind: Config\n');
  });

  test('needs a lab that runs', async () => {
    const ran = await run(['lab', 'user', 'ann'], { env: { XDG_STATE_HOME: join(folder, 'none'), HOME: folder } });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('FERRY_E_LAB_NOT_RUNNING') });
  });
});

test('the paths of the lab itself are the admin’s alone, whatever roles say', async () => {
  await user('root', ['cluster-admin']);
  const root = await connect({ kubeconfig: join(folder, 'root') }, realTiming);
  const answer = await root.raw('GET', '/lab/v1/time', { accept: () => true });
  root.close();
  expect([answer.status, (JSON.parse(answer.text) as { message: string }).message]).toEqual([
    403,
    'forbidden: User "root" cannot get path "/lab/v1/time"',
  ]);
});
