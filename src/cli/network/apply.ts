import { createInterface } from 'node:readline/promises';
import { newRunId } from '../../execute/run-id.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { beginRun, carryOut, undoRun } from '../../network/apply.ts';
import type { NetworkOutcome } from '../../network/events.ts';
import type { JournalStore } from '../../network/journal.ts';
import { readKnownNetworks } from '../../network/known-networks.ts';
import { rehearseWrites } from '../../network/rehearse.ts';
import { requireNetworkRights } from '../../network/rights.ts';
import type { Context } from '../../network/wait.ts';
import { besideRun, readRun, vmReference } from '../../propose/network.ts';
import { type BuildRequest, type DecidedBuild, decideBuild, requireBuildable } from '../../propose/network-build.ts';
import { type DecidedResume, decideResume, requireUnfinished, resumeRun } from '../../propose/network-resume.ts';
import { type Reading, withSnapshot } from '../cluster.ts';
import { confirmed } from '../confirm.ts';
import { type Io, note } from '../context.ts';
import type { ConnectionFlags, DryRun, OutputFlags } from '../flags.ts';
import { type DesignFlags, requestOf } from './flags.ts';
import { planText } from './render.ts';
import { teller, tellOutcome } from './view.ts';
import { words } from './words.ts';

export type ApplyFlags = ConnectionFlags &
  OutputFlags &
  DesignFlags & {
    namespace?: string;
    yes?: boolean;
    dryRun: DryRun;
    resume?: boolean;
    whileMigrating?: boolean;
    canary?: string;
  };

export async function runApply(io: Io, flags: ApplyFlags): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true }, async (reading) => {
    const client = reading.client as KubeClient;
    const context: Context = { client, emit: teller(io), signal: io.signal };
    return flags.resume === true ? await resume(io, context, reading, flags) : await build(io, context, reading, flags);
  });
}

async function build(io: Io, context: Context, reading: Reading, flags: ApplyFlags): Promise<ExitCode> {
  const { client } = context;
  const found = await readRun(client, reading.snapshot, io.signal);
  if (found !== undefined && found.journal.state !== 'applied') throw besideRun(found.journal, words);
  const request = buildRequest(client, flags);
  const decided = decideBuild(reading.snapshot, await known(context), found?.journal, request);
  const { plan, journal } = decided;
  if (decided.isBuilt) {
    note(io, `Everything is as planned already; \`${io.name} network verify\` looks at it as a whole.`);
    return exit.ok;
  }
  io.stderr.write(planText(plan));
  requireBuildable(decided, () => 'Do what the remedies above say.');
  await requireNetworkRights(client, journal.setting, journal.namespace, journal.vm);
  if (flags.dryRun !== 'client') await rehearseWrites(client, journal, io.signal);
  if (flags.dryRun !== 'none') {
    note(
      io,
      flags.dryRun === 'server' ? 'The cluster would accept it (server dry run).' : 'Nothing was changed (dry run).',
    );
    return exit.ok;
  }
  const question = 'Build it? Every virt-handler will be restarted.';
  const now = await confirmed<DecidedBuild>(io, decided, { question, yes: flags.yes === true }, async () => {
    const { snapshot } = await reading.again();
    const run = await readRun(client, snapshot, io.signal);
    return decideBuild(snapshot, await known(context), run?.journal, request);
  });
  requireBuildable(now, () => 'Plan it again.');
  const store = await beginRun(context, { ...now.journal, run: newRunId() });
  return await carry(io, context, store, carryOut, flags);
}

function known({ client, signal }: Context) {
  return readKnownNetworks(client, { signal });
}

function buildRequest(client: KubeClient, flags: ApplyFlags): BuildRequest {
  if (flags.interface === undefined) {
    throw new FerryError(
      'FERRY_E_USAGE',
      'no NIC was named',
      'Name one with --interface; `ferry network plan` says which nodes have it.',
    );
  }
  return {
    design: requestOf({ ...flags, interface: flags.interface }),
    ...(flags.canary !== undefined && { canary: vmReference(flags.canary, client.namespace) }),
    whileMigrating: flags.whileMigrating === true,
    words,
  };
}

async function resume(io: Io, context: Context, reading: Reading, flags: ApplyFlags): Promise<ExitCode> {
  const { client, signal } = context;
  const request = { whileMigrating: flags.whileMigrating === true, words };
  const decide = async ({ snapshot }: Reading): Promise<DecidedResume & { store: JournalStore }> => {
    const store = requireUnfinished(await readRun(client, snapshot, signal));
    return { ...decideResume(snapshot, store.journal, request), store };
  };
  const decided = await decide(reading);
  const { journal } = decided;
  await requireNetworkRights(client, journal.setting, journal.namespace, journal.vm);
  const isUndone = journal.state === 'undoing';
  note(
    io,
    `Run ${journal.run}: ${isUndone ? 'it was being taken back' : `done so far: ${journal.done.join(', ') || 'nothing'}`}.`,
  );
  const question = isUndone ? 'Go on taking it back?' : 'Go on?';
  const now = await confirmed(io, decided, { question, yes: flags.yes === true }, async () =>
    decide(await reading.again()),
  );
  return await carry(io, context, now.store, resumeRun, flags);
}

async function carry(
  io: Io,
  context: Context,
  store: JournalStore,
  run: (context: Context, store: JournalStore) => Promise<NetworkOutcome>,
  flags: ApplyFlags,
): Promise<ExitCode> {
  const outcome = await run(context, store);
  if (outcome.outcome === 'interrupted' && (await wantsUndo(io))) {
    // Whoever asks for it waits for it: the signal has gone off already.
    const fresh = { ...context, signal: new AbortController().signal };
    return await tellOutcome(io, await undoRun(fresh, store, 'interrupted'), flags.output);
  }
  return await tellOutcome(io, outcome, flags.output);
}

async function wantsUndo(io: Io): Promise<boolean> {
  if (!io.isTTY.stdin || !io.isTTY.stderr) return false;
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  try {
    return /^y(es)?$/i.test((await lines.question('Take back what was done so far? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}
