import { shortDuration } from '../model/duration.ts';
import type { MigrationRow } from '../model/migration-row.ts';
import type { Column } from './output/table.ts';

/** The console's columns, in its order; `now` in ms since the epoch, by the cluster's clock. */
export function migrationColumns(namespaced: boolean, now: () => number): Column<MigrationRow>[] {
  const since = (from: string | undefined, to: number): string | undefined =>
    from === undefined ? undefined : shortDuration((to - Date.parse(from)) / 1000);
  return [
    ...(namespaced ? [{ header: 'NAMESPACE', value: (row: MigrationRow) => row.namespace }] : []),
    { header: 'NAME', value: (row) => row.name },
    { header: 'VM', value: (row) => row.vm },
    { header: 'PHASE', value: (row) => row.phase },
    { header: 'SOURCE', value: (row) => row.source },
    { header: 'TARGET', value: (row) => row.target },
    { header: 'POLICY', value: (row) => row.policy },
    { header: 'AGE', value: (row) => since(row.created, now()) },
    {
      header: 'COPYING',
      wide: true,
      value: (row) => since(row.started, row.ended === undefined ? now() : Date.parse(row.ended)),
    },
    { header: 'MODE', wide: true, value: (row) => row.mode },
    { header: 'RUN', wide: true, value: (row) => row.run },
    { header: 'REASON', wide: true, value: (row) => row.reason },
  ];
}
