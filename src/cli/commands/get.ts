import type { Command } from 'commander';
import { requireLists } from '../../cluster/require-lists.ts';
import { resources } from '../../cluster/resources.ts';
import type { KubeClient, Selection } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { byAge, type MigrationRow, migrationRow } from '../../model/migration-row.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { openCluster, withSnapshot } from '../cluster.ts';
import { type Invocation, type Io, note } from '../context.ts';
import {
  type ConnectionFlags,
  connectionFlags,
  type OutputFlags,
  outputFlags,
  type ScopeFlags,
  type SnapshotFlag,
  scopeFlags,
  snapshotFlag,
} from '../flags.ts';
import { migrationColumns } from '../migration-rows.ts';
import { parseName } from '../names.ts';
import { document, renderDocument } from '../output/document.ts';
import { cell, pad, renderTable } from '../output/table.ts';
import { parseSelector } from '../selector.ts';

type Flags = ConnectionFlags & ScopeFlags & OutputFlags & SnapshotFlag & { watch?: boolean };

export function getCommand(program: Command, { io, run }: Invocation): void {
  const get = program.command('get').description('Show what there is.');
  const migrations = get
    .command('migrations [MIGRATION...]')
    .aliases(['migration', 'vmim', 'vmims'])
    .description('Show migrations, oldest first.')
    .option('-w, --watch', 'go on showing what changes')
    .addHelpText(
      'after',
      `
Examples:
  # The migrations of the namespace
  ${io.name} get migrations

  # All of them, and what becomes of them
  ${io.name} get migrations -A -w`,
    )
    .action((names: string[], flags: Flags) =>
      run(async () => (flags.watch ? await follow(io, names, flags) : await show(io, names, flags))),
    );
  snapshotFlag(connectionFlags(outputFlags(scopeFlags(migrations), ['table', 'wide', 'json', 'yaml', 'name'])));
}

async function show(io: Io, names: string[], flags: Flags): Promise<0> {
  const { rows, now } = flags.snapshot === undefined ? await readRows(io, flags) : await savedRows(io, flags);
  const shown = pick(rows, names, flags).sort(byAge);
  if (flags.output === 'json' || flags.output === 'yaml') {
    io.stdout.write(await renderDocument(document('MigrationList', { items: shown }), flags.output));
  } else if (flags.output === 'name') {
    for (const row of shown) io.stdout.write(`${nameOf(row)}\n`);
  } else if (shown.length === 0) {
    note(io, 'No migrations found.');
  } else {
    const columns = migrationColumns(flags.allNamespaces === true, () => now);
    io.stdout.write(renderTable(shown, columns, { wide: flags.output === 'wide', headers: flags.headers }));
  }
  return exit.ok;
}

type Labelled = MigrationRow & { labels?: Record<string, string> };

async function readRows(io: Io, flags: Flags): Promise<{ rows: Labelled[]; now: number }> {
  const client = await openCluster(io, flags);
  try {
    const selection = scope(client, flags);
    const [migrations, vmis] = await Promise.all([
      client.list<VirtualMachineInstanceMigration>(resources.migrations, { ...selection, signal: io.signal }),
      client.list<VirtualMachineInstance>(resources.virtualMachineInstances, {
        ...vmiScope(selection),
        signal: io.signal,
      }),
    ]);
    return { rows: join(migrations.items, vmis.items), now: client.serverNow() };
  } finally {
    client.close();
  }
}

async function savedRows(io: Io, flags: Flags): Promise<{ rows: Labelled[]; now: number }> {
  return await withSnapshot(io, flags, async ({ snapshot, namespace }) => {
    requireLists(snapshot, ['migrations'], namespace);
    const inScope = itemsOf(snapshot.lists.migrations).filter(
      (item) => namespace === undefined || item.metadata.namespace === namespace,
    );
    const hasLabels = flags.selector === undefined ? () => true : parseSelector(flags.selector);
    const selected = inScope.filter((item) => hasLabels(item.metadata.labels ?? {}));
    return { rows: join(selected, itemsOf(snapshot.lists.virtualMachineInstances)), now: Date.parse(snapshot.takenAt) };
  });
}

function join(migrations: VirtualMachineInstanceMigration[], vmis: VirtualMachineInstance[]): MigrationRow[] {
  const byKey = new Map(vmis.map((vmi) => [`${vmi.metadata.namespace}/${vmi.metadata.name}`, vmi]));
  return migrations.map((migration) =>
    migrationRow(migration, byKey.get(`${migration.metadata.namespace}/${migration.spec.vmiName}`)),
  );
}

