import type { Command } from 'commander';
import { resources } from '../../cluster/resources.ts';
import { needsOf, tellingAllMissing } from '../../cluster/rights.ts';
import type { LinkEvent, MoveEvent, MoveOrder, Outcome } from '../../execute/events.ts';
import { linkText, outcomeText } from '../../execute/texts.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { isFinal } from '../../model/migrations.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { plain } from '../../model/plain.ts';
import { openCluster } from '../cluster.ts';
import { confirm } from '../confirm.ts';
import { type Invocation, type Io, note } from '../context.ts';
import {
  type ConnectionFlags,
  connectionFlags,
  type DryRun,
  dryRunFlag,
  duration,
  type ScopeFlags,
  scopeFlags,
} from '../flags.ts';
import { parseName } from '../names.ts';
import { ambiguous } from '../select-vms.ts';

type Flags = ConnectionFlags & ScopeFlags & { dryRun: DryRun; yes?: boolean; timeout: number };

export function cancelCommand(program: Command, { io, run }: Invocation): void {
  const cancel = program
    .command('cancel <MIGRATION|VM...>')
    .description(
      'Cancel migrations that have not ended, by their name or that of their VM. The VMs stay where they are. Waits until it is done.',
    )
    .option('-y, --yes', 'do not ask')
    .option('--timeout <duration>', 'stop waiting after this time; the cancellation goes on (0: never)', duration, 0)
    .addHelpText(
      'after',
      `
Examples:
  # Cancel whatever migration the VM is in
  ${io.name} cancel vm/web01

  # See what would be cancelled
  ${io.name} cancel web01 db01 --dry-run=client`,
    )
    .action((names: string[], flags: Flags) => run(async () => await cancelMigrations(io, names, flags)));
  connectionFlags(scopeFlags(dryRunFlag(cancel), { selector: false }));
}

async function cancelMigrations(io: Io, names: string[], flags: Flags): Promise<ExitCode> {
  const client = await openCluster(io, flags);
  try {
    const namespace = flags.allNamespaces ? undefined : client.namespace;
    return await tellingAllMissing(client, namespace, needsOf.cancel, () =>
      cancelIn(io, client, namespace, names, flags),
    );
  } finally {
    client.close();
  }
}

async function cancelIn(
  io: Io,
  client: KubeClient,
  namespace: string | undefined,
  names: string[],
  flags: Flags,
): Promise<ExitCode> {
  const { items } = await client.list<VirtualMachineInstanceMigration>(resources.migrations, {
    ...(namespace !== undefined && { namespace }),
    signal: io.signal,
  });
  const chosen = [...new Set(names.map((name) => find(io, items, name, namespace)))];
  if (flags.dryRun === 'none') {
    const list = chosen.map(
      (each) => `  ${each.metadata.namespace}/${each.metadata.name} of VM ${each.spec.vmiName} (${phaseOf(each)})\n`,
    );
    const what = chosen.length === 1 ? 'this migration' : `these ${chosen.length} migrations`;
    if (!flags.yes) io.stderr.write(plainLines(list));
    await confirm(io, `Cancel ${what}?`, flags.yes === true);
  }
  // Where the VMs are now is part of what is told at the end: of a migration that was deleted, nothing else is left.
  const orders = flags.dryRun === 'none' ? await Promise.all(chosen.map((each) => orderOf(io, client, each))) : [];
  for (const [index, migration] of chosen.entries()) {
    const requested = await cancelOne(io, client, migration, flags.dryRun);
    const order = orders[index];
    if (requested && order !== undefined) order.migration = deleted(migration, client.serverNow());
  }
  return orders.length === 0 ? exit.ok : await awaitEnd(io, client, orders, flags.timeout);
}

async function orderOf(io: Io, client: KubeClient, migration: VirtualMachineInstanceMigration): Promise<MoveOrder> {
  const { namespace = '' } = migration.metadata;
  const name = migration.spec.vmiName ?? '';
  const options = { namespace, signal: io.signal };
  const vmi = await client
    .get<VirtualMachineInstance>(resources.virtualMachineInstances, name, options)
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  return { vm: { namespace, name }, vmiUid: vmi?.metadata.uid ?? '', source: vmi?.status?.nodeName ?? '', migration };
}

