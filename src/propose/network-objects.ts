import type { Subject } from '../model/finding.ts';
import { byName, keyOf } from '../model/memo.ts';
import type { NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { readable } from '../network/conflicts.ts';
import type { NetworkPlan, ObjectChange as PlannedChange } from '../network/design.ts';
import { diff } from '../network/diff.ts';
import { JOURNAL, type Journal } from '../network/journal.ts';
import { type Link, type NodeNetwork, networkIn } from '../network/links.ts';
import { holderOf } from '../network/site.ts';
import { undoGroups } from '../network/undo-policy.ts';
import type { FieldChange, ObjectChange } from './draft.ts';

// The writes of a run, object by object, in their order.

const POLICY = 'nmstate.io/v1';
const ATTACHMENT = 'k8s.cni.cncf.io/v1';

/** Those that build. */
export function buildObjects(
  { policy, attachment, setting, changes }: Pick<NetworkPlan, 'policy' | 'attachment' | 'setting' | 'changes'>,
  vm: { namespace: string; name: string } | undefined,
): ObjectChange[] {
  const [ofPolicy, ofAttachment, ofSetting] = changes;
  return [
    ...planned(ofPolicy, POLICY, policyFields(undefined, policy.spec)),
    ...planned(ofAttachment, ATTACHMENT, [{ path: '.spec.config', from: null, to: configOf(readable(attachment)) }]),
    ...planned(ofSetting, setting.apiVersion, []),
    ...(vm === undefined ? [] : [canaryMigration(vm)]),
  ];
}

function planned(change: PlannedChange | undefined, apiVersion: string, created: FieldChange[]): ObjectChange[] {
  if (change === undefined || change.action === 'keep') return [];
  const { action, object, changes } = change;
  if (action === 'create') return [{ verb: 'create', apiVersion, object, fields: created }];
  return [{ verb: 'patch', apiVersion, object, fields: changes.map(fieldOf) }];
}

/** Its name has the run's id behind it. */
function canaryMigration({ namespace, name }: { namespace: string; name: string }): ObjectChange {
  return {
    verb: 'create',
    apiVersion: 'kubevirt.io/v1',
    object: { kind: 'VirtualMachineInstanceMigration', namespace, name: 'ferry-network-*' },
    fields: [{ path: '.spec.vmiName', from: null, to: name }],
  };
}

/** Those that take a network back, as far as it came. */
export function undoObjects(snapshot: Snapshot, journal: Journal): ObjectChange[] {
  const { begun } = journal;
  return [
    ...(begun.includes('setting') ? undoSetting(snapshot, journal) : []),
    ...(begun.includes('attachment') ? undoAttachment(snapshot, journal) : []),
    ...(begun.includes('canary') ? undoPolicy(snapshot, journal) : []),
  ];
}

function undoSetting(snapshot: Snapshot, { setting, before, network }: Journal): ObjectChange[] {
  // What somebody else has set since is theirs.
  if (holderOf(snapshot)?.value !== network || before.network === network) return [];
  const { apiVersion, kind, namespace, name, path } = setting;
  const fields = [{ path: `.${path.join('.')}`, from: network, to: before.network }];
  return [{ verb: 'patch', apiVersion, object: { kind, namespace, name }, fields }];
}

function undoAttachment(snapshot: Snapshot, { attachment, before }: Journal): ObjectChange[] {
  const { name, namespace = '' } = attachment.metadata;
  const present = byName(itemsOf(snapshot.lists.networkAttachments)).get(keyOf(namespace, name));
  if (present === undefined) return [];
  const object: Subject = { kind: 'NetworkAttachmentDefinition', namespace, name };
  if (before.attachment === null) return [{ verb: 'delete', apiVersion: ATTACHMENT, object, fields: [] }];
  const old = readable({ ...attachment, spec: { config: before.attachment } });
  const fields = diff(readable(present), old, '.spec').map(fieldOf);
  return fields.length === 0 ? [] : [{ verb: 'patch', apiVersion: ATTACHMENT, object, fields }];
}

function undoPolicy(snapshot: Snapshot, journal: Journal): ObjectChange[] {
  const { policy, before } = journal;
  const { name } = policy.metadata;
  const present = byName(itemsOf(snapshot.lists.nodeNetworkPolicies)).get(name);
  const object: Subject = { kind: 'NodeNetworkConfigurationPolicy', name };
  const objects: ObjectChange[] = [];
  let spec = present?.spec;
  for (const group of undoGroups(journal, networksIn(snapshot))) {
    const verb = spec === undefined ? 'create' : 'patch';
    objects.push({ verb, apiVersion: POLICY, object, fields: policyFields(spec, group.spec) });
    spec = group.spec;
  }
  if (before.policy !== null) {
    const fields = policyFields(spec, before.policy);
    return fields.length === 0 ? objects : [...objects, { verb: 'patch', apiVersion: POLICY, object, fields }];
  }
  return spec === undefined ? objects : [...objects, { verb: 'delete', apiVersion: POLICY, object, fields: [] }];
}

/** The nodes' networks, as undoing looks at them. */
export function networksIn(snapshot: Snapshot): Map<string, NodeNetwork> {
  return new Map(itemsOf(snapshot.lists.nodeNetworkStates).map((state) => [state.metadata.name, networkIn(state)]));
}

type Spec = NodeNetworkConfigurationPolicy['spec'];

/** Interface by interface: whole, since NMState reads each as a whole. */
function policyFields(from: Spec, to: Spec): FieldChange[] {
  const [old, now] = [interfacesIn(from), interfacesIn(to)];
  const pairs: FieldChange[] = [
    { path: '.spec.nodeSelector', from: from?.nodeSelector ?? null, to: to?.nodeSelector ?? null },
    ...[...new Set([...old.keys(), ...now.keys()])].map((name) => ({
      path: `.spec.desiredState.interfaces[name=${name}]`,
      from: old.get(name) ?? null,
      to: now.get(name) ?? null,
    })),
  ];
  return pairs.filter((pair) => diff(pair.from, pair.to).length > 0);
}

function interfacesIn(spec: Spec): Map<string, unknown> {
  const interfaces = spec?.desiredState?.['interfaces'];
  return new Map(Array.isArray(interfaces) ? (interfaces as Link[]).map((link) => [link.name, link]) : []);
}

function configOf(spec: unknown): unknown {
  return (spec as { config?: unknown }).config;
}

function fieldOf({ path, before, after }: { path: string; before: unknown; after: unknown }): FieldChange {
  return { path, from: before ?? null, to: after ?? null };
}

/** The record of the run: it says how to go on and how to take it back, and stays as long as the network. */
export function recordOf(namespace: string, verb: 'create' | 'patch' | 'delete'): ObjectChange {
  return { verb, apiVersion: 'v1', object: { kind: 'ConfigMap', namespace, name: JOURNAL }, fields: [] };
}