/** Shows the table, then a line for each change, until interrupted. */
async function follow(io: Io, names: string[], flags: Flags): Promise<ExitCode> {
  if (flags.snapshot !== undefined) {
    throw new FerryError('FERRY_E_USAGE', '--watch and --snapshot exclude each other', 'A snapshot does not change.');
  }
  const client = await openCluster(io, flags);
  const end = new AbortController();
  const signal = AbortSignal.any([io.signal, end.signal]);
  try {
    const view = rowWriter(io, flags, () => client.serverNow());
    const vmis = new Map<string, VirtualMachineInstance>();
    const migrations = new Map<string, VirtualMachineInstanceMigration>();
    const unsynced = new Set(['migrations', 'vmis']);
    const tell = (changed: Iterable<VirtualMachineInstanceMigration>): void => {
      const all = [...changed].map((migration) =>
        migrationRow(migration, vmis.get(`${migration.metadata.namespace}/${migration.spec.vmiName}`)),
      );
      if (unsynced.size === 0) view(pick(all, names, flags, false).sort(byAge));
    };
    const selection = scope(client, flags);
    const watching = [
      (async () => {
        for await (const event of client.watch<VirtualMachineInstanceMigration>(resources.migrations, {
          ...selection,
          signal,
        })) {
          if (event.type === 'interrupted') note(io, `connection lost, connecting again: ${event.error.message}`);
          else if (event.type === 'synced') {
            unsynced.delete('migrations');
            tell(migrations.values());
          } else {
            const uid = event.object.metadata.uid ?? event.object.metadata.name;
            if (event.type === 'deleted') migrations.delete(uid);
            else migrations.set(uid, event.object);
            tell([event.object]);
          }
        }
      })(),
      (async () => {
        for await (const event of client.watch<VirtualMachineInstance>(resources.virtualMachineInstances, {
          ...vmiScope(selection),
          signal,
        })) {
          if (event.type === 'interrupted') continue;
          if (event.type === 'synced') {
            unsynced.delete('vmis');
            tell(migrations.values());
            continue;
          }
          const { namespace, name } = event.object.metadata;
          if (event.type === 'deleted') vmis.delete(`${namespace}/${name}`);
          else vmis.set(`${namespace}/${name}`, event.object);
          tell(
            [...migrations.values()].filter(
              (migration) => migration.spec.vmiName === name && migration.metadata.namespace === namespace,
            ),
          );
        }
      })(),
    ];
    await Promise.all(watching);
    return exit.interrupted;
  } catch (error) {
    if (io.signal.aborted) return exit.interrupted;
    throw error;
  } finally {
    end.abort();
    client.close();
  }
}

/** Writes rows as they come: a line only when what it shows has changed. */
function rowWriter(io: Io, flags: Flags, now: () => number): (rows: MigrationRow[]) => void {
  const columns = migrationColumns(flags.allNamespaces === true, now).filter(
    (column) => flags.output === 'wide' || column.wide !== true,
  );
  // Ages change all the time: that is no news.
  const lasting = columns.filter(({ header }) => header !== 'AGE' && header !== 'COPYING');
  const inTable = flags.output === 'table' || flags.output === 'wide';
  const told = new Map<string, string>();
  const headers = columns.map((column) => column.header);
  // Columns only ever get wider, so that lines stay below each other as far as can be known.
  let widths = headers.map((header) => header.length);
  let begun = false;
  return (rows) => {
    const fresh = rows.filter((row) => {
      const key = `${row.namespace}/${row.name}/${row.created ?? ''}`;
      const shown = inTable ? lasting.map((column) => cell(column.value(row))).join('\t') : JSON.stringify(row);
      if (told.get(key) === shown) return false;
      told.set(key, shown);
      return true;
    });
    for (const row of fresh) {
      if (flags.output === 'json') io.stdout.write(`${JSON.stringify(document('Migration', row))}\n`);
      else if (flags.output === 'name') io.stdout.write(`${nameOf(row)}\n`);
    }
    if (flags.output === 'yaml') {
      void Promise.all(fresh.map((row) => renderDocument(document('Migration', row), 'yaml'))).then((texts) => {
        for (const text of texts) io.stdout.write(`---\n${text}`);
      });
    }
    if (!inTable) return;
    const cells = fresh.map((row) => columns.map((column) => cell(column.value(row))));
    widths = widths.map((width, index) => Math.max(width, ...cells.map((line) => line[index]?.length ?? 0)));
    if (!begun && flags.headers) cells.unshift(headers);
    begun = true;
    for (const line of cells) io.stdout.write(`${pad(line, widths)}\n`);
  };
}

function scope(client: KubeClient, flags: Flags): Selection {
  return {
    ...(flags.allNamespaces ? {} : { namespace: client.namespace }),
    ...(flags.selector !== undefined && { labelSelector: flags.selector }),
  };
}

/** -l is about migrations; their VMIs have other labels. */
function vmiScope({ namespace }: Selection): Selection {
  return namespace === undefined ? {} : { namespace };
}

function pick<T extends MigrationRow>(rows: T[], names: string[], flags: Flags, all = true): T[] {
  if (names.length === 0) return [...rows];
  const wanted = names.map((name) => parseName(name, ['migration']).name);
  for (const name of wanted) {
    if (!all || rows.some((row) => row.name === name)) continue;
    const where = flags.allNamespaces ? '' : ' in this namespace';
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `there is no migration ${name}${where}`,
      'Check the name; -A looks in all namespaces.',
    );
  }
  return rows.filter((row) => wanted.includes(row.name));
}

function nameOf(row: MigrationRow): string {
  return `virtualmachineinstancemigration.kubevirt.io/${row.name}`;
}
