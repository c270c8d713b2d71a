import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import { Clock } from '../clock.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import { random } from '../random.ts';
import { rbac } from './rbac/rights.ts';
import { Store } from './store.ts';
import { startTestServer, type TestServer } from './testing.ts';

// kubectl, the real one, on a bare API server.

const present = spawnSync('kubectl', ['version', '--client']).status === 0;

let at: TestServer;
let folder: string;
let env: NodeJS.ProcessEnv;
/** Called when the next watch begins. */
const onWatch: (() => void)[] = [];

interface Ran {
  code: number;
  out: string;
  err: string;
}

function kubectl(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile('kubectl', args, { env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
}

/** Runs kubectl; its output, if it succeeds. */
async function ok(...args: string[]): Promise<string> {
  const { code, out, err } = await kubectl(...args);
  expect(`${err}${code}`.replace(/^Warning:.*\n/gm, '')).toBe('0');
  return out;
}

function file(name: string, ...objects: object[]): string {
  const path = join(folder, name);
  writeFileSync(path, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return path;
}

const columns = (line: string): string[] => line.trim().split(/\s{2,}/);
const vm = (name: string, spec: object = {}): object => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name, labels: { app: name } },
  spec: { runStrategy: 'Always', template: { spec: { domain: { devices: {}, cpu: { cores: 2 } } } }, ...spec },
});

