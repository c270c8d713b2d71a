import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import { explained } from '../../model/finding-text.ts';
import type { MigrationPolicy } from '../../model/objects.ts';
import { plain } from '../../model/plain.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Wanted } from '../../settings/assignment.ts';
import type { Decision } from '../../settings/decide.ts';
import type { ChangeRecord } from '../../settings/history.ts';
import type { SettingSchemas } from '../../settings/schema.ts';
import { withSnapshot } from '../cluster.ts';
import { confirm } from '../confirm.ts';
import { type Io, note } from '../context.ts';
import type { ConnectionFlags, DryRun, OutputFlags } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';

export type ChangeFlags = ConnectionFlags & OutputFlags & { dryRun: DryRun; yes?: boolean; timeout: number };

export interface Request {
  wanted: Wanted;
  /** What there is to say about where the values came from. */
  findings?: Finding[];
  reverts?: ChangeRecord;
  /** To be created. */
  policies?: MigrationPolicy[];
}

/** Reads the cluster, asks `ask` what to change in it, and does that. */
export async function changeSettings(
  io: Io,
  flags: ChangeFlags,
  ask: (snapshot: Snapshot, client: KubeClient) => Promise<Request>,
): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true, needs: needsOf.changeSettings }, async (reading) => {
    const client = reading.client as KubeClient;
    const { snapshot } = reading;
    const { hyperConvergeds } = snapshot.lists;
    // Who owns the settings must be known before anything is written.
    requireLists(
      snapshot,
      hyperConvergeds.known || hyperConvergeds.why === 'missing' ? ['kubeVirts'] : ['kubeVirts', 'hyperConvergeds'],
      undefined,
    );
    const [{ refreshed }, { settlePending }] = await Promise.all([
      import('../../settings/change.ts'),
      import('../../settings/past.ts'),
    ]);
    for (const line of await settlePending(client, snapshot, io.signal)) note(io, plain(line));
    const now = await refreshed(client, snapshot, io.signal);
    const request = await ask(now, client);
    const { policies = [], reverts, wanted } = request;
    if (reverts?.policy !== undefined) return await changePolicies(io, client, now, { reverts }, flags);
    const code = wanted.size > 0 || policies.length === 0 ? await carryOut(io, client, now, request, flags) : exit.ok;
    return code === exit.ok && policies.length > 0 ? await changePolicies(io, client, now, { policies }, flags) : code;
  });
}

async function carryOut(
  io: Io,
  client: KubeClient,
  snapshot: Snapshot,
  request: Request,
  flags: ChangeFlags,
): Promise<ExitCode> {
  const [{ decide, diffLines }, { dryRun, makeChange }] = await Promise.all([
    import('../../settings/decide.ts'),
    import('../../settings/change.ts'),
  ]);
  const schemas = await readSchemas(client, snapshot, io.signal);
  const decideOn = (on: Snapshot): Decision =>
    decide(on, request.wanted, schemas, { program: io.name, restoring: request.reverts !== undefined });
  const decision = decideOn(snapshot);
  const { changes, findings, running, holder } = decision;
  const all = [...(request.findings ?? []), ...findings];
  const text = flags.output !== 'json' && flags.output !== 'yaml';
  const print = async (outcome: string, more: object = {}): Promise<void> => {
    if (text) return;
    const { kind, metadata } = holder.object;
    const object = { kind, namespace: metadata.namespace, name: metadata.name };
    io.stdout.write(
      await renderDocument(
        document('SettingsChange', { outcome, object, changes: changes.map(nullable), findings: all, ...more }),
        flags.output as 'json' | 'yaml',
      ),
    );
  };
  for (const finding of all) for (const line of explained(finding)) note(io, plain(line.slice(2)));
  if (changes.length === 0) {
    note(io, 'Nothing to change: the settings are like this already.');
    await print('unchanged');
    return exit.ok;
  }
  const about = `${holder.object.kind} ${holder.object.metadata.namespace}/${holder.object.metadata.name} (${holder.object.apiVersion})`;
  const diff = [about, ...diffLines(decision)].map((line) => `${plain(line)}\n`).join('');
  if (text && flags.dryRun !== 'none') io.stdout.write(diff);
  else io.stderr.write(diff);
  for (const line of running) note(io, line);
  if (flags.dryRun !== 'client') await dryRun(client, decision, io.signal);
  if (flags.dryRun !== 'none') {
    note(
      io,
      flags.dryRun === 'server' ? 'The cluster would take it (dry run). Nothing was changed.' : 'Nothing was changed.',
    );
    await print('dry-run');
    return exit.ok;
  }
  await confirm(
    io,
    changes.length === 1 ? 'Change this setting?' : `Change these ${changes.length} settings?`,
    flags.yes === true,
  );
  const { record, result } = await makeChange(client, snapshot, decision, {
    signal: io.signal,
    timeout: flags.timeout,
    decideAgain: decideOn,
    tell: (line) => note(io, plain(line)),
    ...(request.reverts !== undefined && { reverts: request.reverts }),
  });
  await print(result, { id: record.id });
  if (result === 'put-back') {
    throw new FerryError(
      'FERRY_E_PUT_BACK',
      `change ${record.id} was made, and then somebody put the old values back`,
      'Something owns this object: look for GitOps (Argo CD, Flux) or an operator, and change the settings there.',
    );
  }
  if (result === 'waiting') {
    throw new FerryError(
      'FERRY_E_TIMEOUT',
      `change ${record.id} is written, but KubeVirt has not taken it within ${flags.timeout / 1000} s`,
      `Look at the operators; \`${io.name} settings get\` shows what is in force, \`${io.name} settings revert ${record.id}\` takes it back.`,
    );
  }
  if (text)
    io.stdout.write(
      `Changed, and KubeVirt has taken it (change ${record.id}). To take it back: ${io.name} settings revert ${record.id}\n`,
    );
  if (changes.some(({ name }) => name === 'network'))
    note(
      io,
      'virt-handler now restarts on one node after the other; `settings get` and `network verify` show the result.',
    );
  return exit.ok;
}

