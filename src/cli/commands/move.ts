import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { CheckItem } from '../../assess/assess.ts';
import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { MoveOrder } from '../../execute/events.ts';
import { nextMigrationName } from '../../execute/name.ts';
import type { MovePlan } from '../../execute/run.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { verdictOf } from '../../model/finding.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { withSnapshot } from '../cluster.ts';
import { confirm } from '../confirm.ts';
import { type Invocation, type Io, note } from '../context.ts';
import {
  type ConnectionFlags,
  connectionFlags,
  type DryRun,
  dryRunFlag,
  duration,
  type OutputFlags,
  outputFlags,
  type ScopeFlags,
  scopeFlags,
} from '../flags.ts';
import { moveView } from '../move/render.ts';
import { verdictLine } from '../move/verdict.ts';
import { parseName } from '../names.ts';
import { document, renderDocument } from '../output/document.ts';
import { renderTable } from '../output/table.ts';
import { namesNode, selectVms } from '../select-vms.ts';

type Flags = ConnectionFlags &
  ScopeFlags &
  OutputFlags & { to?: string; dryRun: DryRun; yes?: boolean; timeout: number };

export function moveCommand(program: Command, { io, run }: Invocation): void {
  const move = program
    .command('move [VM...]')
    .description(
      'Move running VMs to other nodes without stopping them. Checks them first, and follows them to the end.',
    )
    .option('--to <node>', 'the node they are to go to (default: the scheduler chooses)')
    .option('-y, --yes', 'do not ask')
    .option('--timeout <duration>', 'stop following after this time; what has begun goes on (0: never)', duration, 0)
    .addHelpText(
      'after',
      `
Ctrl-C stops following; it cancels nothing. \`${io.name} cancel\` does that.

Examples:
  # Move a VM away from where it is
  ${io.name} move web01

  # Move two VMs to a node, without being asked
  ${io.name} move web01 db01 --to worker-2 --yes

  # See what would be done to the VMs with a label
  ${io.name} move -l app=web --dry-run=server`,
    )
    .action((names: string[], flags: Flags) => run(async () => await runMove(io, names, flags)));
  connectionFlags(outputFlags(scopeFlags(dryRunFlag(move)), ['table', 'json', 'yaml']));
}

async function runMove(io: Io, names: string[], flags: Flags): Promise<ExitCode> {
  if (names.length === 0 && flags.selector === undefined) {
    throw new FerryError(
      'FERRY_E_USAGE',
      'no VM was named',
      'Name the VMs, all on a node with node/NAME, or choose them by label with -l.',
    );
  }
  return await withSnapshot(
    io,
    { ...flags, everyNamespace: namesNode(names), needs: needsOf.move },
    async (reading) => {
      const { snapshot, namespace } = reading;
      const client = reading.client as KubeClient;
      requireLists(snapshot, ['virtualMachines', 'virtualMachineInstances', 'migrations'], namespace);
      const target = flags.to === undefined ? undefined : parseName(flags.to, ['node']).name;
      // The node's label is what a migration is sent to.
      if (target !== undefined && !snapshot.lists.nodes.known) requireLists(snapshot, ['nodes'], undefined);
      const vms = await selectVms(reading, names, flags.selector);
      if (vms.length === 0)
        throw new FerryError('FERRY_E_NOT_FOUND', 'no VM has these labels', 'Check them; -A looks in all namespaces.');
      const { prepareMoves } = await import('../../execute/prepare.ts');
      const plan = prepareMoves(snapshot, vms, target);
      await refuseUnlessLive(io, snapshot, vms, target);
      if (flags.dryRun !== 'none') return await preview(io, client, snapshot, vms, plan, flags);
      if (!flags.yes) io.stderr.write(planTable(plan.orders));
      await confirm(io, `Move ${vms.length === 1 ? 'this VM' : `these ${vms.length} VMs`}?`, flags.yes === true);
      return await carryOut(io, client, plan, flags);
    },
  );
}

/** Carries out a plan, showing how it gets on on stderr and the result on stdout. */
async function carryOut(
  io: Io,
  client: KubeClient,
  plan: MovePlan,
  flags: { timeout: number; output: OutputFlags['output'] },
): Promise<ExitCode> {
  const [{ runMoves }, { exitCodeOf }] = await Promise.all([
    import('../../execute/move.ts'),
    import('../../execute/events.ts'),
  ]);
  const view = moveView(io, plan.orders);
  const runId = randomBytes(4).toString('hex');
  const results = await runMoves(client, plan, { runId, timeout: flags.timeout, signal: io.signal, emit: view.tell });
  const code = exitCodeOf(results);
  if (flags.output === 'json' || flags.output === 'yaml') {
    const items = results.map(({ vm, outcome }) => ({ vm, ...outcome }));
    io.stdout.write(await renderDocument(document('MoveReport', { run: runId, items }), flags.output));
  } else {
    io.stdout.write(`${plain(verdictLine(results, io.name))}\n`);
  }
  return code;
}

