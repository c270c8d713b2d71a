import type { Drain, DrainStep } from '../../assess/drain.ts';
import { nodeReport } from '../../assess/node-report.ts';
import { requireLists } from '../../cluster/require-lists.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import { briefly, explained } from '../../model/finding-text.ts';
import { nodesOf } from '../../model/nodes.ts';
import { plain } from '../../model/plain.ts';
import { wordsIn } from '../../model/words.ts';
import { type Reading } from '../cluster.ts';
import { type Io, note, terminalSize } from '../context.ts';
import type { OutputFlags } from '../flags.ts';
import { renderDocument } from '../output/document.ts';
import { type Column, renderTable } from '../output/table.ts';
import { requireNode } from '../select-vms.ts';
import { findingLines } from './lines.ts';

/** `ferry check node/NODE`: what a drain would do to each of its VMs, and what is wrong with the node. */
export async function checkNodeCommand(
  io: Io,
  { snapshot }: Reading,
  name: string,
  flags: OutputFlags & { explain?: boolean },
): Promise<ExitCode> {
  requireLists(snapshot, ['nodes'], undefined);
  requireNode(snapshot, name);
  const node = nodesOf(snapshot).get(name);
  if (node === undefined) return exit.ok;
  const report = nodeReport(snapshot, node);
  const { drain, findings } = report;
  if (flags.output === 'json' || flags.output === 'yaml') {
    io.stdout.write(await renderDocument(report, flags.output));
  } else if (flags.output === 'name') {
    for (const { vm } of drain.steps) io.stdout.write(`virtualmachine.kubevirt.io/${plain(vm.name)}\n`);
  } else {
    const wide = flags.output === 'wide';
    const width = wide ? undefined : terminalSize(io, 'stdout')?.columns;
    if (drain.steps.length === 0) note(io, `No VMs run on ${plain(name)}.`);
    else io.stdout.write(table(drain.steps, { wide, headers: flags.headers, width }));
    for (const line of paceText(name, drain)) note(io, plain(line));
    const told = flags.explain === true || wide ? findings : findings.filter(({ check }) => check !== 'node/drain');
    const lines = told.length > 0 ? `\n${findingLines(told, flags.explain === true)}` : '';
    const text = flags.explain === true ? `${lines}${vmsExplained(drain.steps)}` : lines;
    io.stdout.write(flags.explain === true ? `${text}${wordsIn(text)}` : text);
  }
  return findings.some(({ severity }) => severity === 'blocker') ? exit.findings : exit.ok;
}

function table(
  steps: readonly DrainStep[],
  { wide, headers, width }: { wide: boolean; headers: boolean; width: number | undefined },
): string {
  const columns: Column<DrainStep>[] = [
    { header: 'NAMESPACE', value: ({ vm }) => vm.namespace },
    { header: 'VM', value: ({ vm }) => vm.name },
    { header: 'VERDICT', value: ({ verdict }) => verdict },
    { header: 'EVICTION', value: ({ eviction }) => eviction.strategy },
    { header: 'FROM', wide: true, value: ({ eviction }) => eviction.from },
    { header: 'A DRAIN', value: ({ does }) => does },
    { header: 'ROUND', wide: true, value: ({ round }) => round },
    { header: 'TO', value: ({ to }) => to },
    { header: 'WHY', value: ({ why, findings }) => why ?? briefly(findings) },
  ];
  return renderTable(steps, columns, { wide, headers, width });
}

/** How fast it would go, and what the table's TO means. */
function paceText(name: string, { atOnce, limitedBy, taken, rounds, steps }: Drain): string[] {
  const moving = steps.filter(({ does }) => does === 'moves').length;
  if (moving === 0) return [];
  const lines: string[] = [];
  if (atOnce === undefined)
    lines.push('How many would move at once is not known: the migration settings could not be read.');
  else {
    const now =
      taken.cluster === 0
        ? ''
        : ` (${taken.cluster} of the cluster's slots are taken now, ${taken.node} by VMs leaving ${name})`;
    const limit = limitedBy ?? '';
    lines.push(
      `${moving} would move live, ${atOnce} at a time (${limit})${now}: ${rounds ?? 0} round${rounds === 1 ? '' : 's'}, in no order that KubeVirt promises.`,
    );
  }
  if (steps.some(({ to, does }) => to !== undefined && does !== 'blocks')) {
    lines.push('TO is one way in which all of them fit; the scheduler decides where each goes.');
  }
  return lines;
}

function vmsExplained(steps: readonly DrainStep[]): string {
  return steps
    .filter(({ findings }: { findings: readonly Finding[] }) => findings.length > 0)
    .map(({ vm, verdict, findings }) =>
      [`\n${vm.namespace}/${vm.name}: ${verdict}`, ...findings.flatMap(explained)]
        .map((line) => (line.startsWith('\n') ? `\n${plain(line.slice(1))}\n` : `${plain(line)}\n`))
        .join(''),
    )
    .join('');
}
