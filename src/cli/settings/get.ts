import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import { explainedSetting, valueText } from '../../settings/explain.ts';
import type { SettingView } from '../../settings/read.ts';
import { withSnapshot } from '../cluster.ts';
import { type Io, note, terminalSize } from '../context.ts';
import type { ConnectionFlags, OutputFlags, SnapshotFlag } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { type Column, renderTable } from '../output/table.ts';
import { selectVms } from '../select-vms.ts';

export type GetFlags = ConnectionFlags &
  OutputFlags &
  SnapshotFlag & { for?: string; namespace?: string; explain?: boolean };

export async function getSettings(io: Io, names: readonly string[], flags: GetFlags): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true, needs: needsOf.settings }, async (reading) => {
    const { snapshot, client } = reading;
    requireLists(snapshot, ['kubeVirts'], undefined);
    const [{ readSettings }, { settingsFindings }, { named }] = await Promise.all([
      import('../../settings/read.ts'),
      import('../../settings/drift.ts'),
      import('../../settings/assignment.ts'),
    ]);
    const wanted = new Set(names.map((name) => named(name).name));
    const ofVm =
      flags.for === undefined ? undefined : await vmSettings(reading, flags.for, flags.namespace ?? client?.namespace);
    const items = (ofVm?.items ?? readSettings(snapshot)).filter(({ name }) => wanted.size === 0 || wanted.has(name));
    const findings = settingsFindings(snapshot).filter(
      ({ evidence }) => wanted.size === 0 || evidence.some(({ field }) => wanted.has(field.split('.').at(-1) ?? '')),
    );
    if (flags.output === 'json' || flags.output === 'yaml') {
      io.stdout.write(await renderDocument(document('SettingList', { ...ofVm, items, findings }), flags.output));
      return exit.ok;
    }
    for (const line of ofVm?.why ?? []) note(io, plain(line));
    if (flags.explain) {
      io.stdout.write(
        items
          .map((item) =>
            explainedSetting(item)
              .map((line) => `${plain(line)}\n`)
              .join(''),
          )
          .join('\n'),
      );
      if (findings.length > 0)
        io.stdout.write(
          `\nfindings:\n${findings
            .flatMap(explained)
            .map((line) => `${plain(line)}\n`)
            .join('')}`,
        );
    } else {
      const wide = flags.output === 'wide';
      io.stdout.write(
        renderTable(items, columns, {
          wide,
          headers: flags.headers,
          width: wide ? undefined : terminalSize(io, 'stdout')?.columns,
        }),
      );
      tellFindings(io, findings);
    }
    return exit.ok;
  });
}

async function vmSettings(reading: Parameters<typeof selectVms>[0], name: string, namespace: string | undefined) {
  const { settingsOfVm } = await import('../../settings/for-vm.ts');
  const slash = name.replace(/^(vm|vmi)\//, '').split('/');
  const [at, plainName] = slash.length === 2 ? slash : [namespace, slash[0]];
  const [vm] = await selectVms({ ...reading, namespace: at }, [plainName ?? name]);
  if (vm === undefined) throw new FerryError('FERRY_E_NOT_FOUND', `there is no VM ${name}`, 'Check the name.');
  return settingsOfVm(vm, reading.snapshot);
}

/** Warnings as lines beside a table, in few words. */
export function tellFindings(io: Io, findings: readonly Finding[]): void {
  for (const { severity, message, remedy } of findings) {
    if (severity !== 'info') note(io, plain(`${severity}: ${message}. ${remedy}`));
  }
}

const columns: Column<SettingView>[] = [
  { header: 'SETTING', value: ({ name }) => name },
  { header: 'VALUE', value: ({ value, source }) => (source === 'unknown' ? 'unknown' : valueText(value)) },
  { header: 'UNIT', wide: true, value: ({ unit }) => unit },
  { header: 'DEFAULT', wide: true, value: ({ default: standard }) => valueText(standard) },
  { header: 'DOCUMENTED', wide: true, value: ({ documented }) => (documented === '' ? '""' : documented?.toString()) },
  { header: 'SOURCE', value: ({ source }) => source },
  {
    header: 'FIELD',
    wide: true,
    value: ({ object, field, apiVersion }) => (object === undefined ? undefined : `${apiVersion} ${field}`),
  },
  { header: 'HOW', value: ({ how }) => how },
];
