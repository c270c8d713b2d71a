import { z } from 'zod';
import { type Progress, readProgress } from '../cluster/progress.ts';
import { resources } from '../cluster/resources.ts';
import { shortDuration } from '../model/duration.ts';
import { compareText, keyOf } from '../model/memo.ts';
import type { MigrationRow } from '../model/migration-row.ts';
import type { Pod } from '../model/objects.ts';
import { bytesText } from './schemas.ts';
import type { ToolContext } from './tool.ts';

const progress = z.object({
  processedBytes: z.number(),
  remainingBytes: z.number(),
  totalBytes: z.number().optional(),
  dirtyRate: z.number().optional().describe('Bytes a second that the guest writes anew.'),
  transferRate: z.number().optional(),
});

/** A migration as agents are told of it. */
export const migrationSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  vm: z.string(),
  phase: z.string(),
  source: z.string().optional(),
  target: z.string().optional(),
  policy: z.string().optional(),
  created: z.string().optional(),
  started: z.string().optional(),
  ended: z.string().optional(),
  mode: z.string().optional(),
  reason: z.string().optional(),
  run: z.string().optional(),
  progress: progress.optional(),
});

export type MigrationTold = z.infer<typeof migrationSchema>;

/** Running migrations whose virt-handler is asked how far they are. */
const MEASURED = 10;

export function isUnfinished({ phase }: MigrationRow): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed';
}

/** Those under way by age, the oldest first; then the ended, the newest first. */
export function unfinishedFirst(a: MigrationRow, b: MigrationRow): number {
  const group = Number(isUnfinished(b)) - Number(isUnfinished(a));
  const age = compareText(a.created ?? '', b.created ?? '');
  return group || (isUnfinished(a) ? age : -age) || compareText(keyOf(a.namespace, a.name), keyOf(b.namespace, b.name));
}

/** With how far those are that run; only the first few are asked. */
export async function measured(
  rows: readonly MigrationTold[],
  { client, signal }: Pick<ToolContext, 'client' | 'signal'>,
): Promise<MigrationTold[]> {
  const running = rows.filter(({ phase, source }) => phase === 'Running' && source !== undefined).slice(0, MEASURED);
  if (running.length === 0) return [...rows];
  const labelSelector = 'kubevirt.io=virt-handler';
  // Who may not read them is told the rest.
  const handlers = await client.list<Pod>(resources.pods, { labelSelector, signal }).catch(() => undefined);
  if (handlers === undefined) return [...rows];
  const told = new Map<MigrationTold, Progress | undefined>();
  await Promise.all(
    running.map(async (each) => {
      const watched = { namespace: each.namespace, vmi: each.vm, sourceNode: each.source ?? '' };
      told.set(each, await readProgress(client, handlers.items, watched, { signal }));
    }),
  );
  return rows.map((each) => {
    const found = told.get(each);
    return found === undefined ? each : { ...each, progress: found };
  });
}

/** One line of text. `now` in ms, by the cluster's clock. */
export function lineOf(each: MigrationTold, now: number): string {
  const { namespace, name, vm, phase, source, target, created, started, ended, reason, progress, mode } = each;
  const way = `${source ?? '?'} -> ${target ?? '?'}`;
  const parts = [`${namespace}/${vm}: ${phase} (${name}), ${way}`];
  if (created !== undefined) parts.push(`created ${shortDuration((now - Date.parse(created)) / 1000)} ago`);
  if (started !== undefined) {
    const until = ended === undefined ? now : Date.parse(ended);
    parts.push(
      `copying ${ended === undefined ? 'for' : 'took'} ${shortDuration((until - Date.parse(started)) / 1000)}`,
    );
  }
  if (mode !== undefined) parts.push(mode);
  if (progress !== undefined) {
    const { remainingBytes, totalBytes, transferRate, dirtyRate } = progress;
    parts.push(
      `${bytesText(remainingBytes)} of ${bytesText(totalBytes)} left, ${bytesText(transferRate)}/s sent, ${bytesText(dirtyRate)}/s written anew`,
    );
  }
  if (each.policy !== undefined) parts.push(`policy ${each.policy}`);
  if (each.run !== undefined) parts.push(`run ${each.run} of Ferry`);
  if (reason !== undefined) parts.push(`reason: ${reason}`);
  return parts.join(', ');
}
