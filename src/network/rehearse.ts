import {
  deleteAttachment,
  deletePolicy,
  findAttachment,
  findPolicy,
  putAttachment,
  putPolicy,
  readNetworkSetting,
  writeNetworkSetting,
} from '../cluster/network-writer.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Journal } from './journal.ts';
import type { NodeNetwork } from './links.ts';
import { selectorOfNode } from './selector.ts';
import { undoGroups } from './undo-policy.ts';

// The API server and its webhooks look at every object that a run would write, and change nothing.

/** Of a run that builds, as far as it is not done. Throws what they say against it. */
export async function rehearseWrites(client: KubeClient, journal: Journal, signal: AbortSignal): Promise<void> {
  const mode = { dryRun: true, signal };
  const { policy, canary, hostnames, attachment, setting, before, network, done } = journal;
  if (!done.includes('policy')) {
    const spec = done.includes('canary')
      ? policy.spec
      : { ...policy.spec, nodeSelector: selectorOfNode(hostnames[canary] ?? canary) };
    await unlessAtWork(() => putPolicy(client, { ...policy, ...(spec !== undefined && { spec }) }, mode));
  }
  if (!done.includes('attachment')) await putAttachment(client, attachment, mode);
  if (!done.includes('setting')) {
    await writeNetworkSetting(client, setting, { expected: before.network ?? undefined, value: network }, mode);
  }
}

/** Of a run that takes back. Throws what they say against it. */
export async function rehearseUndo(
  client: KubeClient,
  journal: Journal,
  networks: ReadonlyMap<string, NodeNetwork>,
  signal: AbortSignal,
): Promise<void> {
  const mode = { dryRun: true, signal };
  const { begun, setting, before, network, attachment, policy } = journal;
  if (begun.includes('setting')) {
    const { value } = await readNetworkSetting(client, setting, { signal });
    const old = before.network ?? undefined;
    if (value === network) await writeNetworkSetting(client, setting, { expected: network, value: old }, mode);
  }
  const { name, namespace = '' } = attachment.metadata;
  if (begun.includes('attachment') && (await findAttachment(client, namespace, name, { signal })) !== undefined) {
    if (before.attachment === null) await deleteAttachment(client, namespace, name, mode);
    else await putAttachment(client, { ...attachment, spec: { config: before.attachment } }, mode);
  }
  if (!begun.includes('canary')) return;
  for (const { spec } of undoGroups(journal, networks))
    await unlessAtWork(() => putPolicy(client, { ...policy, spec }, mode));
  const isThere = (await findPolicy(client, policy.metadata.name, { signal })) !== undefined;
  if (isThere && before.policy === null) await deletePolicy(client, policy.metadata.name, mode);
  if (before.policy !== null)
    await unlessAtWork(() => putPolicy(client, { ...policy, spec: before.policy ?? {} }, mode));
}

/** NMState lets nobody write a policy that it is still at work on; the run itself waits for it. */
async function unlessAtWork(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError) || !error.message.includes('is still in progress')) throw error;
  }
}
