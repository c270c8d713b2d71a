import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import type { PastChange } from '../../settings/past.ts';
import { withSnapshot } from '../cluster.ts';
import { type Io, note } from '../context.ts';
import type { ConnectionFlags, OutputFlags } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { type Column, renderTable } from '../output/table.ts';

export async function showHistory(io: Io, flags: ConnectionFlags & OutputFlags): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true, needs: needsOf.settings }, async (reading) => {
    requireLists(reading.snapshot, ['kubeVirts'], undefined);
    const { readPast } = await import('../../settings/past.ts');
    const items = await readPast(reading.client as KubeClient, reading.snapshot, io.signal);
    if (flags.output === 'json' || flags.output === 'yaml') {
      io.stdout.write(await renderDocument(document('SettingsHistory', { items }), flags.output));
    } else if (items.length === 0) {
      note(io, 'Ferry has changed no settings here.');
    } else {
      const { shown } = await import('../../settings/decide.ts');
      const lines = items.flatMap((item) =>
        changesOf(item).map((change, index) => ({ item, change, first: index === 0 })),
      );
      const once =
        <T>(value: (item: PastChange) => T) =>
        ({ item, first }: (typeof lines)[number]) =>
          first ? value(item) : '"';
      const columns: Column<(typeof lines)[number]>[] = [
        { header: 'ID', value: ({ item }) => item.id },
        { header: 'TIME', value: once(({ at }) => at) },
        { header: 'BY', value: once(({ by }) => by) },
        {
          header: 'OBJECT',
          wide: true,
          value: once(({ object, apiVersion }) => `${object.kind} ${object.namespace}/${object.name} (${apiVersion})`),
        },
        { header: 'SETTING', value: ({ change }) => change.name },
        { header: 'FROM', value: ({ change }) => shown(change.from) },
        { header: 'TO', value: ({ change }) => shown(change.to) },
        { header: 'OUTCOME', value: once(outcomeText) },
        { header: 'NOW', value: once(({ now }) => now) },
        { header: 'MESSAGE', wide: true, value: once(({ message }) => message) },
      ];
      io.stdout.write(renderTable(lines, columns, { wide: flags.output === 'wide', headers: flags.headers }));
    }
    return exit.ok;
  });
}

function outcomeText({ outcome, reverts }: PastChange): string {
  return reverts === undefined ? outcome : `${outcome}, reverts ${reverts}`;
}

/** A policy is one change: it is there, or it is not. */
function changesOf({ changes, policy, object, reverts }: PastChange): PastChange['changes'] {
  if (object.kind !== 'MigrationPolicy') return changes;
  const created = policy !== undefined && reverts === undefined;
  return [
    { name: `MigrationPolicy ${object.name}`, from: created ? undefined : 'there', to: created ? 'there' : undefined },
  ];
}