describe.skipIf(!present)('kubectl', () => {
  beforeAll(async () => {
    const clock = new Clock(Date.parse('2026-11-22T20:00:00Z'));
    const store = new Store(clock, random('kubectl'));
    const rights = rbac(store);
    at = await startTestServer({
      clock,
      store,
      rights: {
        ...rights,
        authorize: (attributes) => {
          if (attributes.verb === 'watch') for (const wake of onWatch.splice(0)) wake();
          return rights.authorize(attributes);
        },
      },
    });
    folder = mkdtempSync(join(tmpdir(), 'ferry-kubectl-'));
    const kubeconfig = join(folder, 'config');
    const users = [
      { name: 'admin', token: 'admin', context: 'lab' },
      { name: 'bob', token: 'bob' },
    ];
    await writeKubeconfig(kubeconfig, {
      server: at.server.url,
      ca: at.certificates.ca,
      users,
      name: 'lab',
      namespace: 'default',
    });
    env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig };
    at.put('nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'worker-1', labels: { 'node-role.kubernetes.io/worker': '' } },
      status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.33.5' } },
    } as KubeObject);
    at.put('virtualmachines.kubevirt.io', {
      ...vm('web'),
      metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
      status: { printableStatus: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    } as unknown as KubeObject);
  });
  afterAll(async () => {
    expect(at.faults).toEqual([]);
    await at.close();
    rmSync(folder, { recursive: true });
  });

  test('get shows tables with the columns of the kind', async () => {
    const [head = '', row = ''] = (await ok('get', 'nodes')).split('\n');
    expect(columns(head)).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION']);
    expect(columns(row)).toEqual(['worker-1', 'Ready', 'worker', '0s', 'v1.33.5']);
    const [wide = ''] = (await ok('get', 'nodes', '-o', 'wide')).split('\n');
    expect(columns(wide)).toContain('INTERNAL-IP');
    expect(columns((await ok('get', 'vm', 'web')).split('\n')[1] ?? '')).toEqual(['web', '0s', 'Running', 'True']);
  });

  test('get gives objects as YAML, JSON, names and paths', async () => {
    expect(await ok('get', 'vm', 'web', '-o', 'yaml')).toContain('runStrategy: Always');
    expect((JSON.parse(await ok('get', 'vms', '-o', 'json')) as { items: unknown[] }).items).toHaveLength(1);
    expect(await ok('get', 'vm', '-l', 'app=web', '-o', 'name')).toBe('virtualmachine.kubevirt.io/web\n');
    expect(
      await ok(
        'get',
        'vm',
        '-A',
        '--field-selector',
        'metadata.name=web',
        '-o',
        'jsonpath={.items[*].spec.runStrategy}',
      ),
    ).toBe('Always');
    expect(await ok('get', 'node', 'worker-1', '-o', 'jsonpath={.kind}')).toBe('Node');
  });

  test('get in chunks sees everything once', async () => {
    for (let index = 0; index < 25; index++)
      at.put('configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `c${index}`, namespace: 'kube-public' },
      });
    expect(
      (await ok('get', 'cm', '-n', 'kube-public', '--chunk-size=10', '-o', 'name')).trim().split('\n'),
    ).toHaveLength(25);
  });

  test('get -w follows changes', async () => {
    const watch = spawn('kubectl', ['get', 'cm', '-n', 'kube-system', '-w', '--output-watch-events'], { env });
    let seen = '';
    // kubectl writes a row in pieces.
    const until = (pattern: RegExp): Promise<void> =>
      new Promise((resolve) => {
        watch.stdout.on('data', () => pattern.test(seen) && resolve());
      });
    watch.stdout.setEncoding('utf8').on('data', (part: string) => (seen += part));
    at.put('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'watched', namespace: 'kube-system' },
    });
    await until(/ADDED\s+watched/);
    const gone = until(/DELETED\s+watched/);
    at.store.delete('configmaps', 'kube-system', 'watched');
    await gone;
    watch.kill();
    expect(seen.indexOf('ADDED')).toBeLessThan(seen.indexOf('DELETED'));
  });

  test('describe shows a custom resource and its events', async () => {
    at.put('events', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'web.1', namespace: 'default' },
      involvedObject: {
        kind: 'VirtualMachine',
        namespace: 'default',
        name: 'web',
        uid: at.store.get('virtualmachines.kubevirt.io', 'default', 'web')?.metadata.uid,
      },
      reason: 'SuccessfulCreate',
      message: 'Started the virtual machine',
      type: 'Normal',
    } as KubeObject);
    const text = await ok('describe', 'vm', 'web');
    expect(text).toMatch(/Run Strategy:\s+Always/);
    expect(text).toMatch(/SuccessfulCreate .* Started the virtual machine/);
    expect(await ok('describe', 'node', 'worker-1')).toMatch(/Unschedulable:\s+false/);
  });

  test('apply creates, leaves and changes; what is left out goes', async () => {
    const path = file('vm.json', vm('applied', { updateVolumesStrategy: 'Migration' }));
    expect(await ok('apply', '-f', path)).toContain('created');
    expect(await ok('apply', '-f', path)).toContain('unchanged');
    expect(await ok('apply', '-f', file('vm.json', vm('applied')))).toContain('configured');
    expect(await ok('get', 'vm', 'applied', '-o', 'jsonpath={.spec.updateVolumesStrategy}')).toBe('');
    const pod = (image: string): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        containers: [
          { name: 'c', image },
          { name: 'd', image: 'same' },
        ],
      },
    });
    await ok('apply', '-f', file('pod.json', pod('one')));
    expect(await ok('apply', '-f', file('pod.json', pod('two')))).toContain('configured');
    expect(await ok('get', 'pod', 'p', '-o', 'jsonpath={.spec.containers[*].image}')).toBe('two same');
  });

  test('apply --server-side refuses to take over, until it is forced to', async () => {
    const path = file('ssa.json', vm('ssa'));
    expect(await ok('apply', '--server-side', '-f', path)).toContain('serverside-applied');
    const other = file('ssa.json', vm('ssa', { runStrategy: 'Halted' }));
    const refused = await kubectl('apply', '--server-side', '--field-manager=other', '-f', other);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('conflict with "kubectl": .spec.runStrategy');
    await ok('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', other);
    expect(await ok('get', 'vm', 'ssa', '-o', 'jsonpath={.spec.runStrategy}')).toBe('Halted');
  });

  test('apply --server-side takes over what was applied by the client', async () => {
    const path = file('migrate.json', vm('migrated'));
    await ok('apply', '-f', path);
    await ok('apply', '--server-side', '-f', path);
    expect(await ok('get', 'vm', 'migrated', '-o', 'jsonpath={.metadata.generation}')).toBe('1');
  });

  test('patch knows every type the kind allows', async () => {
    await ok('apply', '-f', file('patch.json', vm('patched')));
    await ok('patch', 'vm', 'patched', '--type=merge', '-p', '{"spec":{"runStrategy":"Halted"}}');
    await ok(
      'patch',
      'vm',
      'patched',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/runStrategy","value":"Manual"}]',
    );
    expect(await ok('get', 'vm', 'patched', '-o', 'jsonpath={.spec.runStrategy}')).toBe('Manual');
    expect((await kubectl('patch', 'vm', 'patched', '-p', '{"spec":{}}')).err).toContain(
      'strategic-merge-patch+json is not supported',
    );
    await ok('patch', 'node', 'worker-1', '-p', '{"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}');
    await ok('patch', 'vm', 'patched', '--subresource=status', '--type=merge', '-p', '{"status":{"ready":true}}');
    expect(await ok('get', 'vm', 'patched', '-o', 'jsonpath={.status.ready}')).toBe('true');
  });

  test('label, annotate, cordon and uncordon change what they say', async () => {
    await ok('label', 'vm', 'web', 'tier=prod');
    await ok('annotate', 'node', 'worker-1', 'a=b');
    await ok('cordon', 'worker-1');
    expect(await ok('get', 'node', 'worker-1')).toContain('Ready,SchedulingDisabled');
    await ok('uncordon', 'worker-1');
    expect(await ok('get', 'node', 'worker-1')).not.toContain('SchedulingDisabled');
    expect(await ok('get', 'vm', '-l', 'tier in (prod)', '-o', 'name')).toContain('web');
  });

  test('create sends typed objects as protobuf, and dry runs change nothing', async () => {
    await ok('create', 'namespace', 'made');
    await ok('create', 'configmap', 'c', '--from-literal=a=b');
    expect(await ok('get', 'cm', 'c', '-o', 'jsonpath={.data.a}')).toBe('b');
    expect(await ok('create', '-f', file('dry.json', vm('dry')), '--dry-run=server')).toContain(
      'created (server dry run)',
    );
    expect((await kubectl('get', 'vm', 'dry')).err).toContain(
      'Error from server (NotFound): virtualmachines.kubevirt.io "dry" not found',
    );
  });

  test('create --validate refuses unknown fields', async () => {
    const { code, err } = await kubectl('create', '-f', file('bad.json', vm('bad', { bogus: 1 })));
    expect(code).toBe(1);
    expect(err).toContain('unknown field "spec.bogus"');
  });

  test('diff shows what apply would change', async () => {
    await ok('apply', '-f', file('diff.json', vm('diffed')));
    const { code, out } = await kubectl('diff', '-f', file('diff.json', vm('diffed', { runStrategy: 'Halted' })));
    expect(code).toBe(1);
    expect(out).toMatch(/-\s+runStrategy: Always\n\+\s+runStrategy: Halted/);
    expect((await kubectl('diff', '-f', file('diff.json', vm('diffed')))).code).toBe(0);
  });

  test('wait sees conditions, values and deletions', async () => {
    await ok('apply', '-f', file('wait.json', vm('waited')));
    const ready = ok('wait', 'vm/waited', '--for=jsonpath={.status.ready}=true', '--timeout=20s');
    await ok('patch', 'vm', 'waited', '--subresource=status', '--type=merge', '-p', '{"status":{"ready":true}}');
    expect(await ready).toContain('condition met');
    expect(
      await ok('wait', 'crd/virtualmachines.kubevirt.io', '--for=condition=Established', '--timeout=5s'),
    ).toContain('condition met');
    // What is gone before it looks, kubectl does not mention.
    const looking = new Promise<void>((resolve) => onWatch.push(resolve));
    const gone = ok('wait', 'vm/waited', '--for=delete', '--timeout=20s');
    await looking;
    expect(await ok('delete', 'vm', 'waited')).toContain('deleted');
    expect(await gone).toContain('condition met');
  });

  test('explain knows the fields', async () => {
    expect(await ok('explain', 'vmim.spec.addedNodeSelector')).toContain('Labels the target node must have');
    expect(await ok('explain', 'pod.spec.containers')).toContain('resources');
    expect(await ok('explain', 'hyperconverged.spec.liveMigrationConfig')).toContain('parallelMigrationsPerCluster');
  });

  test('api-resources lists kinds with their short names', async () => {
    const text = await ok('api-resources', '--api-group=kubevirt.io');
    expect(text).toMatch(
      /virtualmachineinstancemigrations\s+vmim,vmims\s+kubevirt.io\/v1\s+true\s+VirtualMachineInstanceMigration/,
    );
    expect(await ok('api-versions')).toContain('nmstate.io/v1beta1');
  });

  test('auth can-i answers as the authorizer does', async () => {
    expect(await ok('auth', 'can-i', 'create', 'vmim')).toBe('yes\n');
    const denied = await kubectl('--context=lab-bob', 'auth', 'can-i', 'list', 'nodes');
    expect([denied.code, denied.out]).toEqual([1, 'no\n']);
    expect(await ok('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('kubernetes-admin');
    expect((await kubectl('--context=lab-bob', 'get', 'nodes')).err).toContain(
      'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope',
    );
    expect((await kubectl('--as=bob', 'get', 'nodes')).code).toBe(1);
  });

  test('roles and bindings are made with kubectl, and auth tells what they grant', async () => {
    await ok('create', 'role', 'mover', '--verb=create,list', '--resource=virtualmachineinstancemigrations');
    await ok('create', 'rolebinding', 'mover', '--role=mover', '--user=bob', '--serviceaccount=default:bot');
    await ok('create', 'clusterrole', 'all-things', '--aggregation-rule=things=yes');
    const bob = (...args: string[]): ReturnType<typeof kubectl> => kubectl('--context=lab-bob', ...args);
    expect((await bob('auth', 'can-i', 'create', 'vmim')).out).toBe('yes\n');
    expect((await bob('auth', 'can-i', 'create', 'vmim', '-n', 'kube-system')).out).toBe('no\n');
    const list = (await bob('auth', 'can-i', '--list')).out.split('\n').map(columns);
    expect(list).toContainEqual(['virtualmachineinstancemigrations.kubevirt.io', '[]', '[]', '[create list]']);
    expect(list).toContainEqual(['selfsubjectreviews.authentication.k8s.io', '[]', '[]', '[create]']);
    expect((await bob('auth', 'whoami')).out.split('\n').map(columns)).toEqual([
      ['ATTRIBUTE', 'VALUE'],
      ['Username', 'bob'],
      ['Groups', '[system:authenticated]'],
      [''],
    ]);
    const described = await ok('get', 'clusterrole', 'all-things', '-o', 'jsonpath={.aggregationRule}');
    expect(JSON.parse(described)).toEqual({ clusterRoleSelectors: [{ matchLabels: { things: 'yes' } }] });
    const escalating = await bob('create', 'clusterrolebinding', 'me', '--clusterrole=cluster-admin', '--user=bob');
    expect(escalating.err).toContain(
      'clusterrolebindings.rbac.authorization.k8s.io is forbidden: User "bob" cannot create resource "clusterrolebindings"',
    );
  });

  test('create token gives a token of the service account, which is let in', async () => {
    await ok('create', 'serviceaccount', 'bot');
    const token = (await ok('create', 'token', 'bot', '--duration=20m')).trim();
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, number>;
    expect((claims['exp'] ?? 0) - (claims['iat'] ?? 0)).toBe(1200);
    const path = join(folder, 'bot');
    await writeKubeconfig(path, {
      server: at.server.url,
      ca: at.certificates.ca,
      users: [{ name: 'bot', token }],
      name: 'lab',
      namespace: 'default',
    });
    const bot = (...args: string[]): ReturnType<typeof kubectl> => kubectl(`--kubeconfig=${path}`, ...args);
    const whoami = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
    expect((await bot(...whoami)).out).toBe('system:serviceaccount:default:bot');
    expect((await bot('auth', 'can-i', 'create', 'vmim')).out).toBe('yes\n');
    await ok('delete', 'serviceaccount', 'bot');
    expect((await bot(...whoami)).err).toContain('You must be logged in to the server');
  });

  test('replace and edit-like round trips keep the resourceVersion honest', async () => {
    const text = await ok('get', 'vm', 'web', '-o', 'json');
    await ok('label', 'vm', 'web', 'changed=1');
    const path = join(folder, 'stale.json');
    writeFileSync(path, text);
    const { code, err } = await kubectl('replace', '-f', path);
    expect(code).toBe(1);
    expect(err).toContain('the object has been modified');
  });
});
