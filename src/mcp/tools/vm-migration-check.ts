import { z } from 'zod';
import type { CheckItem } from '../../assess/assess.ts';
import type { TargetNode } from '../../assess/targets.ts';
import { needsOf } from '../../cluster/rights.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import { formatBytes, formatCores } from '../../model/quantity.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { pageOf } from '../budget.ts';
import { readFor, requireNodeNamed, vmNamed, vmsIn } from '../reading.ts';
import { finding, findingOf, namespace, objectName, pageInfo, pageText, paging } from '../schemas.ts';
import { tool } from '../tool.ts';

const targetNode = z.object({
  node: z.string(),
  verdict: z.enum(['possible', 'possible-cold', 'impossible']),
  freeAfter: z.object({ cpuMillicores: z.number(), memoryBytes: z.number() }).optional(),
  inbound: z.int().describe('Migrations on their way there.'),
  reasons: z.array(z.string()),
  cautions: z.array(z.string()),
});

const item = z.object({
  vm: z.object({ namespace: z.string(), name: z.string() }),
  node: z.string().optional(),
  verdict: z.enum(['live', 'cold', 'blocked']),
  findings: z.array(finding),
  targets: z
    .object({ possible: z.int(), possibleCold: z.int(), impossible: z.int(), nodes: z.array(targetNode) })
    .optional()
    .describe('Nodes as targets, the best first.'),
});

const output = z.object({
  takenAt: z.string(),
  target: z.string().optional(),
  verdicts: z.object({ live: z.int(), cold: z.int(), blocked: z.int() }),
  vms: z.array(item),
  ...pageInfo,
});

type Item = z.infer<typeof item>;

export const vmMigrationCheck = tool({
  name: 'vm_migration_check',
  title: 'VM migration: check',
  description:
    'Whether VMs can be moved to another node, and why not. Verdict of each VM: live (can live-migrate), cold (only by a restart), blocked (neither), with all findings (evidence and remedy for one VM) and, for one VM, the nodes it can go to, ranked. Use before any move. Changes nothing.',
  toolset: 'migration',
  input: z.strictObject({
    name: objectName().describe('One VM, in full. Default: all VMs, briefly.').optional(),
    namespace: namespace(),
    target: objectName().describe('Whether it can move to this node.').optional(),
    max_targets: z.int().min(0).max(50).default(5).describe('Most nodes told as targets of one VM.'),
    ...paging(20, 100),
  }),
  output,
  instead: {
    vm: 'use "name"',
    node: 'use "target" for the node to move to',
    to: 'use "target"',
    allNamespaces: 'leave "namespace" out for all namespaces',
  },
  needs: needsOf.check,
  async run({ name, namespace, target, max_targets, limit, offset }, context) {
    const snapshot = await readFor(context, namespace);
    if (target !== undefined) requireNodeNamed(snapshot, target);
    const vms = name === undefined ? vmsIn(snapshot, namespace) : [vmNamed(snapshot, name, namespace)];
    const { checkVms } = await import('../../assess/assess.ts');
    const checked = checkVms(snapshot, vms, target === undefined ? {} : { target }).items;
    const [only] = vms;
    const full = name !== undefined && only !== undefined;
    const told = checked.map((each) => briefly(each, full));
    if (full && target === undefined && told[0] !== undefined) {
      told[0] = { ...told[0], ...(await withTargets(snapshot, only, max_targets)) };
    }
    const page = pageOf(told, { limit, offset });
    const count = (verdict: Item['verdict']) => checked.filter((each) => each.verdict === verdict).length;
    const { items, ...rest } = page;
    const structured = {
      takenAt: snapshot.takenAt,
      ...(target !== undefined && { target }),
      verdicts: { live: count('live'), cold: count('cold'), blocked: count('blocked') },
      vms: items,
      ...rest,
    };
    return { structured, text: textOf(structured, full ? checked : []) };
  },
});

function briefly({ vm, node, verdict, findings }: CheckItem, full: boolean): Item {
  // Of many VMs, what is merely worth knowing would hide what matters.
  const shown = full ? findings : findings.filter(({ severity }) => severity !== 'info');
  return { vm, ...(node !== undefined && { node }), verdict, findings: shown.map((each) => findingOf(each, full)) };
}

async function withTargets(snapshot: Snapshot, vm: Vm, most: number): Promise<Partial<Item>> {
  if (!snapshot.lists.nodes.known) return {};
  const { targetReport } = await import('../../assess/targets.ts');
  const [found] = targetReport(snapshot, [vm]).items;
  if (found === undefined) return {};
  const count = (verdict: TargetNode['verdict']) => found.nodes.filter((each) => each.verdict === verdict).length;
  const nodes = found.nodes.slice(0, most).map(({ reasons, cautions, ...each }) => ({
    ...each,
    reasons: reasons.map(({ summary, message }) => summary ?? message),
    cautions: cautions.map(({ message }) => message),
  }));
  return {
    targets: {
      possible: count('possible'),
      possibleCold: count('possible-cold'),
      impossible: count('impossible'),
      nodes,
    },
  };
}

function textOf(page: z.infer<typeof output>, full: readonly CheckItem[]): string {
  const { live, cold, blocked } = page.verdicts;
  const lines = [
    `${live + cold + blocked} VMs: ${live} live, ${cold} cold, ${blocked} blocked (as of ${page.takenAt})`,
  ];
  for (const each of page.vms) {
    const { vm, node, verdict, findings, targets } = each;
    const to = page.target === undefined ? '' : `, to ${page.target}`;
    lines.push(
      '',
      `${vm.namespace}/${vm.name}${node === undefined ? ' (not running)' : ` on ${node}`}${to}: ${verdict}`,
    );
    const inFull = full.find(
      (item) => item.vm === vm || (item.vm.name === vm.name && item.vm.namespace === vm.namespace),
    );
    if (inFull !== undefined) lines.push(...inFull.findings.flatMap(explained));
    else
      for (const { severity, message, check, remedy } of findings)
        lines.push(`  ${severity}: ${message} [${check}] ${remedy}`);
    if (findings.length === 0 && inFull === undefined) lines.push('  nothing found');
    if (targets !== undefined) lines.push(...targetsText(targets));
  }
  lines.push(...pageText(page));
  return lines.map(plain).join('\n');
}

function targetsText({ possible, possibleCold, impossible, nodes }: NonNullable<Item['targets']>): string[] {
  return [
    `  targets: ${possible} possible, ${possibleCold} only by a restart, ${impossible} impossible`,
    ...nodes.map(({ node, verdict, freeAfter, inbound, reasons, cautions }) => {
      const left =
        freeAfter === undefined
          ? ''
          : `, leaves ${formatCores(freeAfter.cpuMillicores)} CPU and ${formatBytes(freeAfter.memoryBytes)}`;
      const more = [...reasons, ...cautions];
      return `    ${node}: ${verdict}${left}, ${inbound} inbound${more.length === 0 ? '' : `: ${more.join('; ')}`}`;
    }),
  ];
}