function nullable({ name, from, to }: { name: string; from: unknown; to: unknown }): object {
  return { setting: name, from: from ?? null, to: to ?? null };
}

async function readSchemas(
  client: KubeClient,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<SettingSchemas | undefined> {
  const [{ holderOf, holdersOf }, { readFieldSchemas }] = await Promise.all([
    import('../../settings/target.ts'),
    import('../../cluster/settings-schema.ts'),
  ]);
  const holder = holderOf(holdersOf(snapshot));
  if (holder === undefined) return undefined;
  return (await readFieldSchemas(client, holder.object, holder.path, signal)) as SettingSchemas | undefined;
}

/** Creates policies, or takes one back. */
async function changePolicies(
  io: Io,
  client: KubeClient,
  snapshot: Snapshot,
  { policies = [], reverts }: { policies?: MigrationPolicy[]; reverts?: ChangeRecord },
  flags: ChangeFlags,
): Promise<ExitCode> {
  const [{ makePolicy, newPolicies, takeBackPolicy }, { createPolicy }] = await Promise.all([
    import('../../settings/policy-change.ts'),
    import('../../cluster/settings-writer.ts'),
  ]);
  const fresh = newPolicies(policies, snapshot);
  const names = fresh.map(({ metadata }) => metadata.name);
  const taken = reverts?.policy?.metadata.name;
  if (taken === undefined && fresh.length === 0) {
    note(io, 'The MigrationPolicies are there already.');
    return exit.ok;
  }
  const lines = taken === undefined ? names.map((name) => `+ MigrationPolicy ${name}`) : [`- MigrationPolicy ${taken}`];
  io.stderr.write(lines.map((line) => `${plain(line)}\n`).join(''));
  if (flags.dryRun !== 'client')
    for (const policy of fresh) await createPolicy(client, policy, { dryRun: true, signal: io.signal });
  if (flags.dryRun !== 'none') return exit.ok;
  await confirm(io, taken === undefined ? 'Create this?' : 'Delete this?', flags.yes === true);
  const options = { signal: io.signal, tell: (line: string) => note(io, plain(line)) };
  const records =
    reverts === undefined
      ? await sequentially(fresh, (policy) => makePolicy(client, snapshot, policy, options))
      : [await takeBackPolicy(client, snapshot, reverts, options)];
  for (const { id, object } of records) {
    const what = taken === undefined ? 'Created' : 'Deleted';
    note(
      io,
      plain(
        `${what} MigrationPolicy ${object.name} (change ${id}). Migrations that begin from now on ${taken === undefined ? 'get it' : 'do without'}.`,
      ),
    );
  }
  return exit.ok;
}

async function sequentially<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
