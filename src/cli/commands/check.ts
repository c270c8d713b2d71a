import { type Command, Option } from 'commander';
import type { CheckItem } from '../../assess/assess.ts';
import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import { briefly, explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import { wordsIn } from '../../model/words.ts';
import { withSnapshot } from '../cluster.ts';
import { type Invocation, type Io, note, terminalSize } from '../context.ts';
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
import { parseName } from '../names.ts';
import { renderDocument } from '../output/document.ts';
import { type Column, renderTable } from '../output/table.ts';
import { namesNode, requireNode, selectVms } from '../select-vms.ts';

type Flags = ConnectionFlags &
  ScopeFlags &
  OutputFlags &
  SnapshotFlag & { to?: string; targets?: boolean; explain?: boolean };

export function checkCommand(program: Command, { io, run }: Invocation): void {
  const check = program
    .command('check [VM|node/NODE|cluster...]')
    .description(
      'Say whether VMs can be moved, what a drain of a node would do, and what is wrong with the cluster. Changes nothing.',
    )
    .option('--to <node>', 'whether they can be moved to this node')
    .addOption(
      new Option('--targets', 'every node as a target of the VMs, the best first, with all reasons').conflicts('to'),
    )
    .option('--explain', 'every finding with its evidence and remedy')
    .addHelpText(
      'after',
      `
Verdicts: live (can live-migrate), cold (only by a restart), blocked (neither). Of a target: possible, possible-cold
(by a restart), impossible. The exit code is 1 if a VM that was looked at is cold or blocked or has no possible target,
if something keeps a node from being drained, or if something in the cluster blocks migrations.

Examples:
  # Every VM of the namespace
  ${io.name} check

  # Two VMs, for a certain node, with all there is to say
  ${io.name} check web01 vm/db01 --to worker-2 --explain

  # Where a VM can go: every node, the best first, with what speaks against it
  ${io.name} check web01 --targets -o wide

  # What a drain of a node would do to each of its VMs, and whether it would end
  ${io.name} check node/worker-1

  # What is wrong with the cluster, and what could be better; -o wide: what an eviction would do to each VM
  ${io.name} check cluster --explain`,
    )
    .action((names: string[], flags: Flags) => run(async () => await runCheck(io, names, flags)));
  snapshotFlag(connectionFlags(outputFlags(scopeFlags(check), ['table', 'wide', 'json', 'yaml', 'name'])));
}

async function runCheck(io: Io, names: string[], flags: Flags): Promise<ExitCode> {
  const [only] = names;
  if (
    names.length === 1 &&
    only !== undefined &&
    flags.to === undefined &&
    flags.selector === undefined &&
    flags.targets !== true
  ) {
    const node = only === 'cluster' ? undefined : nodeNamed(only);
    if (only === 'cluster' || node !== undefined) {
      return await withSnapshot(io, { ...flags, everyNamespace: true, needs: needsOf.check }, async (reading) => {
        requireLists(reading.snapshot, ['virtualMachines', 'virtualMachineInstances'], undefined);
        if (node === undefined) {
          const { checkClusterCommand } = await import('../check/cluster.ts');
          return await checkClusterCommand(io, reading, flags);
        }
        const { checkNodeCommand } = await import('../check/node.ts');
        return await checkNodeCommand(io, reading, node, flags);
      });
    }
  }
  return await withSnapshot(
    io,
    { ...flags, everyNamespace: namesNode(names), needs: needsOf.check },
    async (reading) => {
      const { snapshot, namespace } = reading;
      requireLists(snapshot, ['virtualMachines', 'virtualMachineInstances'], namespace);
      const target = flags.to === undefined ? undefined : parseName(flags.to, ['node']).name;
      if (target !== undefined) requireNode(snapshot, target);
      const vms = await selectVms(reading, names, flags.selector);
      if (flags.targets === true) {
        const { checkTargetsCommand } = await import('../check/targets.ts');
        const named = names.length > 0 || flags.selector !== undefined;
        return await checkTargetsCommand(io, reading, named ? vms : [], flags);
      }
      const { checkVms } = await import('../../assess/assess.ts');
      const report = checkVms(snapshot, vms, target === undefined ? {} : { target });
      const manyNamespaces = namespace === undefined && new Set(vms.map((vm) => vm.namespace)).size !== 1;
      if (flags.output === 'json' || flags.output === 'yaml') {
        io.stdout.write(await renderDocument(report, flags.output));
      } else if (flags.output === 'name') {
        for (const { vm } of report.items) io.stdout.write(`virtualmachine.kubevirt.io/${plain(vm.name)}\n`);
      } else if (report.items.length === 0) {
        note(io, namespace === undefined ? 'No VMs found.' : `No VMs found in namespace ${namespace}.`);
      } else if (flags.explain) {
        const text = explain(report.items);
        io.stdout.write(`${text}${wordsIn(text)}`);
      } else {
        io.stdout.write(
          table(
            report.items,
            flags,
            flags.allNamespaces === true || manyNamespaces,
            terminalSize(io, 'stdout')?.columns,
          ),
        );
      }
      const inText = flags.output === 'table' || flags.output === 'wide';
      if (inText)
        for (const finding of report.cluster ?? [])
          for (const line of explained(finding)) note(io, plain(line.slice(2)));
      return report.items.some(({ verdict }) => verdict !== 'live') ? exit.findings : exit.ok;
    },
  );
}

function nodeNamed(text: string): string | undefined {
  const { kind, name } = parseName(text, ['vm', 'node']);
  return kind === 'node' ? name : undefined;
}

interface Line {
  item: CheckItem;
  text: string | undefined;
  check: string | undefined;
}

function table(items: readonly CheckItem[], flags: OutputFlags, namespaced: boolean, width?: number): string {
  const wide = flags.output === 'wide';
  const lines = items.flatMap((item): Line[] => {
    if (!wide || item.findings.length === 0) return [{ item, text: briefly(item.findings), check: undefined }];
    return item.findings.map((finding) => ({
      item,
      text: `${finding.severity}: ${finding.message}`,
      check: finding.check,
    }));
  });
  const columns: Column<Line>[] = [
    ...(namespaced ? [{ header: 'NAMESPACE', value: ({ item }: Line) => item.vm.namespace }] : []),
    { header: 'VM', value: ({ item }) => item.vm.name },
    { header: 'NODE', value: ({ item }) => item.node },
    { header: 'VERDICT', value: ({ item }) => item.verdict },
    { header: 'CHECK', wide: true, value: ({ check }) => check },
    { header: 'FINDING', value: ({ text }) => text },
  ];
  return renderTable(lines, columns, { wide, headers: flags.headers, width: wide ? undefined : width });
}

function explain(items: readonly CheckItem[]): string {
  const blocks = items.map(({ vm, node, verdict, findings }) => {
    const where = node === undefined ? '' : ` on ${node}`;
    const lines = [`${vm.namespace}/${vm.name}${where}: ${verdict}`, ...findings.flatMap(explained)];
    if (findings.length === 0) lines.push('  nothing found');
    return lines.map((line) => `${plain(line)}\n`).join('');
  });
  return blocks.join('\n');
}
