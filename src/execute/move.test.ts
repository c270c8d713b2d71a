import { describe, expect, test } from 'vitest';
import { exitCodeOf, type LinkEvent, type MoveEvent, type MoveOrder, type MoveResult } from './events.ts';
import { runMoves } from './move.ts';
import type { MoveOptions, MovePlan } from './run.ts';
import { type FakeCluster, fakeCluster, NAMESPACE, refused } from './testing/fake-cluster.ts';

const timing = { settle: 30, progress: 5, retry: 5 };

function order(name: string, source: string, target?: string): MoveOrder {
  return {
    vm: { namespace: NAMESPACE, name },
    vmiUid: `vmi-${name}`,
    source,
    ...(target !== undefined && { target: { node: target, selector: { 'kubernetes.io/hostname': target } } }),
  };
}

interface Run {
  events: (MoveEvent | LinkEvent)[];
  results: Promise<MoveResult[]>;
  detach: AbortController;
  /** `web: waiting source`, `web: created`, `web: phase Running`, ... */
  said(): string[];
}

function start(
  cluster: FakeCluster,
  orders: MoveOrder[],
  options: Partial<MoveOptions> & { plan?: Partial<MovePlan> } = {},
): Run {
  const events: Run['events'] = [];
  const detach = new AbortController();
  const plan: MovePlan = {
    orders,
    budgets: { cluster: 5, outbound: 2, inbound: 2 },
    lastNode: new Map(),
    hostnames: new Map(),
    everywhere: { migrations: true, vmis: true },
    handlers: [],
    ...options.plan,
  };
  const results = runMoves(cluster.client, plan, {
    runId: 'run',
    timeout: 0,
    signal: detach.signal,
    emit: (event) => events.push(event),
    timing,
    ...options,
  });
  const said = (): string[] =>
    events.map((event) => {
      if (!('vm' in event)) return event.type;
      const detail =
        event.type === 'waiting'
          ? ` ${event.waiting.for}`
          : event.type === 'phase'
            ? ` ${event.phase}`
            : event.type === 'done'
              ? ` ${event.outcome.result}`
              : '';
      return `${event.vm.name}: ${event.type}${detail}`;
    });
  return { events, results, detach, said };
}

const nameFor = (cluster: FakeCluster, vm: string): string =>
  cluster.migrations().findLast(({ spec, metadata }) => spec.vmiName === vm && metadata.name.startsWith('ferry-'))!
    .metadata.name;

/** Takes a migration through every phase up to Running. */
function run(cluster: FakeCluster, vm: string, target: string): string {
  const name = nameFor(cluster, vm);
  for (const phase of ['Pending', 'Scheduling', 'Scheduled']) cluster.phase(name, phase);
  cluster.handOff(name, target);
  for (const phase of ['PreparingTarget', 'TargetReady', 'Running']) cluster.phase(name, phase);
  return name;
}

function complete(cluster: FakeCluster, vm: string, target: string): void {
  const name = run(cluster, vm, target);
  cluster.vmiDone(name);
  cluster.phase(name, 'Succeeded');
  cluster.migrationDone(name);
}

