import { z } from 'zod';
import { needsOf } from '../../cluster/rights.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import { pageOf } from '../budget.ts';
import { readFor } from '../reading.ts';
import { finding, findingOf, pageInfo, pageText, paging } from '../schemas.ts';
import { tool } from '../tool.ts';

const fates = z.record(z.string(), z.int());

export const clusterCheck = tool({
  name: 'cluster_check',
  title: 'Cluster: check',
  description:
    'What in the cluster hinders live migrations or puts VMs at risk, and what could be better: findings with evidence and remedy, the gravest first, and what a drain, a preemption and the loss of a node would do to the running VMs. Changes nothing.',
  toolset: 'migration',
  input: z.strictObject({
    severity: z.enum(['blocker', 'warning', 'info']).describe('Only findings of this severity.').optional(),
    ...paging(20, 100),
  }),
  output: z.object({
    takenAt: z.string(),
    versions: z.object({
      kubernetes: z.string().optional(),
      kubevirt: z.string().optional(),
      hyperConverged: z.string().optional(),
      openshift: z.boolean(),
    }),
    severities: z.object({ blocker: z.int(), warning: z.int(), info: z.int() }),
    findings: z.array(finding),
    evictions: z
      .object({ drain: fates, preemption: fates, nodeLoss: fates })
      .describe('Running VMs by what would happen to them.'),
    ...pageInfo,
  }),
  needs: needsOf.check,
  async run({ severity, limit, offset }, context) {
    const snapshot = await readFor(context, undefined);
    const { clusterReport } = await import('../../assess/cluster-report.ts');
    const { findings, evictions, takenAt, versions } = clusterReport(snapshot);
    const chosen = findings.filter((each) => severity === undefined || each.severity === severity);
    const { items, ...rest } = pageOf(
      chosen.map((each) => findingOf(each, true)),
      { limit, offset },
    );
    const count = (of: string) => findings.filter((each) => each.severity === of).length;
    const severities = { blocker: count('blocker'), warning: count('warning'), info: count('info') };
    const audit = {
      drain: tally(evictions.map(({ drain }) => drain)),
      preemption: tally(evictions.map(({ preemption }) => preemption)),
      nodeLoss: tally(evictions.map(({ nodeLoss }) => nodeLoss)),
    };
    const version =
      versions.kubevirt === undefined ? 'KubeVirt of an unknown version' : `KubeVirt ${versions.kubevirt}`;
    const lines = [
      `${version}: ${severities.blocker} blockers, ${severities.warning} warnings, ${severities.info} advice (as of ${takenAt})`,
      ...chosen.slice(offset, offset + items.length).flatMap(explained),
      ...Object.entries(audit).map(([what, by]) => `${words[what] ?? what}: ${tallyText(by)}`),
      ...pageText(rest),
    ];
    return {
      structured: { takenAt, versions, severities, findings: items, evictions: audit, ...rest },
      text: lines.map(plain).join('\n'),
    };
  },
});

const words: Record<string, string> = {
  drain: 'A drain of its node, running VMs by what happens',
  preemption: 'A preemption',
  nodeLoss: 'The loss of its node',
};

function tally(fates: readonly string[]): Record<string, number> {
  const by: Record<string, number> = {};
  for (const fate of [...fates].sort()) by[fate] = (by[fate] ?? 0) + 1;
  return by;
}

function tallyText(by: Record<string, number>): string {
  return (
    Object.entries(by)
      .map(([fate, count]) => `${count} ${fate}`)
      .join(', ') || 'no VM runs'
  );
}
