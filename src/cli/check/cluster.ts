import { clusterReport } from '../../assess/cluster-report.ts';
import type { EvictionAudit } from '../../assess/eviction.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { wordsIn } from '../../model/words.ts';
import type { Reading } from '../cluster.ts';
import { type Io, note } from '../context.ts';
import type { OutputFlags } from '../flags.ts';
import { renderDocument } from '../output/document.ts';
import { type Column, renderTable } from '../output/table.ts';
import { findingLines } from './lines.ts';

/** `ferry check cluster`: findings by severity; with -o wide also what an eviction would do to each VM. */
export async function checkClusterCommand(
  io: Io,
  { snapshot }: Reading,
  flags: OutputFlags & { explain?: boolean },
): Promise<ExitCode> {
  if (flags.output === 'name') {
    throw new FerryError('FERRY_E_USAGE', '-o name lists VMs, and the cluster is none', 'Use -o json or -o yaml.');
  }
  const report = clusterReport(snapshot);
  const { findings, evictions } = report;
  if (flags.output === 'json' || flags.output === 'yaml') {
    io.stdout.write(await renderDocument(report, flags.output));
  } else {
    const text = findingLines(findings, flags.explain === true);
    io.stdout.write(flags.explain === true ? `${text}${wordsIn(text)}` : text);
    if (flags.output === 'wide' && evictions.length > 0) io.stdout.write(`\n${audit(evictions, flags.headers)}`);
    const some = findings.length > 0;
    if (!some) note(io, 'Nothing found.');
    else if (flags.explain !== true) note(io, 'For evidence and what to do: --explain.');
  }
  return findings.some(({ severity }) => severity === 'blocker') ? exit.findings : exit.ok;
}

function audit(rows: readonly EvictionAudit[], headers: boolean): string {
  const columns: Column<EvictionAudit>[] = [
    { header: 'NAMESPACE', value: ({ vm }) => vm.namespace },
    { header: 'VM', value: ({ vm }) => vm.name },
    { header: 'NODE', value: ({ node }) => node },
    { header: 'EVICTION', value: ({ strategy }) => strategy },
    { header: 'FROM', value: ({ from }) => from },
    { header: 'A DRAIN', value: ({ drain }) => drain },
    { header: 'A PREEMPTION', value: ({ preemption }) => preemption },
    { header: 'LOSS OF THE NODE', value: ({ nodeLoss }) => nodeLoss },
  ];
  return renderTable(rows, columns, { wide: true, headers });
}