describe('a move', () => {
  test('is created with its name and labels, told in every phase, and ends with its durations', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a', 'b')]);
    await cluster.settle();
    const created = cluster.migrations()[0]!;
    expect(created.metadata.name).toMatch(/^ferry-web-[0-9a-f]{8}$/);
    expect(created.metadata.labels).toEqual({ 'app.kubernetes.io/managed-by': 'ferry', 'ferry.run/run': 'run' });
    expect(created.spec).toEqual({ vmiName: 'web', addedNodeSelector: { 'kubernetes.io/hostname': 'b' } });
    for (const phase of ['Pending', 'Scheduling']) {
      cluster.phase(created.metadata.name, phase);
      await cluster.settle();
    }
    cluster.handOff(created.metadata.name, 'b');
    for (const phase of ['PreparingTarget', 'Running']) {
      cluster.phase(created.metadata.name, phase);
      await cluster.settle();
    }
    cluster.vmiDone(created.metadata.name);
    cluster.phase(created.metadata.name, 'Succeeded');
    const [result] = await move.results;
    expect(result?.outcome).toMatchObject({ result: 'succeeded', from: 'a', to: 'b', copying: 30 });
    expect(move.said().filter((line) => !line.includes('progress'))).toEqual([
      'web: created',
      'web: phase Pending',
      'web: phase Scheduling',
      'web: phase PreparingTarget',
      'web: phase Running',
      'web: done succeeded',
    ]);
    expect(exitCodeOf(await move.results)).toBe(0);
  });

  test.each<[string, (cluster: FakeCluster, name: string) => Promise<void>]>([
    [
      'the VMI before the migration',
      async (cluster, name) => {
        cluster.vmiDone(name);
        await cluster.settle();
        cluster.phase(name, 'Succeeded');
      },
    ],
    [
      'the migration before the VMI',
      async (cluster, name) => {
        cluster.phase(name, 'Succeeded');
        await cluster.settle();
        cluster.vmiDone(name);
      },
    ],
  ])('ends with its result when it is on %s', async (_, finish) => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a')], { timing: { ...timing, settle: 60_000 } });
    await cluster.settle();
    await finish(cluster, run(cluster, 'web', 'c'));
    expect((await move.results)[0]?.outcome).toMatchObject({ result: 'succeeded', from: 'a', to: 'c' });
  });

  test('does not take the state of an earlier migration for its own', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    cluster.editVmi('web', (vmi) => {
      vmi.status!.migrationState = {
        migrationUid: 'old',
        completed: true,
        failed: true,
        failureReason: 'old news',
        targetNode: 'z',
      };
    });
    const move = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    complete(cluster, 'web', 'c');
    expect((await move.results)[0]?.outcome).toMatchObject({ result: 'succeeded', to: 'c' });
  });

  test('to the node where the VM is already ends at once', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'b');
    const move = start(cluster, [order('web', 'a', 'b')]);
    expect((await move.results)[0]?.outcome).toEqual({ result: 'unchanged', node: 'b' });
    expect(cluster.calls).toEqual([]);
    expect(exitCodeOf(await move.results)).toBe(0);
  });

  test('tells bytes, rate, elapsed and deadline while it runs', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const labels = `{namespace="${NAMESPACE}",name="web",node="a"}`;
    cluster.metrics = `kubevirt_vmi_migration_data_processed_bytes${labels} 3000\nkubevirt_vmi_migration_data_remaining_bytes${labels} 1000\n`;
    const handler = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'virt-handler-a', namespace: 'kubevirt', labels: { 'kubevirt.io': 'virt-handler' } },
      spec: { nodeName: 'a', containers: [] },
    };
    const move = start(cluster, [order('web', 'a')], { plan: { handlers: [handler] } });
    await cluster.settle();
    const name = run(cluster, 'web', 'c');
    const progress = await until(() => move.events.find((event) => event.type === 'progress'));
    // 4Gi are 5 started 10^9 bytes of 150 s; the copying began 10 s ago by the server's clock.
    expect(progress).toMatchObject({
      elapsed: 10,
      deadline: 750,
      source: 'a',
      target: 'c',
      progress: { processedBytes: 3000, remainingBytes: 1000 },
    });
    cluster.vmiDone(name);
    cluster.phase(name, 'Succeeded');
    await move.results;
  });

  test('goes on without progress where nobody can be asked', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    const name = run(cluster, 'web', 'c');
    const progress = await until(() => move.events.find((event) => event.type === 'progress'));
    expect(progress).not.toHaveProperty('progress');
    cluster.vmiDone(name);
    cluster.phase(name, 'Succeeded');
    await move.results;
  });
});

