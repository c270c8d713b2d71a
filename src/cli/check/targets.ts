import { type TargetItem, type TargetNode, targetReport } from '../../assess/targets.ts';
import { requireLists } from '../../cluster/require-lists.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import { briefly, explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import { formatBytes, formatCores } from '../../model/quantity.ts';
import type { Vm } from '../../model/vm.ts';
import { wordsIn } from '../../model/words.ts';
import { type Reading } from '../cluster.ts';
import { type Io, note, terminalSize } from '../context.ts';
import type { OutputFlags } from '../flags.ts';
import { renderDocument } from '../output/document.ts';
import { type Column, renderTable } from '../output/table.ts';

/** `ferry check VM --targets`: every node as a target, the best first. */
export async function checkTargetsCommand(
  io: Io,
  { snapshot }: Reading,
  vms: readonly Vm[],
  flags: OutputFlags & { explain?: boolean },
): Promise<ExitCode> {
  if (vms.length === 0) {
    throw new FerryError('FERRY_E_USAGE', 'no VM was named', 'Name the VMs: ferry check VM... --targets.');
  }
  requireLists(snapshot, ['nodes'], undefined);
  const report = targetReport(snapshot, vms);
  const { items } = report;
  if (flags.output === 'json' || flags.output === 'yaml') {
    io.stdout.write(await renderDocument(report, flags.output));
  } else if (flags.output === 'name') {
    const possible = new Set(items.flatMap(({ nodes }) => nodes.filter(isPossible).map(({ node }) => node)));
    for (const node of possible) io.stdout.write(`node/${plain(node)}\n`);
  } else if (flags.explain === true) {
    const text = items.map(inFull).join('\n');
    io.stdout.write(`${text}${wordsIn(text)}`);
  } else {
    const wide = flags.output === 'wide';
    const width = wide ? undefined : terminalSize(io, 'stdout')?.columns;
    io.stdout.write(table(items, { wide, headers: flags.headers, width }));
    for (const item of items) {
      const text = briefly(item.findings);
      if (item.verdict === 'live' || text === undefined) continue;
      note(io, plain(`${item.vm.namespace}/${item.vm.name} itself is ${item.verdict}: ${text}`));
    }
  }
  return items.every(({ nodes }) => nodes.some(isPossible)) ? exit.ok : exit.findings;
}

function isPossible({ verdict }: TargetNode): boolean {
  return verdict === 'possible';
}

interface Line {
  item: TargetItem;
  target: TargetNode;
  text: string | undefined;
}

/** One line a node; with `-o wide` one for each of its reasons and cautions. */
function table(
  items: readonly TargetItem[],
  options: { wide: boolean; headers: boolean; width: number | undefined },
): string {
  const lines = items.flatMap((item) =>
    item.nodes.flatMap((target): Line[] => {
      const told = [...target.reasons, ...target.cautions];
      if (options.wide && told.length > 0) return told.map((finding) => ({ item, target, text: textOf(finding) }));
      return [{ item, target, text: shortly(told) }];
    }),
  );
  const columns: Column<Line>[] = [
    ...(items.length > 1
      ? [
          { header: 'NAMESPACE', value: ({ item }: Line) => item.vm.namespace },
          { header: 'VM', value: ({ item }: Line) => item.vm.name },
        ]
      : []),
    { header: 'NODE', value: ({ target }) => target.node },
    { header: 'VERDICT', value: ({ target }) => target.verdict },
    {
      header: 'CPU LEFT',
      value: ({ target: { freeAfter } }) => freeAfter && amount(freeAfter.cpuMillicores, formatCores),
    },
    {
      header: 'MEMORY LEFT',
      value: ({ target: { freeAfter } }) => freeAfter && amount(freeAfter.memoryBytes, formatBytes),
    },
    { header: 'INBOUND', wide: true, value: ({ target }) => target.inbound },
    { header: 'REASON', value: ({ text }) => text },
  ];
  return renderTable(lines, columns, options);
}

function amount(left: number, format: (amount: number) => string): string {
  return left < 0 ? `-${format(-left)}` : format(left);
}

function textOf({ summary, message }: Finding): string {
  return summary ?? message;
}

function shortly(findings: readonly Finding[]): string | undefined {
  const [first, ...more] = findings;
  if (first === undefined) return undefined;
  return more.length === 0 ? textOf(first) : `${textOf(first)} (+${more.length} more)`;
}

function inFull({ vm, node, verdict, findings, nodes }: TargetItem): string {
  const where = node === undefined ? '' : ` on ${node}`;
  const lines = [`${vm.namespace}/${vm.name}${where}: ${verdict}`, ...findings.flatMap(explained)];
  for (const { node: name, verdict: its, freeAfter, reasons, cautions } of nodes) {
    const left =
      freeAfter === undefined
        ? ''
        : `; after the move ${amount(freeAfter.cpuMillicores, formatCores)} CPU and ${amount(freeAfter.memoryBytes, formatBytes)} memory are left`;
    lines.push(`${name}: ${its}${left}`, ...[...reasons, ...cautions].flatMap(explained));
  }
  return lines.map((line) => `${plain(line)}\n`).join('');
}
