import type { KubeClient } from '../../kube/types.ts';
import { plain } from '../../model/plain.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { type NetworkPlan, planNetwork } from '../../network/design.ts';
import { readKnownNetworks } from '../../network/known-networks.ts';
import type { KnownNetworks } from '../../network/request.ts';
import { type Io, note } from '../context.ts';
import type { OutputFlags } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { type DesignFlags, requestOf } from './flags.ts';
import { findingsText, planText } from './render.ts';

/** What stands in for the cluster's networks where there is only a saved Snapshot. */
const OFFLINE: KnownNetworks = {
  networks: [],
  unknown: [
    'a saved snapshot does not hold the pod and service networks; what nodes and pods show of them was looked at',
  ],
};

export function knownNetworks(client: KubeClient | undefined, signal: AbortSignal): Promise<KnownNetworks> {
  return client === undefined ? Promise.resolve(OFFLINE) : readKnownNetworks(client, { signal });
}

/** Prints a plan; whether something speaks against it. */
export async function showPlan(
  io: Io,
  snapshot: Snapshot,
  client: KubeClient | undefined,
  flags: OutputFlags & DesignFlags & { interface: string },
): Promise<boolean> {
  const plan = planNetwork(snapshot, requestOf(flags), await knownNetworks(client, io.signal));
  if (flags.output === 'table') io.stdout.write(planText(plan));
  else if (flags.output === 'json') io.stdout.write(await renderDocument(document('NetworkPlan', plan), 'json'));
  else {
    io.stdout.write(await manifests(plan));
    const against = [...plan.findings, ...plan.nodes.flatMap(({ findings }) => findings)].filter(
      ({ severity }) => severity === 'blocker',
    );
    if (against.length > 0) note(io, findingsText(against).trim());
  }
  return plan.refused;
}

/** The objects as they are applied; of the setting's object only the field in question, for a server-side apply. */
async function manifests({ policy, attachment, setting }: NetworkPlan): Promise<string> {
  const fields = [...setting.path]
    .reverse()
    .reduce<unknown>((inner, key) => ({ [key]: inner }), attachment.metadata.name);
  const { apiVersion, kind, name, namespace } = setting;
  const holder = { apiVersion, kind, metadata: { name, namespace }, ...(fields as object) };
  const texts = await Promise.all([policy, attachment, holder].map((each) => renderDocument(each, 'yaml')));
  const remark = `# Of ${plain(kind)} only this field: kubectl apply --server-side --field-manager=migration-network\n`;
  return [texts[0], texts[1], `${remark}${texts[2]}`].join('---\n');
}