/** Throws FERRY_E_REFUSED, after telling the findings, unless every VM can live-migrate; tells the warnings of those that can. */
async function refuseUnlessLive(
  io: Io,
  snapshot: Snapshot,
  vms: readonly Vm[],
  target: string | undefined,
): Promise<void> {
  const { checkVms } = await import('../../assess/assess.ts');
  const { items } = checkVms(snapshot, vms, target === undefined ? {} : { target });
  for (const item of items) forgiveOwn(item, vms, target);
  const refused = items.filter(({ verdict }) => verdict !== 'live');
  for (const item of refused) tell(io, item, ({ severity }) => severity === 'blocker');
  if (refused.length > 0) {
    const what =
      items.length === 1
        ? `VM ${refused[0]?.vm.name} cannot be moved live`
        : `${refused.length} of ${items.length} VMs cannot be moved live`;
    const to = target === undefined ? '' : ` to ${target}`;
    throw new FerryError(
      'FERRY_E_REFUSED',
      `${what}${to}; nothing was moved`,
      'Do what the remedies say, or leave these VMs out.',
    );
  }
  for (const item of items)
    if (item.findings.some(({ severity }) => severity === 'warning'))
      tell(io, item, ({ severity }) => severity === 'warning');
}

/**
 * The migration that this very move would create may exist already: its creator was interrupted. Then it is followed
 * instead of refused (execute/decide.ts).
 */
function forgiveOwn(item: CheckItem, vms: readonly Vm[], target: string | undefined): void {
  const vm = vms.find((each) => each.name === item.vm.name && each.namespace === item.vm.namespace);
  const [own] = vm?.unfinished ?? [];
  if (vm === undefined || own === undefined) return;
  const goesThere = target === undefined || own.targetNode === undefined || own.targetNode === target;
  if (own.name !== nextMigrationName(vm.name, vm.vmi?.metadata.uid ?? '', vm.finished) || !goesThere) return;
  item.findings = item.findings.filter(({ check }) => check !== 'vm/unfinished-migration');
  item.verdict = verdictOf(item.findings);
}

function tell(
  io: Io,
  { vm, node, verdict, findings }: CheckItem,
  which: (finding: CheckItem['findings'][number]) => boolean,
): void {
  const lines = [
    `${vm.namespace}/${vm.name}${node === undefined ? '' : ` on ${node}`}: ${verdict}`,
    ...findings.filter(which).flatMap(explained),
  ];
  for (const line of lines) note(io, plain(line));
}

function planTable(orders: readonly MoveOrder[]): string {
  const columns = [
    { header: 'NAMESPACE', value: ({ vm }: MoveOrder) => vm.namespace },
    { header: 'VM', value: ({ vm }: MoveOrder) => vm.name },
    { header: 'TYPE', value: () => 'live' },
    { header: 'CURRENT NODE', value: ({ source }: MoveOrder) => source },
    { header: 'NEW NODE', value: ({ target }: MoveOrder) => target?.node ?? '(scheduler chooses)' },
  ];
  return renderTable(orders, columns, { wide: false, headers: true });
}

async function preview(
  io: Io,
  client: KubeClient,
  snapshot: Snapshot,
  vms: readonly Vm[],
  plan: MovePlan,
  flags: Flags,
): Promise<ExitCode> {
  const [{ migrationOf }, { createMigration }] = await Promise.all([
    import('../../execute/migration-of.ts'),
    import('../../cluster/writer.ts'),
  ]);
  const runId = randomBytes(4).toString('hex');
  const items = plan.orders.map((order, index) => {
    const name = nextMigrationName(order.vm.name, order.vmiUid, vms[index]?.finished ?? []);
    return { order, migration: migrationOf(order, name, runId) };
  });
  if (flags.dryRun === 'server') {
    for (const { migration } of items) await createMigration(client, migration, { dryRun: true, signal: io.signal });
  }
  if (flags.output !== 'table') {
    const moves = items.map(({ order, migration }) => ({
      vm: order.vm,
      from: order.source,
      ...(order.target && { to: order.target.node }),
      migration,
    }));
    io.stdout.write(
      await renderDocument(
        document('MovePreview', { dryRun: flags.dryRun, takenAt: snapshot.takenAt, items: moves }),
        flags.output as 'json' | 'yaml',
      ),
    );
    return exit.ok;
  }
  io.stdout.write(planTable(plan.orders));
  const how = flags.dryRun === 'server' ? 'server dry run' : 'dry run';
  for (const { migration } of items) {
    io.stdout.write(`virtualmachineinstancemigration.kubevirt.io/${migration.name} would be created (${how})\n`);
  }
  return exit.ok;
}