/** Follows the migrations until they are over, and tells what has become of each. */
async function awaitEnd(io: Io, client: KubeClient, orders: MoveOrder[], timeout: number): Promise<ExitCode> {
  const [{ runMoves }, { exitCodeOf }] = await Promise.all([
    import('../../execute/move.ts'),
    import('../../execute/events.ts'),
  ]);
  const plan = {
    orders,
    budgets: { cluster: 0, outbound: 0, inbound: 0 },
    lastNode: new Map(),
    hostnames: new Map(),
    everywhere: { migrations: false, vmis: false },
    handlers: [],
  };
  const emit = (event: MoveEvent | LinkEvent): void => {
    if (event.type === 'done') io.stdout.write(`${plain(`${event.vm.name}: ${endText(event.outcome)}`)}\n`);
    else if (!('vm' in event)) note(io, plain(linkText(event)));
  };
  const results = await runMoves(client, plan, { runId: '', timeout, signal: io.signal, emit });
  const code = exitCodeOf(results);
  // Whichever way a migration ended, none is under way any more: that is what was asked for.
  return code === exit.partial || code === exit.failedSafe ? exit.ok : code;
}

function endText(outcome: Outcome): string {
  return outcome.result === 'succeeded' ? `too late to cancel: ${outcomeText(outcome)}` : outcomeText(outcome);
}

/** A migration as it is once its deletion was accepted. */
function deleted(migration: VirtualMachineInstanceMigration, now: number): VirtualMachineInstanceMigration {
  return { ...migration, metadata: { ...migration.metadata, deletionTimestamp: new Date(now).toISOString() } };
}

/** Whether it is to be deleted now. */
async function cancelOne(
  io: Io,
  client: KubeClient,
  { metadata }: VirtualMachineInstanceMigration,
  dryRun: DryRun,
): Promise<boolean> {
  const { namespace = '', name, uid = '' } = metadata;
  const line = `virtualmachineinstancemigration.kubevirt.io/${name}`;
  if (dryRun === 'client') {
    io.stdout.write(`${line} would be cancelled (dry run)\n`);
    return false;
  }
  const { cancelMigration } = await import('../../cluster/writer.ts');
  const result = await cancelMigration(client, { namespace, name, uid }, { dryRun: dryRun === 'server' });
  if (result === 'gone') note(io, `${name} had ended before it could be cancelled`);
  else if (dryRun === 'server') io.stdout.write(`${line} would be cancelled (server dry run)\n`);
  else note(io, `${name} is being cancelled`);
  return result === 'requested';
}

/** The unfinished migration that is meant: by its own name, or else by its VM's. */
function find(
  io: Io,
  all: VirtualMachineInstanceMigration[],
  text: string,
  namespace: string | undefined,
): VirtualMachineInstanceMigration {
  const { kind, name } = parseName(text, ['migration', 'vm']);
  const own = kind === 'vm' ? [] : all.filter(({ metadata }) => metadata.name === name);
  const ofVm = kind === 'migration' ? [] : all.filter(({ spec }) => spec.vmiName === name);
  const open =
    [own, ofVm].map((found) => found.filter((each) => !isFinal(each))).find((found) => found.length > 0) ?? [];
  const namespaces = [...new Set(open.map(({ metadata }) => metadata.namespace ?? ''))];
  if (namespaces.length > 1) throw ambiguous(name, namespaces, 'migration of');
  if (open[0] !== undefined) return open[0];
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const ended = own[0];
  if (ended !== undefined) {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `the migration ${name}${where} has ended already: ${phaseOf(ended)}`,
      'There is nothing to cancel.',
    );
  }
  throw new FerryError(
    'FERRY_E_NOT_FOUND',
    kind === 'migration'
      ? `there is no migration ${name}${where}`
      : `there is no migration to cancel that is called ${name}, or that is of a VM ${name}${where}`,
    `List the migrations with \`${io.name} get migrations\`; -A looks in all namespaces.`,
  );
}

function phaseOf({ status }: VirtualMachineInstanceMigration): string {
  return status?.phase || 'Pending';
}

function plainLines(lines: string[]): string {
  return lines.map((line) => `${plain(line).trimEnd()}\n`).join('');
}
