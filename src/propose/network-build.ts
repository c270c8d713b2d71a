import { requireOwnerKnown } from '../cluster/require-lists.ts';
import { newRunId } from '../execute/run-id.ts';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { Finding } from '../model/finding.ts';
import { byName, keyOf } from '../model/memo.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { beginRun, carryOut, journalOf } from '../network/apply.ts';
import { type NetworkPlan, planNetwork } from '../network/design.ts';
import { JOURNAL, type Journal } from '../network/journal.ts';
import { rehearseWrites } from '../network/rehearse.ts';
import type { KnownNetworks, NetworkRequest } from '../network/request.ts';
import { requireNetworkRights } from '../network/rights.ts';
import type { Draft, Prepared } from './draft.ts';
import {
  besideRun,
  canaryVm,
  doneOf,
  following,
  type NetworkWords,
  rolloutEffect,
  whileMigratingError,
} from './network.ts';
import { buildObjects, recordOf } from './network-objects.ts';

export interface BuildRequest {
  design: NetworkRequest;
  /** The VM whose migration is the proof. */
  canary?: { namespace: string; name: string };
  whileMigrating: boolean;
  words: NetworkWords;
}

/** A migration network that was decided on, allowed or not. */
export interface DecidedBuild {
  plan: NetworkPlan;
  /** Without the id of its run. */
  journal: Journal;
  /** Everything is as planned already. */
  isBuilt: boolean;
  /** Of a plan that can be: what else speaks against carrying it out now. */
  objection?: FerryError;
  draft: Draft;
}

/** Decides on building a network. Pure. Throws FERRY_E_REFUSED beside another run; FERRY_E_NO_KUBEVIRT. */
export function decideBuild(
  snapshot: Snapshot,
  known: KnownNetworks,
  found: Journal | undefined,
  request: BuildRequest,
): DecidedBuild {
  requireOwnerKnown(snapshot);
  if (found !== undefined && found.state !== 'applied') throw besideRun(found, request.words);
  const plan = planNetwork(snapshot, request.design, known);
  const isBuilt = plan.changes.every(({ action }) => action === 'keep');
  if (found !== undefined && !isBuilt) throw besideRun(found, request.words);
  const { vm, uid, objection } = canaryOf(snapshot, request);
  const against = objection ?? whileMigratingError(snapshot, request);
  const journal = journalOf(snapshot, plan, { run: '', ...(vm !== undefined && { vm }) });
  const findings = [...plan.findings, ...plan.nodes.flatMap((node) => node.findings)];
  const draft: Draft = {
    summary: summaryOf(plan, vm),
    objects: isBuilt ? [] : [recordOf(plan.request.namespace, 'create'), ...buildObjects(plan, vm)],
    findings: findings.filter(({ severity }) => severity !== 'info'),
    effect: effectOf(snapshot, plan, journal),
    premises: {
      run: null,
      nodes: journal.nodes,
      ...Object.fromEntries(nodesIn(journal)),
      ...uidsOf(snapshot, plan),
      ...(vm !== undefined && { [`VM ${vm.namespace}/${vm.name}`]: uid }),
    },
  };
  return { plan, journal, isBuilt, draft, ...(against !== undefined && !plan.refused && { objection: against }) };
}

function canaryOf(
  snapshot: Snapshot,
  { canary }: BuildRequest,
): { vm?: { namespace: string; name: string }; uid?: string; objection?: FerryError } {
  if (canary === undefined) return {};
  try {
    return canaryVm(snapshot, canary);
  } catch (error) {
    if (error instanceof FerryError) return { objection: error };
    throw error;
  }
}

/** Throws FERRY_E_REFUSED unless it can be built; `hint` says what to do about a plan that can't. */
export function requireBuildable(
  { plan, objection }: DecidedBuild,
  hint: (findings: readonly Finding[]) => string,
): void {
  if (plan.refused) {
    const all = [...plan.findings, ...plan.nodes.flatMap((node) => node.findings)];
    throw new FerryError(
      'FERRY_E_REFUSED',
      'the network can’t be built like this; nothing was changed',
      hint(all.filter(({ severity }) => severity === 'blocker')),
    );
  }
  if (objection !== undefined) throw objection;
}

/** The same as a write that can be confirmed. Throws FERRY_E_REFUSED, naming the reasons, unless it can be built. */
export function preparedBuild(
  client: KubeClient,
  decided: DecidedBuild,
  words: NetworkWords,
  run = newRunId(),
): Prepared {
  if (decided.isBuilt) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      'everything is as planned already; there is nothing to build',
      'Verify it instead.',
    );
  }
  requireBuildable(decided, reasons);
  const journal = { ...decided.journal, run };
  return {
    draft: decided.draft,
    rehearse: async (signal) => {
      await requireNetworkRights(client, journal.setting, journal.namespace, journal.vm);
      await rehearseWrites(client, journal, signal);
    },
    carryOut: async (how) => {
      const context = following(client, how);
      return doneOf(await carryOut(context, await beginRun(context, journal)), words);
    },
  };
}

/** Findings as far as a few sentences hold them. */
export function reasons(findings: readonly Finding[]): string {
  const told = findings.map(({ message, check, remedy }) => `${message} [${check}] ${remedy}`);
  return told.length > 5 ? [...told.slice(0, 5), `... and ${told.length - 5} more`].join('\n') : told.join('\n');
}

function summaryOf({ request, nodes }: NetworkPlan, vm: { namespace: string; name: string } | undefined): string {
  const { namespace, name, type, vlan, interface: nic, mtu, cidr } = request;
  const where = vlan === undefined ? nic : `VLAN ${vlan} of ${nic}`;
  const proof = vm === undefined ? '' : `, and migrate ${vm.namespace}/${vm.name} over it as the proof`;
  return `Build migration network ${namespace}/${name} (${type} on ${where}, MTU ${mtu}, ${cidr}) on ${nodes.length} nodes${proof}.`;
}

function effectOf(snapshot: Snapshot, { policy, addresses }: NetworkPlan, { canary, nodes, vm }: Journal): string[] {
  return [
    `policy ${policy.metadata.name} is applied on ${canary} first, then on all ${nodes.length} nodes`,
    `${addresses.usable} addresses to give in ${addresses.cidr}, ${addresses.needed} needed now`,
    ...rolloutEffect(snapshot, nodes),
    ...(vm === undefined
      ? ['no VM is migrated as the proof: name one as canary to see that switches let the frames through']
      : [`the migration of ${vm.namespace}/${vm.name} must reach an address of the network`]),
    `a step that fails takes everything back; ConfigMap ${JOURNAL} keeps what was there before, as long as the network stands`,
  ];
}

/** Node by node, so that a difference is told where it is. */
function nodesIn({ before }: Journal): [string, unknown][] {
  return Object.entries(before.links).map(([node, links]) => [`interfaces of node ${node}`, links]);
}

/** Of what is there already and would be changed: another object of the same name is another write. */
function uidsOf(snapshot: Snapshot, { policy, attachment }: NetworkPlan): Record<string, unknown> {
  const { name, namespace } = attachment.metadata;
  return {
    policy: byName(itemsOf(snapshot.lists.nodeNetworkPolicies)).get(policy.metadata.name)?.metadata.uid ?? null,
    network: byName(itemsOf(snapshot.lists.networkAttachments)).get(keyOf(namespace, name))?.metadata.uid ?? null,
  };
}