describe('budgets', () => {
  test.each([
    ['the cluster', { cluster: 2, outbound: 9, inbound: 9 }, 'cluster'],
    ['a source node', { cluster: 9, outbound: 2, inbound: 9 }, 'source'],
    ['a target node', { cluster: 9, outbound: 9, inbound: 2 }, 'target'],
  ])('of %s let two run, and the third when one has ended', async (_, budgets, reason) => {
    const cluster = fakeCluster();
    const names = ['one', 'two', 'three'];
    for (const name of names) cluster.addVmi(name, 'a');
    const move = start(
      cluster,
      names.map((name) => order(name, 'a', 'b')),
      { plan: { budgets } },
    );
    await cluster.settle();
    expect(cluster.migrations().map(({ spec }) => spec.vmiName)).toEqual(['one', 'two']);
    expect(move.said()).toContain(`three: waiting ${reason}`);
    complete(cluster, 'one', 'b');
    await cluster.settle();
    expect(cluster.migrations().map(({ spec }) => spec.vmiName)).toEqual(names);
    for (const name of ['two', 'three']) complete(cluster, name, 'b');
    expect(exitCodeOf(await move.results)).toBe(0);
    expect(cluster.mostUnfinished()).toBe(2);
  });

  test("count others' migrations", async () => {
    const cluster = fakeCluster();
    for (const name of ['web', 'x', 'y']) cluster.addVmi(name, 'a');
    cluster.addMigration('x');
    cluster.addMigration('y');
    const move = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    expect(cluster.calls).toEqual([]);
    cluster.phase('other-x', 'Succeeded');
    await cluster.settle();
    expect(cluster.calls).toHaveLength(1);
    complete(cluster, 'web', 'b');
    await move.results;
  });

  test('of one source do not hold up moves from another', async () => {
    const cluster = fakeCluster();
    for (const name of ['one', 'two']) cluster.addVmi(name, 'a');
    cluster.addVmi('three', 'b');
    const orders = [order('one', 'a'), order('two', 'a'), order('three', 'b')];
    const move = start(cluster, orders, { plan: { budgets: { cluster: 5, outbound: 1, inbound: 2 } } });
    await cluster.settle();
    expect(cluster.migrations().map(({ spec }) => spec.vmiName)).toEqual(['one', 'three']);
    complete(cluster, 'one', 'c');
    await cluster.settle();
    for (const name of ['two', 'three']) complete(cluster, name, 'c');
    expect(exitCodeOf(await move.results)).toBe(0);
  });

  test("let a VM's other migration end first", async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    cluster.addMigration('web');
    const move = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    expect(move.said()).toEqual(['web: waiting migration']);
    cluster.phase('other-web', 'Failed');
    await cluster.settle();
    expect(cluster.calls).toHaveLength(1);
    complete(cluster, 'web', 'b');
    await move.results;
  });
});

describe('an interrupted creation', () => {
  test('is not made twice when its answer was lost', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    cluster.answers = ['lost'];
    const move = start(cluster, [order('web', 'a')]);
    await until(() => move.said().find((line) => /created|found/.test(line)));
    expect(cluster.migrations()).toHaveLength(1);
    complete(cluster, 'web', 'b');
    expect((await move.results)[0]?.outcome.result).toBe('succeeded');
  });

  test('is not made again when its answer was lost and it has failed since', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    cluster.answers = ['lost'];
    const move = start(cluster, [order('web', 'a')]);
    while (cluster.migrations().length === 0) await new Promise(setImmediate);
    cluster.phase(nameFor(cluster, 'web'), 'Failed');
    expect((await move.results)[0]?.outcome.result).toBe('failed');
    expect(cluster.migrations()).toHaveLength(1);
  });

  test('of an earlier run of Ferry is found and followed', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const first = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    first.detach.abort();
    await first.results;
    const second = start(cluster, [order('web', 'a')], { runId: 'another' });
    await cluster.settle();
    expect(second.said()[0]).toBe('web: found');
    complete(cluster, 'web', 'b');
    expect((await second.results)[0]?.outcome.result).toBe('succeeded');
    expect(cluster.calls).toHaveLength(1);
  });

  test('by two runs at once makes one migration, which both follow', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const both = ['one', 'two'].map((runId) => start(cluster, [order('web', 'a')], { runId }));
    await cluster.settle();
    expect(both.map((each) => each.said()[0])).toEqual(['web: created', 'web: found']);
    complete(cluster, 'web', 'b');
    for (const { results } of both) expect((await results)[0]?.outcome.result).toBe('succeeded');
    expect(cluster.migrations()).toHaveLength(1);
  });

  test.each([
    ['before', true],
    ['after', false],
  ])(
    'is not made up for once somebody else has moved the VM, be the VMI told %s the migration',
    async (_, vmiFirst) => {
      const cluster = fakeCluster();
      cluster.addVmi('web', 'a');
      cluster.addMigration('web');
      const move = start(cluster, [order('web', 'a')]);
      await cluster.settle();
      cluster.handOff('other-web', 'b');
      cluster.vmiDone('other-web');
      if (vmiFirst) await cluster.settle();
      // Else both watches deliver their events in turns: the end of the migration comes before the new node.
      cluster.phase('other-web', 'Succeeded');
      expect((await move.results)[0]?.outcome).toEqual({ result: 'unchanged', node: 'b' });
      expect(cluster.calls).toEqual([]);
    },
  );

  test('is repeated when the server was too busy', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    cluster.answers = [refused(503, 'too busy'), refused(429, 'later')];
    const move = start(cluster, [order('web', 'a')]);
    await until(() => move.said().find((line) => line === 'web: created'));
    expect(new Set(cluster.calls).size).toBe(1);
    complete(cluster, 'web', 'b');
    expect((await move.results)[0]?.outcome.result).toBe('succeeded');
  });
});

