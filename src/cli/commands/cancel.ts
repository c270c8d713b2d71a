import type { Command } from 'commander';
import { resources } from '../../cluster/resources.ts';
import type { KubeClient } from '../../kube/types.ts';
import { exit, FerryError } from '../../model/errors.ts';
import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { openCluster } from '../cluster.ts';
import { confirm } from '../confirm.ts';
import { type Invocation, type Io, note } from '../context.ts';
import {
  type ConnectionFlags,
  connectionFlags,
  type DryRun,
  dryRunFlag,
  type ScopeFlags,
  scopeFlags,
} from '../flags.ts';
import { parseName } from '../names.ts';
import { plain } from '../output/plain.ts';
import { ambiguous } from '../select-vms.ts';

type Flags = ConnectionFlags & ScopeFlags & { dryRun: DryRun; yes?: boolean };

export function cancelCommand(program: Command, { io, run }: Invocation): void {
  const cancel = program
    .command('cancel <MIGRATION|VM...>')
    .description(
      'Cancel migrations that have not ended, by their name or that of their VM. The VMs stay where they are.',
    )
    .option('-y, --yes', 'do not ask')
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

async function cancelMigrations(io: Io, names: string[], flags: Flags): Promise<0> {
  const client = await openCluster(io, flags);
  try {
    const namespace = flags.allNamespaces ? undefined : client.namespace;
    const { items } = await client.list<VirtualMachineInstanceMigration>(resources.migrations, {
      ...(namespace !== undefined && { namespace }),
      signal: io.signal,
    });
    const chosen = [...new Set(names.map((name) => find(items, name, namespace)))];
    if (flags.dryRun === 'none') {
      const list = chosen.map(
        (each) => `  ${each.metadata.namespace}/${each.metadata.name} of VM ${each.spec.vmiName} (${phaseOf(each)})\n`,
      );
      const what = chosen.length === 1 ? 'this migration' : `these ${chosen.length} migrations`;
      if (!flags.yes) io.stderr.write(plainLines(list));
      await confirm(io, `Cancel ${what}?`, flags.yes === true);
    }
    for (const migration of chosen) await cancelOne(io, client, migration, flags.dryRun);
    return exit.ok;
  } finally {
    client.close();
  }
}

async function cancelOne(
  io: Io,
  client: KubeClient,
  { metadata }: VirtualMachineInstanceMigration,
  dryRun: DryRun,
): Promise<void> {
  const { namespace = '', name, uid = '' } = metadata;
  const line = `virtualmachineinstancemigration.kubevirt.io/${name}`;
  if (dryRun === 'client') {
    io.stdout.write(`${line} would be cancelled (dry run)\n`);
    return;
  }
  const { cancelMigration } = await import('../../cluster/writer.ts');
  const result = await cancelMigration(client, { namespace, name, uid }, { dryRun: dryRun === 'server' });
  if (result === 'gone') note(io, `${name} had ended before it could be cancelled`);
  else
    io.stdout.write(
      dryRun === 'server' ? `${line} would be cancelled (server dry run)\n` : `${line} is being cancelled\n`,
    );
}

/** The unfinished migration that is meant: by its own name, or else by its VM's. */
function find(
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
    'List the migrations with `ferry get migrations`; -A looks in all namespaces.',
  );
}

function isFinal({ status }: VirtualMachineInstanceMigration): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function phaseOf({ status }: VirtualMachineInstanceMigration): string {
  return status?.phase || 'Pending';
}

function plainLines(lines: string[]): string {
  return lines.map((line) => `${plain(line).trimEnd()}\n`).join('');
}
