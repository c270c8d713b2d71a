import type { Command } from 'commander';
import { resources } from '../../cluster/resources.ts';
import { needsOf, tellingAllMissing } from '../../cluster/rights.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import { explained } from '../../model/finding-text.ts';
import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { plain } from '../../model/plain.ts';
import type { DecidedCancel } from '../../propose/cancel.ts';
import type { Draft } from '../../propose/draft.ts';
import { openCluster } from '../cluster.ts';
import { confirmed } from '../confirm.ts';
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
  const meant = names.map((name) => parseName(name, ['migration', 'vm']));
  const [{ chooseMigrations }, { decideCancel, readCancellables }] = await Promise.all([
    import('../../propose/cancel-choice.ts'),
    import('../../propose/cancel.ts'),
  ]);
  const decide = async (shown?: Draft): Promise<DecidedCancel> => {
    const { items } = await client.list<VirtualMachineInstanceMigration>(resources.migrations, {
      ...(namespace !== undefined && { namespace }),
      signal: io.signal,
    });
    const hint = `List the migrations with \`${io.name} get migrations\`; -A looks in all namespaces.`;
    const chosen = chooseMigrations(meant, { all: items, namespace, shown, hint });
    return decideCancel(await readCancellables(client, chosen, io.signal));
  };
  const decided = await decide();
  if (flags.dryRun !== 'none') return await preview(io, client, decided, flags.dryRun);
  const yes = flags.yes === true;
  tellFindings(io, decided.draft);
  if (!yes) await show(io, client, decided);
  const what = decided.items.length === 1 ? 'this migration' : `these ${decided.items.length} migrations`;
  const again = (): Promise<DecidedCancel> => decide(decided.draft);
  return await carryOut(io, client, await confirmed(io, decided, { question: `Cancel ${what}?`, yes }, again), flags);
}

/** What would be cancelled, and how far it is. */
async function show(io: Io, client: KubeClient, { items }: DecidedCancel): Promise<void> {
  const [{ withProgress }, { phaseOf }] = await Promise.all([
    import('../../propose/cancel.ts'),
    import('../../propose/cancel-choice.ts'),
  ]);
  for (const { migration, progress } of await withProgress(client, items, io.signal)) {
    const { metadata, spec } = migration;
    const far = progress === undefined ? '' : `, ${progress}`;
    const line = `  ${metadata.namespace}/${metadata.name} of VM ${spec.vmiName} (${phaseOf(migration)}${far})`;
    io.stderr.write(`${plain(line)}\n`);
  }
}

function tellFindings(io: Io, { findings }: Draft): void {
  for (const line of findings.flatMap(explained)) note(io, plain(line));
}

async function preview(
  io: Io,
  client: KubeClient,
  decided: DecidedCancel,
  dryRun: Exclude<DryRun, 'none'>,
): Promise<ExitCode> {
  const { askedText, rehearseCancel } = await import('../../propose/cancel.ts');
  const results = dryRun === 'server' ? await rehearseCancel(client, decided, io.signal) : [];
  const how = dryRun === 'server' ? 'server dry run' : 'dry run';
  for (const [index, { migration }] of decided.items.entries()) {
    const { name } = migration.metadata;
    if (results[index] === 'gone') note(io, plain(askedText(name, 'gone')));
    else
      io.stdout.write(plain(`virtualmachineinstancemigration.kubevirt.io/${name} would be cancelled (${how})`) + '\n');
  }
  return exit.ok;
}

/** Cancels, follows the migrations until they are over, and tells what has become of each. */
async function carryOut(io: Io, client: KubeClient, decided: DecidedCancel, { timeout }: Flags): Promise<ExitCode> {
  const [{ askedText, cancelExit, carryOutCancel, endText }, { linkText }] = await Promise.all([
    import('../../propose/cancel.ts'),
    import('../../execute/texts.ts'),
  ]);
  const results = await carryOutCancel(client, decided, {
    signal: io.signal,
    timeout,
    asked: (name, result) => note(io, plain(askedText(name, result))),
    emit: (event) => {
      if (!('vm' in event)) note(io, plain(linkText(event)));
      else if (event.type === 'done') io.stdout.write(`${plain(endText(event.vm.name, event.outcome))}\n`);
    },
  });
  return cancelExit(results);
}
