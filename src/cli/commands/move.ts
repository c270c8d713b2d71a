import type { Command } from 'commander';
import type { CheckItem } from '../../assess/assess.ts';
import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { MoveOrder } from '../../execute/events.ts';
import type { MovePlan } from '../../execute/run.ts';
import { newRunId } from '../../execute/run-id.ts';
import { verdictLine } from '../../execute/verdict.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { DecidedMoves } from '../../propose/move.ts';
import { withSnapshot } from '../cluster.ts';
import { confirmed } from '../confirm.ts';
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
      const { decideMoves } = await import('../../propose/move.ts');
      const decided = decideMoves(snapshot, vms, target);
      await refuseUnlessLive(io, decided);
      if (flags.dryRun !== 'none') return await preview(io, client, snapshot, decided, flags);
      if (!flags.yes) io.stderr.write(planTable(decided.plan.orders));
      const { plan } = await confirmed(
        io,
        decided,
        { question: `Move ${vms.length === 1 ? 'this VM' : `these ${vms.length} VMs`}?`, yes: flags.yes === true },
        async () => {
          const now = await reading.again();
          return decideMoves(now.snapshot, await selectVms(now, names, flags.selector), target);
        },
      );
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
  const runId = newRunId();
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
async function refuseUnlessLive(io: Io, decided: DecidedMoves): Promise<void> {
  const { refusedOf, requireLive } = await import('../../propose/move.ts');
  for (const item of refusedOf(decided)) tell(io, item, ({ severity }) => severity === 'blocker');
  requireLive(decided, () => 'Do what the remedies say, or leave these VMs out.');
  for (const item of decided.checked)
    if (item.findings.some(({ severity }) => severity === 'warning'))
      tell(io, item, ({ severity }) => severity === 'warning');
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
  decided: DecidedMoves,
  flags: Flags,
): Promise<ExitCode> {
  const [{ migrationOf }, { rehearseMoves }] = await Promise.all([
    import('../../execute/migration-of.ts'),
    import('../../propose/move.ts'),
  ]);
  const runId = newRunId();
  const { plan, names } = decided;
  if (flags.dryRun === 'server') await rehearseMoves(client, decided, runId, io.signal);
  if (flags.output !== 'table') {
    const moves = plan.orders.map((order, index) => ({
      vm: order.vm,
      from: order.source,
      ...(order.target && { to: order.target.node }),
      migration: migrationOf(order, names[index] ?? '', runId),
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
  for (const name of names)
    io.stdout.write(`virtualmachineinstancemigration.kubevirt.io/${name} would be created (${how})\n`);
  return exit.ok;
}
