import { z } from 'zod';
import { type Progress, readProgress } from '../../cluster/progress.ts';
import { resources } from '../../cluster/resources.ts';
import { shortDuration } from '../../model/duration.ts';
import { compareText, keyOf } from '../../model/memo.ts';
import { type MigrationRow, migrationRow } from '../../model/migration-row.ts';
import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { plain } from '../../model/plain.ts';
import { pageOf } from '../budget.ts';
import { theOne } from '../reading.ts';
import { bytesText, namespace, objectName, pageInfo, pageText, paging } from '../schemas.ts';
import { type ToolContext, tool } from '../tool.ts';

const progress = z.object({
  processedBytes: z.number(),
  remainingBytes: z.number(),
  totalBytes: z.number().optional(),
  dirtyRate: z.number().optional().describe('Bytes a second that the guest writes anew.'),
  transferRate: z.number().optional(),
});

const row = z.object({
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

type Row = z.infer<typeof row>;

/** Running migrations whose virt-handler is asked how far they are. */
const MEASURED = 10;

export const vmMigrationStatus = tool({
  name: 'vm_migration_status',
  title: 'VM migration: status',
  description:
    'Live migrations: those under way first, with bytes left and rates, then the ended ones, the newest first. Of one VM, one migration, a namespace or the cluster. Use to follow a move; for why one waits or failed, use vm_migration_diagnose.',
  toolset: 'migration',
  input: z.strictObject({
    name: objectName().describe('Of this VM.').optional(),
    migration: objectName().describe('This migration.').optional(),
    namespace: namespace(),
    phase: z.string().max(40).describe('Only in this phase, e.g. Running, Failed, Succeeded, Pending.').optional(),
    ...paging(20, 100),
  }),
  output: z.object({ now: z.string(), unfinished: z.int(), migrations: z.array(row), ...pageInfo }),
  instead: { vm: 'use "name"', allNamespaces: 'leave "namespace" out for all namespaces' },
  needs: [
    { verb: 'list', group: 'kubevirt.io', resource: 'virtualmachineinstancemigrations' },
    { verb: 'list', group: 'kubevirt.io', resource: 'virtualmachineinstances' },
  ],
  async run({ name, migration, namespace, phase, limit, offset }, { client, signal }) {
    const scope = { signal, ...(namespace !== undefined && { namespace }) };
    const [migrations, vmis] = await Promise.all([
      client.list<VirtualMachineInstanceMigration>(resources.migrations, scope),
      client.list<VirtualMachineInstance>(resources.virtualMachineInstances, scope),
    ]);
    const byKey = new Map(vmis.items.map((vmi) => [keyOf(vmi.metadata.namespace, vmi.metadata.name), vmi]));
    const all = migrations.items.map((each) =>
      migrationRow(each, byKey.get(keyOf(each.metadata.namespace, each.spec.vmiName ?? ''))),
    );
    if (migration !== undefined) {
      theOne(
        all.filter((each) => each.name === migration),
        `migration ${migration}`,
        namespace,
      );
    }
    const chosen = all
      .filter((each) => name === undefined || each.vm === name)
      .filter((each) => migration === undefined || each.name === migration)
      .filter((each) => phase === undefined || each.phase.toLowerCase() === phase.toLowerCase())
      .sort(unfinishedFirst);
    const { items, ...rest } = pageOf<Row>(chosen, { limit, offset });
    const structured = {
      now: new Date(client.serverNow()).toISOString(),
      unfinished: chosen.filter(isUnfinished).length,
      migrations: await measured(items, { client, signal }),
      ...rest,
    };
    const lines = structured.migrations.map((each) => lineOf(each, client.serverNow()));
    const head = `${rest.total} migrations, ${structured.unfinished} under way or waiting (as of ${structured.now})`;
    return { structured, text: [head, ...lines, ...pageText(rest)].map(plain).join('\n') };
  },
});

function isUnfinished({ phase }: MigrationRow): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed';
}

/** Those under way by age, the oldest first; then the ended, the newest first. */
function unfinishedFirst(a: MigrationRow, b: MigrationRow): number {
  const group = Number(isUnfinished(b)) - Number(isUnfinished(a));
  const age = compareText(a.created ?? '', b.created ?? '');
  return group || (isUnfinished(a) ? age : -age) || compareText(keyOf(a.namespace, a.name), keyOf(b.namespace, b.name));
}

async function measured(
  rows: readonly Row[],
  { client, signal }: Pick<ToolContext, 'client' | 'signal'>,
): Promise<Row[]> {
  const running = rows.filter(({ phase, source }) => phase === 'Running' && source !== undefined).slice(0, MEASURED);
  if (running.length === 0) return [...rows];
  const labelSelector = 'kubevirt.io=virt-handler';
  // Who may not read them is told the rest.
  const handlers = await client.list<Pod>(resources.pods, { labelSelector, signal }).catch(() => undefined);
  if (handlers === undefined) return [...rows];
  const told = new Map<Row, Progress | undefined>();
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

function lineOf(each: Row, now: number): string {
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
  if (reason !== undefined) parts.push(`reason: ${reason}`);
  return parts.join(', ');
}
