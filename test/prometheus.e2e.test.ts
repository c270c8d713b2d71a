import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Lab } from '../src/lab/lab.ts';
import { startLab } from '../src/lab/lab.ts';
import type {
  Node,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../src/model/objects.ts';

// Prometheus, the real one, scrapes the lab and answers what the OpenShift console asks (kubevirt-plugin: the VM's and the
// cluster's migration charts, top consumers) and evaluates KubeVirt's own rules. What it says must be what the lab has.

const hasPrometheus = ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0);
const SPEED = 10;
/** Of the charts' windows: as long as everything has been scraped for when they are asked. */
const WINDOW = '10s';

let lab: Lab;
let folder: string;
let prometheus: ChildProcess;
let port: number;
let output = '';

const credentials = (): { ca: string; token: string } => {
  const { clusters, users } = parse(lab.kubeconfig) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  return {
    ca: Buffer.from(clusters[0]!.cluster['certificate-authority-data'], 'base64').toString(),
    token: users[0]!.user.token,
  };
};

function ask(path: string): Promise<{ status: number; text: string }> {
  const { ca, token } = credentials();
  return new Promise((resolve, reject) => {
    const request = httpsGet(`${lab.url}${path}`, { ca, headers: { authorization: `Bearer ${token}` } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
  });
}

const store = {
  vms: () => lab.store.list<VirtualMachine>('virtualmachines.kubevirt.io'),
  vmis: () => lab.store.list<VirtualMachineInstance>('virtualmachineinstances.kubevirt.io'),
  nodes: () => lab.store.list<Node>('nodes'),
  migrations: () => lab.store.list<VirtualMachineInstanceMigration>('virtualmachineinstancemigrations.kubevirt.io'),
};

const vmi = (name: string): VirtualMachineInstance => store.vmis().find(({ metadata }) => metadata.name === name)!;
const keyOf = ({ namespace, name }: { namespace?: string; name?: string }): string => `${namespace}/${name}`;

/** Creates a migration as a user would. */
async function migrate(namespace: string, vmiName: string, name: string): Promise<void> {
  const { ca, token } = credentials();
  const { request } = await import('node:https');
  const body = JSON.stringify({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace },
    spec: { vmiName },
  });
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstancemigrations`;
  const status = await new Promise<number>((resolve, reject) => {
    const sent = request(
      `${lab.url}${path}`,
      { method: 'POST', ca, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } },
      (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)),
    );
    sent.on('error', reject).end(body);
  });
  expect(status).toBe(201);
}

const phaseOf = (name: string): string | undefined =>
  store.migrations().find(({ metadata }) => metadata.name === name)?.status?.phase;

interface Sample {
  metric: Record<string, string>;
  value: number;
}

async function api<T>(path: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
  if (status !== 'success') throw new Error(`${path}: ${error}`);
  return data;
}

async function query(expr: string): Promise<Sample[]> {
  const { result } = await api<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
    `query?query=${encodeURIComponent(expr)}`,
  );
  return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

async function one(expr: string): Promise<number> {
  const samples = await query(expr);
  expect(samples, expr).toHaveLength(1);
  return samples[0]!.value;
}

/** Asks again until the answer will do; a machine under load takes its time. */
async function until<T>(look: () => Promise<T> | T, enough: (seen: T) => boolean, what: string): Promise<T> {
  let seen = await look();
  for (let tries = 0; tries < 300; tries++) {
    if (enough(seen)) return seen;
    await sleep(300);
    seen = await look();
  }
  throw new Error(`${what}: ${JSON.stringify(seen)}\n${output.slice(-2000)}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

interface Config {
  global: Record<string, string>;
  scrape_configs: { http_sd_configs: { refresh_interval: string }[] }[];
}

beforeAll(async () => {
  if (!hasPrometheus) return;
  lab = await startLab({ scenario: 'small', speed: SPEED, seed: 'prometheus' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-prometheus-'));
  const { ca, token } = credentials();
  const config = JSON.parse((await ask('/lab/v1/prometheus')).text) as Config;
  Object.assign(config.global, { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' });
  for (const { http_sd_configs } of config.scrape_configs) http_sd_configs[0]!.refresh_interval = '1s';
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  writeFileSync(join(folder, 'rules.json'), (await ask('/lab/v1/prometheus/rules')).text);
  writeFileSync(join(folder, 'ca.crt'), ca);
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
  port = await freePort();
  const flags = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  prometheus = spawn('prometheus', flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [prometheus.stdout, prometheus.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  // Two migrations that converge, one that never will, and one VM that is sent around.
  await migrate('shop', 'session-cache', 'hopeless');
  await migrate('shop', 'search-index', 'fine');
  const samples = async (): Promise<Sample[]> =>
    await query('min_over_time(timestamp(up)[1m:1s])').catch((): Sample[] => []);
  await until(
    samples,
    (seen) => seen.length > 10 && seen.every(({ value }) => Date.now() / 1000 - value > 15),
    'everything has been scraped for a while',
  );
});

afterAll(async () => {
  if (!hasPrometheus) return;
  if (prometheus.exitCode === null) {
    prometheus.kill();
    await once(prometheus, 'exit');
  }
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

const within = (share: number, wanted: number): { min: number; max: number } => ({
  min: wanted * (1 - share),
  max: wanted * (1 + share),
});

function expectWithin(value: number, { min, max }: { min: number; max: number }, what: string): void {
  expect(value, what).toBeGreaterThanOrEqual(min);
  expect(value, what).toBeLessThanOrEqual(max);
}

describe.skipIf(!hasPrometheus)('a Prometheus beside the lab', () => {
  test('takes the configuration and the rules, and reaches every target', async () => {
    const checked = execFileSync('promtool', ['check', 'config', join(folder, 'prometheus.yml')], { encoding: 'utf8' });
    expect(checked).toContain('SUCCESS');
    expect(output).not.toMatch(/level=(error|warn)/);
    const targets = JSON.parse((await ask('/lab/v1/prometheus/targets')).text) as object[];
    const up = await query('up');
    expect(up).toHaveLength(targets.length);
    expect(up.filter(({ value }) => value !== 1)).toEqual([]);
    const nodes = store.nodes().map(({ metadata }) => metadata.name);
    expect(
      (await query('up{job="node-exporter"}'))
        .map(({ metric }) => metric['instance'] ?? '')
        .sort((a, b) => a.localeCompare(b)),
    ).toEqual(nodes.sort((a, b) => a.localeCompare(b)));
    const handlers = lab.store
      .list<Pod>('pods')
      .filter((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler');
    expect(await one('kubevirt_virt_handler_up')).toBe(handlers.length);
  });

  test('has every series under its own name once', async () => {
    const scraped = await query('sum by (job) (scrape_samples_scraped)');
    const stored = await query('sum by (job) (scrape_samples_post_metric_relabeling)');
    expect(stored).toEqual(scraped);
    expect(output).not.toContain('duplicate timestamp');
    expect(output).not.toContain('Error on ingesting');
  });

  test('charts a migration that does not converge', async () => {
    const of = `{name='session-cache',namespace='shop'}`;
    const by = 'BY (name, namespace)';
    const chart = (fn: string, metric: string): Promise<number> =>
      one(`sum(${fn}(kubevirt_vmi_migration_${metric}${of}[${WINDOW}])) ${by}`);
    expect(phaseOf('hopeless')).toBe('Running');
    const state = vmi('session-cache').status!.migrationState!;
    const processed = await chart('max_over_time', 'data_processed_bytes');
    const remaining = await chart('min_over_time', 'data_remaining_bytes');
    const dirty = await chart('avg_over_time', 'dirty_memory_rate_bytes');
    const transfer = await chart('avg_over_time', 'disk_transfer_rate_bytes');
    // virt-launcher logs the same job every few seconds.
    const log = await ask(`/api/v1/namespaces/shop/pods/${state.sourcePod}/log`);
    const told = [...log.text.matchAll(/DataProcessed:(\d+)MiB/g)].map(([, done]) => Number(done) * 2 ** 20);
    expect(told.length).toBeGreaterThan(3);
    const elapsed = (lab.clock.now() - Date.parse(state.startTimestamp!)) / 1000;
    expectWithin(processed, { min: transfer * elapsed * 0.5, max: transfer * elapsed * 1.1 }, 'processed');
    const slack = transfer * 2 * SPEED;
    const last = told.at(-1)!;
    expectWithin(processed, { min: last - slack, max: last + slack }, 'processed, as virt-launcher logs it');
    expect(remaining).toBeGreaterThan(0);
    expect(remaining, 'no more than what the guest rewrites').toBeLessThanOrEqual(12 * 2 ** 30);
    expectWithin(transfer, within(0.05, lab.network.linkSpeed('worker-1')), 'the link is used up');
    // What is written in a round and can't be sent in it; pages written twice count once.
    expect(dirty).toBeGreaterThan(0.9 * transfer);
    expect(await one(`kubevirt_vmi_migration_data_total_bytes${of}`)).toBe(24 * 2 ** 30);
  });

  test('charts what the migrations of all VMs have carried', async () => {
    await until(
      () => phaseOf('fine'),
      (phase) => phase === 'Succeeded',
      'search-index has moved',
    );
    const carried = await query(
      'sum by (name, namespace) (max_over_time(kubevirt_vmi_migration_data_processed_bytes[1m]))',
    );
    expect(carried.map(({ metric }) => metric['name'])).toEqual(
      expect.arrayContaining(['search-index', 'session-cache']),
    );
    const moved = carried.find(({ metric }) => metric['name'] === 'search-index')!.value;
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThanOrEqual(2 * 16 * 2 ** 30);
  });

  test('counts migrations as the lab has them', async () => {
    const running = store.migrations().filter(({ status }) => status?.phase === 'Running').length;
    await until(
      () => query('sum(kubevirt_vmi_migrations_in_running_phase)'),
      ([sum]) => sum?.value === running,
      `${running} in the phase Running`,
    );
    for (const phase of ['pending', 'scheduling', 'unset']) {
      expect(await one(`sum(kubevirt_vmi_migrations_in_${phase}_phase)`)).toBe(0);
    }
    const done = await until(
      () => query('kubevirt_vmi_migration_succeeded'),
      (seen) => seen.length > 0,
      'one is done',
    );
    expect(done.map(({ metric }) => [metric['vmim'], metric['vmi'], metric['namespace']])).toEqual([
      ['fine', 'search-index', 'shop'],
    ]);
    const { startTimestamp, endTimestamp, targetNode } = vmi('search-index').status!.migrationState!;
    const took = await query(
      `kubevirt_vmi_migration_end_time_seconds{name="search-index"} - on (name) kubevirt_vmi_migration_start_time_seconds`,
    );
    expect(took[0]!.value * SPEED).toBeCloseTo((Date.parse(endTimestamp!) - Date.parse(startTimestamp!)) / 1000, 1);
    const [ended] = await query('kubevirt_vmi_migration_end_time_seconds{name="search-index"}');
    expect(ended!.metric).toMatchObject({
      node: targetNode,
      namespace: 'shop',
      migration_name: 'fine',
      status: 'succeeded',
    });
  });

  test('ranks the top consumers by what their guests do', async () => {
    const top = await query(
      `sort_desc(topk(5, sum(rate(kubevirt_vmi_cpu_usage_seconds_total[${WINDOW}])) BY (name, namespace)))`,
    );
    const declared = new Map(
      store.vmis().map((each) => [keyOf(each.metadata), Number(each.metadata.annotations?.['lab.ferry.run/cpu'])]),
    );
    const wanted = [...declared].sort(([, a], [, b]) => b - a).slice(0, 3);
    expect(top.slice(0, 2).map(({ metric }) => keyOf(metric))).toEqual(wanted.slice(0, 2).map(([key]) => key));
    for (const { metric, value } of top) expectWithin(value, within(0.08, declared.get(keyOf(metric))!), keyOf(metric));
    const nodes = await query(
      `sort_desc(topk(5, sum(rate(kubevirt_vmi_cpu_usage_seconds_total[${WINDOW}])) by (node))) > 0`,
    );
    expect(nodes.length).toBeGreaterThan(1);
    const waiting = await query(
      `sort_desc(topk(5, sum(rate(kubevirt_vmi_vcpu_wait_seconds_total[${WINDOW}])) by (namespace, name))) > 0`,
    );
    expect(keyOf(waiting[0]!.metric)).toBe(wanted[0]![0]);
    const throughput = await query(
      `sort_desc(topk(5, sum(rate(kubevirt_vmi_storage_read_traffic_bytes_total[${WINDOW}]) + rate(kubevirt_vmi_storage_write_traffic_bytes_total[${WINDOW}])) by (namespace, name))) > 0`,
    );
    expect(throughput).toHaveLength(5);
    const network = await query(
      `sum(rate(kubevirt_vmi_network_transmit_bytes_total[${WINDOW}]) + rate(kubevirt_vmi_network_receive_bytes_total[${WINDOW}])) BY (name, namespace, cluster)`,
    );
    const busiest = network.find(({ metric }) => keyOf(metric) === wanted[0]![0])!;
    expectWithin(busiest.value, within(0.08, wanted[0]![1] * 4_000_000), 'traffic of the busiest VM');
  });

  test('shows the overview the sizes that the cluster has', async () => {
    const running = store.vmis().filter(({ status }) => status?.phase === 'Running');
    const vcpus = running.reduce(
      (sum, { spec }) => sum + (spec.domain.cpu?.cores ?? 1) * (spec.domain.cpu?.sockets ?? 1),
      0,
    );
    expect(await one('count(count by (name,namespace)(kubevirt_vmi_memory_used_bytes))')).toBe(running.length);
    expect(await one('count(kubevirt_vmi_vcpu_wait_seconds_total)')).toBe(vcpus);
    const state = (name: string): string => `kubevirt_vm_${name}_status_last_transition_timestamp_seconds`;
    expect(
      await one(
        `sum(count by (name,namespace)(${['error', 'migrating', 'non_running', 'running', 'starting'].map(state).join(' + ')}))`,
      ),
    ).toBe(store.vms().length);
    expect(await one(`count(${state('migrating')} > 0)`)).toBe(
      store.vms().filter(({ status }) => status?.printableStatus === 'Migrating').length,
    );
    expect(await one('sum(kubevirt_vmi_memory_used_bytes)')).toBeLessThan(
      await one('sum(kubevirt_vmi_memory_domain_bytes)'),
    );
    expect((await query('kubevirt_vmi_phase_count')).reduce((sum, { value }) => sum + value, 0)).toBe(
      store.vmis().length,
    );
  });

  test('tells of the nodes what metrics-server tells', async () => {
    const capacity = await query('sum by(instance) (instance:node_num_cpu:sum)');
    expect(new Map(capacity.map(({ metric, value }) => [metric['instance'], String(value)]))).toEqual(
      new Map(store.nodes().map(({ metadata, status }) => [metadata.name, status!.capacity!['cpu']])),
    );
    const { items } = JSON.parse((await ask('/apis/metrics.k8s.io/v1beta1/nodes')).text) as {
      items: { metadata: { name: string }; usage: { cpu: string; memory: string } }[];
    };
    const cpu = await query(
      `sum by (instance) (rate(node_cpu_seconds_total{mode!="idle",mode!="iowait",mode!="steal"}[${WINDOW}]))`,
    );
    const memory = await query('sum by (instance) (node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes)');
    const valueOf = (samples: Sample[], name: string): number =>
      samples.find(({ metric }) => metric['instance'] === name)!.value;
    for (const { metadata, usage } of items) {
      expectWithin(valueOf(cpu, metadata.name), within(0.1, Number.parseInt(usage.cpu, 10) / 1000), metadata.name);
      expectWithin(
        valueOf(memory, metadata.name),
        within(0.02, Number.parseInt(usage.memory, 10) * 1024),
        metadata.name,
      );
    }
    expect(await query('instance:node_cpu:rate:sum')).toHaveLength(items.length);
  });

  test('evaluates all of KubeVirt’s rules', async () => {
    const { groups } = await api<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }>(
      'rules',
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  test('alerts about exactly the VMs that can’t be evicted', async () => {
    const stuck = store
      .vmis()
      .filter(
        ({ spec, status }) =>
          status?.phase === 'Running' &&
          spec.evictionStrategy === 'LiveMigrate' &&
          !status.conditions?.some(({ type, status: is }) => type === 'LiveMigratable' && is === 'True'),
      )
      .map(({ metadata }) => keyOf(metadata))
      .sort();
    expect(stuck.length).toBeGreaterThan(0);
    const firing = await until(
      () => query('ALERTS{alertname="VMCannotBeEvicted",alertstate="firing"}'),
      (seen) => seen.length > 0,
      'the alert fires',
    );
    expect(firing.map(({ metric }) => keyOf(metric)).sort()).toEqual(stuck);
    const others = await query('ALERTS{alertname!="VMCannotBeEvicted",alertstate="firing"}');
    expect(others).toEqual([]);
  });

  test('alerts about a VM that is sent around', async () => {
    for (let turn = 0; turn < 12; turn++) {
      const name = `around-${turn}`;
      await migrate('lab-test', 'ci-runner-1', name);
      await until(
        () => phaseOf(name),
        (phase) => phase === 'Succeeded',
        `ci-runner-1 has moved ${turn + 1} times`,
      );
      await until(
        () => query(`kubevirt_vmi_migration_succeeded{vmim="${name}"}`),
        (seen) => seen.length === 1,
        `${name} is seen`,
      );
    }
    const firing = await until(
      () => query('ALERTS{alertname="KubeVirtVMIExcessiveMigrations",alertstate="firing"}'),
      (seen) => seen.length > 0,
      'the alert fires',
    );
    expect(firing.map(({ metric }) => [metric['namespace'], metric['vmi']])).toEqual([['lab-test', 'ci-runner-1']]);
    // KubeVirt keeps five; Prometheus remembers the others.
    expect(store.migrations().filter(({ spec }) => spec.vmiName === 'ci-runner-1')).toHaveLength(5);
    const seconds = await one(
      'kubevirt_vmi_migration_phase_transition_time_from_creation_seconds_count{phase="Succeeded"}',
    );
    expect(seconds).toBe(13);
  });

  test('sees a node go down', async () => {
    const node = store.nodes().find(({ metadata }) => metadata.name === 'worker-3')!;
    const annotations = { ...node.metadata.annotations, 'lab.ferry.run/down': 'true' };
    lab.store.update('nodes', { ...node, metadata: { ...node.metadata, annotations } });
    const down = await until(
      () => query('up == 0'),
      (seen) => seen.length >= 4,
      'its targets are down',
    );
    expect(new Set(down.map(({ metric }) => metric['job']))).toEqual(
      new Set(['kubelet', 'node-exporter', 'kubevirt-prometheus-metrics']),
    );
    const orphaned =
      "(((max by (node) (kube_pod_status_ready{condition='true',pod=~'virt-handler.*'} * on(pod) group_left(node) max by(pod,node)(kube_pod_info{pod=~'virt-handler.*',node!=''})) ) == 1) or (count by (node)( kube_pod_info{pod=~'virt-launcher.*',node!=''})*0)) == 0";
    const nodes = await until(
      () => query(orphaned),
      (seen) => seen.length > 0,
      'its VMs have no virt-handler',
    );
    expect(nodes.map(({ metric }) => metric['node'])).toEqual(['worker-3']);
    expect(lab.faults).toEqual([]);
  });

  test('may scrape everything at one place, too', async () => {
    const { status, text } = await ask('/metrics?clock=wall');
    expect(status).toBe(200);
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    // 3: it can read it, and finds fault with names that are KubeVirt's and node-exporter's own; 1: it can't.
    expect([0, 3]).toContain(checked.status);
    const handler = /^up\{[^}]*pod="virt-handler-[^}]*\} 1$/m;
    expect(text).toMatch(handler);
    expect(text).toMatch(/^kubevirt_vmi_info\{[^}]*namespace="shop"[^}]*name="orders-db"/m);
  });
});
