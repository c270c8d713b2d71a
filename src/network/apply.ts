import { FerryError } from '../model/errors.ts';
import { byName, compareText, keyOf } from '../model/memo.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { NetworkPlan } from './design.ts';
import type { NetworkOutcome } from './events.ts';
import { type Journal, JournalStore, STEPS, type Step } from './journal.ts';
import { networkOf } from './links.ts';
import { hostnameOf } from './selector.ts';
import { type Found, steps } from './steps.ts';
import { desiredLinks, linksBefore } from './undo-policy.ts';
import { type Context, patiently } from './wait.ts';

/** What a run of this plan has to keep in mind, before anything is done. */
export function journalOf(
  snapshot: Snapshot,
  plan: NetworkPlan,
  { run, vm }: { run: string; vm?: { namespace: string; name: string } },
): Journal {
  const { policy, attachment, setting } = plan;
  const nodes = plan.nodes.map(({ node }) => node);
  const desired = desiredLinks(policy);
  const { value, ...holder } = setting;
  const oldPolicy = byName(itemsOf(snapshot.lists.nodeNetworkPolicies)).get(policy.metadata.name);
  const { name, namespace = '' } = attachment.metadata;
  const oldAttachment = byName(itemsOf(snapshot.lists.networkAttachments)).get(keyOf(namespace, name));
  const canary = canaryOf(snapshot, nodes);
  const all = byName(itemsOf(snapshot.lists.nodes));
  const hostname = (name: string): string => ((node) => (node === undefined ? name : hostnameOf(node)))(all.get(name));
  return {
    version: 1,
    run,
    state: 'applying',
    namespace,
    cidr: plan.addresses.cidr,
    policy,
    attachment,
    setting: holder,
    network: name,
    nodes,
    hostnames: Object.fromEntries(nodes.map((each) => [each, hostname(each)])),
    canary,
    before: {
      policy: oldPolicy?.spec ?? null,
      attachment: oldAttachment?.spec?.config ?? null,
      network: value ?? null,
      links: Object.fromEntries(nodes.map((each) => [each, linksBefore(networkOf(snapshot, each), desired)])),
    },
    begun: [],
    done: [],
    ...(vm !== undefined && { vm }),
  };
}

/** The node with the fewest running VMs: the first to be changed. */
function canaryOf(snapshot: Snapshot, nodes: readonly string[]): string {
  const count = (node: string): number =>
    itemsOf(snapshot.lists.virtualMachineInstances).filter(({ status }) => status?.nodeName === node).length;
  return [...nodes].sort((a, b) => count(a) - count(b) || compareText(a, b))[0] ?? '';
}

/** Carries a run out from where it stands, and rolls it back if a step fails. */
export async function carryOut(context: Context, store: JournalStore): Promise<NetworkOutcome> {
  const found: Found = { handlers: [] };
  if (store.journal.state === 'undoing') return await undoRun(context, store);
  try {
    for (const step of STEPS) await doStep(context, store, step, found);
    await patiently(context, () => store.save({ state: 'applied' }, { signal: context.signal }));
    return { ...outcomeOf(store.journal, 'applied'), ...found };
  } catch (error) {
    if (context.signal.aborted) return outcomeOf(store.journal, 'interrupted');
    if (isTakenOver(error)) throw error;
    const step = STEPS.find((each) => !store.journal.done.includes(each)) ?? 'migration';
    const message = error instanceof Error ? error.message : String(error);
    context.emit({ type: 'failed', step, message });
    const undone = await undoRun(context, store, message);
    return {
      ...undone,
      failed: { step, message },
      ...(undone.failed !== undefined && { left: [...undone.left, undone.failed.message] }),
    };
  }
}

async function doStep(context: Context, store: JournalStore, step: Step, found: Found): Promise<void> {
  const { begun, done } = store.journal;
  // Of what was done before, only what is still to be told is looked at again.
  if (done.includes(step) && step !== 'rollout') return;
  const { signal } = context;
  if (!begun.includes(step)) await patiently(context, () => store.save({ begun: [...begun, step] }, { signal }));
  if (step !== 'migration' || store.journal.vm !== undefined) {
    context.emit({ type: 'step', step, message: steps[step].say(store.journal) });
  }
  await steps[step].run(context, store.journal, found);
  if (!done.includes(step)) await patiently(context, () => store.save({ done: [...done, step] }, { signal }));
}

/** Takes a run back in reverse order, as far as it came. What can't be is named; then the journal stays. */
export async function undoRun(context: Context, store: JournalStore, why?: string): Promise<NetworkOutcome> {
  const { signal } = context;
  const undone: string[] = [];
  let at: Step | undefined;
  try {
    if (store.journal.state !== 'undoing') {
      await patiently(context, () => store.save({ state: 'undoing', ...(why !== undefined && { why }) }, { signal }));
    }
    for (const step of [...STEPS].reverse()) {
      if (!store.journal.begun.includes(step)) continue;
      at = step;
      for (const sentence of await steps[step].undo(context, store.journal)) {
        undone.push(sentence);
        context.emit({ type: 'undo', message: sentence });
      }
      const { begun, done } = store.journal;
      const next = { begun: begun.filter((each) => each !== step), done: done.filter((each) => each !== step) };
      await patiently(context, () => store.save(next, { signal }));
    }
    await patiently(context, () => store.remove({ signal }));
    const failed =
      store.journal.why === undefined ? {} : { failed: { step: 'undo' as const, message: store.journal.why } };
    return { ...outcomeOf(store.journal, 'rolled-back'), undone, ...(why === undefined ? failed : {}) };
  } catch (error) {
    if (signal.aborted) return { ...outcomeOf(store.journal, 'interrupted'), undone };
    if (isTakenOver(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const left = store.journal.begun.map((step) => steps[step].say(store.journal));
    return { ...outcomeOf(store.journal, 'attention'), undone, left, failed: { step: at ?? 'undo', message } };
  }
}

function isTakenOver(error: unknown): boolean {
  return error instanceof FerryError && error.message.startsWith('another ferry is at work');
}

function outcomeOf({ run }: Journal, outcome: NetworkOutcome['outcome']): NetworkOutcome {
  return { outcome, run, undone: [], left: [], handlers: [] };
}

/** A new run's journal, written before anything else. */
export async function beginRun(context: Context, journal: Journal): Promise<JournalStore> {
  const store = new JournalStore(context.client, journal);
  await store.save({}, { signal: context.signal });
  return store;
}