describe('a failure', () => {
  const failures: [string, (cluster: FakeCluster, name: string) => void, object, number][] = [
    [
      'during the copy names the reason, and the VM still runs',
      (cluster, name) => {
        cluster.vmiDone(name, { failed: 'Live migration is not completed after 750 seconds and has been aborted' });
        cluster.phase(name, 'Failed');
        cluster.migrationDone(name);
      },
      {
        result: 'failed',
        reason: 'Live migration is not completed after 750 seconds and has been aborted',
        node: 'a',
        running: true,
      },
      4,
    ],
    [
      'by cancellation is told as such',
      (cluster, name) => {
        cluster.vmiDone(name, { aborted: true });
        cluster.phase(name, 'Failed');
        cluster.removeMigration(name);
      },
      { result: 'cancelled', node: 'a', running: true },
      4,
    ],
    [
      'whose migration vanished without a word leaves the VM where it runs',
      (cluster, name) => cluster.removeMigration(name),
      { result: 'failed', reason: 'the migration was deleted', node: 'a', running: true },
      4,
    ],
    [
      'in which the VM stops needs attention',
      (cluster, name) => {
        cluster.editVmi('web', (vmi) => (vmi.status!.phase = 'Failed'));
        cluster.phase(name, 'Failed');
      },
      { result: 'failed', running: false },
      5,
    ],
    [
      'in which the VMI is deleted needs attention',
      (cluster, name) => {
        cluster.removeVmi('web');
        cluster.removeMigration(name);
      },
      { result: 'failed', running: false },
      5,
    ],
    [
      'after which KubeVirt never tells why ends all the same',
      (cluster, name) => cluster.phase(name, 'Failed'),
      { result: 'failed', reason: 'KubeVirt gave no reason', running: true },
      4,
    ],
  ];
  test.each(failures)('%s', async (_, fail, outcome, code) => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    fail(cluster, run(cluster, 'web', 'b'));
    const results = await move.results;
    expect(results[0]?.outcome).toMatchObject(outcome);
    expect(exitCodeOf(results)).toBe(code);
  });

  test('before the hand-off takes its reason from the events, without waiting', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a', 'b')], { timing: { ...timing, settle: 60_000 } });
    await cluster.settle();
    const { metadata } = cluster.migrations()[0]!;
    cluster.events.push(
      {
        involved: metadata.uid!,
        type: 'Warning',
        reason: 'migrationTargetPodUnschedulable',
        message: 'Migration target pod for VMI [vms/web] is currently unschedulable.',
      },
      { involved: 'another', type: 'Warning', reason: 'FailedMigration', message: 'not this one' },
    );
    cluster.phase(metadata.name, 'Scheduling');
    cluster.phase(metadata.name, 'Failed');
    const results = await move.results;
    expect(results[0]?.outcome).toMatchObject({
      result: 'failed',
      reason: 'Migration target pod for VMI [vms/web] is currently unschedulable.',
      running: true,
    });
  });

  test('of one of two is a partial success', async () => {
    const cluster = fakeCluster();
    for (const name of ['web', 'db']) cluster.addVmi(name, 'a');
    const move = start(cluster, [order('web', 'a'), order('db', 'a')]);
    await cluster.settle();
    complete(cluster, 'web', 'b');
    const name = run(cluster, 'db', 'b');
    cluster.vmiDone(name, { failed: 'broken' });
    cluster.phase(name, 'Failed');
    expect(exitCodeOf(await move.results)).toBe(3);
  });

  test.each([
    [400, 'Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: PVC x is not shared'],
    [422, 'the request is invalid'],
  ])('of admission (%i) is told in its words', async (status, message) => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    cluster.answers = [
      refused(status, `admission webhook "migration-create-validator.kubevirt.io" denied the request: ${message}`),
    ];
    const results = await start(cluster, [order('web', 'a')]).results;
    expect(results[0]?.outcome).toEqual({ result: 'failed', reason: message, node: 'a', running: true });
    expect(exitCodeOf(results)).toBe(4);
  });

  test('for lack of permission before anything was done is an error', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    cluster.answers = [refused(403, 'forbidden', 'Forbidden')];
    await expect(start(cluster, [order('web', 'a')]).results).rejects.toMatchObject({ status: 403 });
  });

  test.each<[string, (cluster: FakeCluster) => void, object]>([
    ['has stopped', (cluster) => cluster.removeVmi('web'), { result: 'failed', running: false }],
    [
      'was restarted',
      (cluster) => cluster.editVmi('web', (vmi) => (vmi.metadata.uid = 'new')),
      { result: 'failed', running: true },
    ],
  ])('is what a VM gets that %s since it was checked', async (_, change, outcome) => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    change(cluster);
    const results = await start(cluster, [order('web', 'a')]).results;
    expect(results[0]?.outcome).toMatchObject(outcome);
    expect(cluster.calls).toEqual([]);
  });
});

