import { needsOf } from '../../cluster/rights.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import type { DecidedSettings, SettingsRequest } from '../../propose/settings.ts';
import type { SettingsOutcome } from '../../propose/settings-run.ts';
import { type Reading, withSnapshot } from '../cluster.ts';
import { confirmed } from '../confirm.ts';
import { type Io, note } from '../context.ts';
import type { ConnectionFlags, DryRun, OutputFlags } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';

export type ChangeFlags = ConnectionFlags & OutputFlags & { dryRun: DryRun; yes?: boolean; timeout: number };

/** Reads the cluster, decides on what is asked for, shows it, and does it once it is confirmed. */
export async function changeSettings(io: Io, flags: ChangeFlags, request: SettingsRequest): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true, needs: needsOf.changeSettings }, async (reading) => {
    const client = reading.client as KubeClient;
    const [{ readForChange }, { decideSettings, isUnchanged }, { rehearseSettings }] = await Promise.all([
      import('../../settings/reading.ts'),
      import('../../propose/settings.ts'),
      import('../../propose/settings-run.ts'),
    ]);
    const decideOn = async ({ snapshot }: Pick<Reading, 'snapshot'>): Promise<DecidedSettings> =>
      decideSettings(await readForChange(client, snapshot, io.signal), request, { program: io.name });
    const decided = await decideOn(reading);
    for (const finding of decided.findings) for (const line of explained(finding)) note(io, plain(line.slice(2)));
    if (decided.decision?.changes.length === 0) note(io, 'Nothing to change: the settings are like this already.');
    else if (isUnchanged(decided)) note(io, 'The MigrationPolicies are there already.');
    if (isUnchanged(decided)) {
      await print(io, flags, decided, 'unchanged');
      return exit.ok;
    }
    await show(io, flags, decided);
    if (flags.dryRun !== 'client') await rehearseSettings(client, decided, io.signal);
    if (flags.dryRun !== 'none') {
      const taken = flags.dryRun === 'server' ? 'The cluster would take it (dry run). ' : '';
      note(io, `${taken}Nothing was changed.`);
      await print(io, flags, decided, 'dry-run');
      return exit.ok;
    }
    const now = await confirmed(io, decided, { question: questionOf(decided), yes: flags.yes === true }, async () =>
      decideOn(await reading.again()),
    );
    return await carryOut(io, client, now, flags);
  });
}

const isText = ({ output }: ChangeFlags): boolean => output !== 'json' && output !== 'yaml';

/** The change as a diff, what is predicted, and what migrations that run will notice. */
async function show(io: Io, flags: ChangeFlags, { decision, creates, deletes, draft }: DecidedSettings): Promise<void> {
  const { diffLines } = await import('../../settings/decide.ts');
  const lines: string[] = [];
  if (decision !== undefined && decision.changes.length > 0) {
    const { apiVersion, kind, metadata } = decision.holder.object;
    lines.push(`${kind} ${metadata.namespace}/${metadata.name} (${apiVersion})`, ...diffLines(decision));
  }
  lines.push(...creates.map(({ metadata }) => `+ MigrationPolicy ${metadata.name}`));
  if (deletes !== undefined) lines.push(`- MigrationPolicy ${deletes.metadata.name}`);
  const diff = lines.map((line) => `${plain(line)}\n`).join('');
  if (isText(flags) && flags.dryRun !== 'none') io.stdout.write(diff);
  else io.stderr.write(diff);
  for (const sentence of draft.effect) note(io, plain(sentence));
}

function questionOf({ decision, creates, deletes }: DecidedSettings): string {
  const changes = decision?.changes.length ?? 0;
  const settings = changes === 1 ? 'Change this setting' : `Change these ${changes} settings`;
  if (deletes !== undefined) return 'Delete this?';
  if (creates.length === 0) return `${settings}?`;
  return changes === 0 ? 'Create this?' : `${settings}, and create this?`;
}

async function carryOut(io: Io, client: KubeClient, decided: DecidedSettings, flags: ChangeFlags): Promise<ExitCode> {
  const { carryOutSettings, exitOf, policyLine, PUT_BACK_HINT, recordsOf } = await import(
    '../../propose/settings-run.ts'
  );
  const outcome = await carryOutSettings(client, decided, {
    signal: io.signal,
    timeout: flags.timeout,
    tell: (line) => note(io, plain(line)),
  });
  const { settings, policies, error } = outcome;
  const ids = recordsOf(outcome).map(({ id }) => id);
  await print(io, flags, decided, settings?.result ?? 'taken', { id: ids[0], policies: policies.map(briefly) });
  if (settings?.result === 'put-back') {
    throw new FerryError(
      'FERRY_E_PUT_BACK',
      `change ${settings.record.id} was made, and then somebody put the old values back`,
      PUT_BACK_HINT,
    );
  }
  if (settings?.result === 'waiting') {
    const { id } = settings.record;
    throw new FerryError(
      'FERRY_E_TIMEOUT',
      `change ${id} is written, but KubeVirt has not taken it within ${flags.timeout / 1000} s`,
      `Look at the operators; \`${io.name} settings get\` shows what is in force, \`${io.name} settings revert ${id}\` takes it back.`,
    );
  }
  if (settings !== undefined && isText(flags)) {
    const { id } = settings.record;
    io.stdout.write(
      `Changed, and KubeVirt has taken it (change ${id}). To take it back: ${io.name} settings revert ${id}\n`,
    );
  }
  if (decided.decision?.changes.some(({ name }) => name === 'network') === true)
    note(
      io,
      'virt-handler now restarts on one node after the other; `settings get` and `network verify` show the result.',
    );
  for (const record of policies) note(io, plain(policyLine(record)));
  if (error !== undefined) {
    const { explain } = await import('../../cluster/explain.ts');
    const { message, hint } = explain(error, io.name);
    note(io, plain(`error: the rest was not done: ${message}\n${hint}`));
  }
  return exitOf(outcome);
}

function briefly({ id, object }: SettingsOutcome['policies'][number]): object {
  return { id, name: object.name };
}

/** The document of what was done, or would be; nothing where text is wanted. */
async function print(
  io: Io,
  flags: ChangeFlags,
  { decision, creates, deletes, findings }: DecidedSettings,
  outcome: string,
  more: object = {},
): Promise<void> {
  if (isText(flags)) return;
  const policies = [...creates, ...(deletes === undefined ? [] : [deletes])].map(({ metadata: { name } }) => ({
    name,
  }));
  const about = decision === undefined ? {} : { object: nameOf(decision) };
  const changes = (decision?.changes ?? []).map(({ name, from, to }) => ({
    setting: name,
    from: from ?? null,
    to: to ?? null,
  }));
  io.stdout.write(
    await renderDocument(
      document('SettingsChange', { outcome, ...about, changes, findings, policies, ...more }),
      flags.output as 'json' | 'yaml',
    ),
  );
}

function nameOf({ holder: { object } }: NonNullable<DecidedSettings['decision']>): object {
  const { kind, metadata } = object;
  return { kind, namespace: metadata.namespace, name: metadata.name };
}