describe('stopping to follow', () => {
  test.each([
    ['by the user', 130, 'detached'],
    ['when the time is up', 6, 'timed out'],
  ])('%s starts nothing more and cancels nothing', async (_, code, result) => {
    const cluster = fakeCluster();
    for (const name of ['one', 'two']) cluster.addVmi(name, 'a');
    const move = start(cluster, [order('one', 'a'), order('two', 'a')], {
      plan: { budgets: { cluster: 1, outbound: 1, inbound: 1 } },
      timeout: result === 'timed out' ? 20 : 0,
    });
    await cluster.settle();
    if (result === 'detached') move.detach.abort();
    const results = await move.results;
    expect(results.map(({ outcome }) => outcome)).toEqual([{ result, migration: nameFor(cluster, 'one') }, { result }]);
    expect(exitCodeOf(results)).toBe(code);
    expect(cluster.migrations()).toHaveLength(1);
    expect(cluster.calls.every((call) => call.startsWith('create'))).toBe(true);
  });

  test('a lost connection is told, and the move goes on', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    cluster.interrupt('ECONNRESET');
    complete(cluster, 'web', 'b');
    expect((await move.results)[0]?.outcome.result).toBe('succeeded');
    expect(move.said()).toContain('interrupted');
    expect(cluster.calls).toHaveLength(1);
  });
});

describe('a cluster out of reach', () => {
  test('for too long ends the move, and needs attention', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a')], { timing: { ...timing, lost: 20 } });
    await cluster.settle();
    const name = run(cluster, 'web', 'b');
    await cluster.settle();
    cluster.reachable = false;
    cluster.interrupt('ECONNREFUSED');
    const results = await move.results;
    expect(results[0]?.outcome).toEqual({ result: 'lost', migration: name });
    expect(exitCodeOf(results)).toBe(5);
    // What it was before the connection was lost is no progress.
    const said = move.said();
    expect(said.slice(said.indexOf('interrupted'))).toEqual(['interrupted', 'web: done lost']);
  });

  test('for a while is told once, and that it is back', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const move = start(cluster, [order('web', 'a')]);
    await cluster.settle();
    cluster.reachable = false;
    cluster.interrupt('ECONNREFUSED');
    await cluster.settle();
    cluster.reachable = true;
    await until(() => move.said().find((line) => line === 'reconnected'));
    complete(cluster, 'web', 'b');
    expect((await move.results)[0]?.outcome.result).toBe('succeeded');
    expect(move.said().filter((line) => line === 'interrupted')).toHaveLength(1);
  });
});

describe('a migration that is to be followed', () => {
  test('is followed to its end, and nothing is created', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const migration = cluster.addMigration('web');
    cluster.handOff('other-web', 'b');
    const move = start(cluster, [{ ...order('web', 'a'), migration }]);
    await cluster.settle();
    cluster.vmiDone('other-web', { aborted: true });
    await cluster.settle();
    cluster.phase('other-web', 'Failed');
    cluster.removeMigration('other-web');
    expect((await move.results)[0]?.outcome).toMatchObject({ result: 'cancelled', node: 'a', running: true });
    expect(cluster.calls).toEqual([]);
  });

  test('and was deleted before it could be watched has ended', async () => {
    const cluster = fakeCluster();
    cluster.addVmi('web', 'a');
    const migration = cluster.addMigration('web');
    cluster.removeMigration('other-web');
    const results = await start(cluster, [{ ...order('web', 'a'), migration }]).results;
    expect(results[0]?.outcome).toMatchObject({ result: 'failed', reason: 'the migration was deleted', node: 'a' });
  });
});

/** Waits until `find` finds something; the test's own time-out ends it. */
async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
