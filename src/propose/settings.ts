import { FerryError } from '../model/errors.ts';
import { type Finding, subjectOf } from '../model/finding.ts';
import type { MigrationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { Wanted } from '../settings/assignment.ts';
import { historyNamespace } from '../settings/change.ts';
import { type Decision, decide, shown } from '../settings/decide.ts';
import { readDocuments } from '../settings/documents.ts';
import { settingsInForce } from '../settings/drift.ts';
import { HISTORY_NAME } from '../settings/history.ts';
import { changeToRevert, type PastChange } from '../settings/past.ts';
import { newPolicies } from '../settings/policy-change.ts';
import type { SettingsReading } from '../settings/reading.ts';
import { fieldOf } from '../settings/target.ts';
import type { Draft, ObjectChange } from './draft.ts';
import { settingsEffect } from './settings-effect.ts';

/** What is asked for: values and policies, what documents say, or a change to be taken back. */
export type SettingsRequest =
  | { set: Wanted; policies?: readonly MigrationPolicy[] }
  | { documents: readonly unknown[] }
  | { revert: number | 'newest' };

/** A change of settings and MigrationPolicies that was decided. */
export interface DecidedSettings {
  snapshot: Snapshot;
  /** Of HyperConverged's or KubeVirt's CR; absent: it is only about policies. */
  decision?: Decision;
  /** The same on the settings as they are by then. */
  decideAgain: (snapshot: Snapshot) => Decision;
  /** To be created. */
  creates: MigrationPolicy[];
  /** To be deleted. */
  deletes?: MigrationPolicy;
  /** The change that is taken back. */
  reverts?: PastChange;
  /** About where the values came from, and about the settings as they would be. */
  findings: Finding[];
  draft: Draft;
}

interface Asked {
  wanted: Wanted;
  policies: readonly MigrationPolicy[];
  findings: Finding[];
  reverts?: PastChange;
}

/**
 * Decides on a change of the live-migration settings. Pure. Throws FERRY_E_USAGE for what there is not, FERRY_E_REFUSED
 * for what would not work or not last, FERRY_E_NOT_FOUND for a change that is not there to be taken back.
 */
export function decideSettings(
  { snapshot, schemas, past }: SettingsReading,
  request: SettingsRequest,
  { program = 'ferry' }: { program?: string } = {},
): DecidedSettings {
  const { wanted, policies, findings: about, reverts } = askedOf(request, snapshot, past);
  const restoring = reverts !== undefined;
  const decideAgain = (on: Snapshot): Decision => decide(on, wanted, schemas, { program, restoring });
  const deletes = reverts?.policy === undefined ? undefined : presentPolicy(reverts, snapshot);
  const creates = newPolicies(policies, snapshot);
  const decision =
    deletes === undefined && (wanted.size > 0 || policies.length === 0) ? decideAgain(snapshot) : undefined;
  const decided = {
    snapshot,
    ...(decision !== undefined && { decision }),
    decideAgain,
    creates,
    ...(deletes !== undefined && { deletes }),
    ...(reverts !== undefined && { reverts }),
    findings: [...about, ...(decision?.findings ?? [])],
  };
  return { ...decided, draft: draftOf(decided) };
}

/** Whether all is as wanted already. */
export function isUnchanged({ draft }: Pick<DecidedSettings, 'draft'>): boolean {
  return draft.objects.length === 0;
}

function askedOf(request: SettingsRequest, snapshot: Snapshot, past: readonly PastChange[]): Asked {
  if ('set' in request) return { wanted: request.set, policies: request.policies ?? [], findings: [] };
  if ('documents' in request) return readDocuments(request.documents, snapshot);
  const { record, wanted } = changeToRevert(past, request.revert === 'newest' ? undefined : request.revert);
  if (record.object.kind === 'MigrationPolicy' && record.policy === undefined) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `change ${record.id} deleted MigrationPolicy ${record.object.name}, and a deletion is not taken back`,
      `What it said stands in change ${record.reverts}: create it again from there.`,
    );
  }
  return { wanted, policies: [], findings: [], reverts: record };
}

function presentPolicy({ policy }: PastChange, snapshot: Snapshot): MigrationPolicy {
  const name = policy?.metadata.name;
  const found = itemsOf(snapshot.lists.migrationPolicies).find(({ metadata }) => metadata.name === name);
  if (found === undefined)
    throw new FerryError('FERRY_E_REFUSED', `there is no MigrationPolicy ${name} any more`, 'There is nothing to do.');
  return found;
}

type Undrafted = Omit<DecidedSettings, 'draft'>;

function draftOf(decided: Undrafted): Draft {
  const { snapshot, decision, creates, deletes, reverts, findings } = decided;
  const holder = decision?.holder;
  const objects = objectsOf(decided);
  return {
    summary: summaryOf(decided),
    objects,
    findings,
    effect: objects.length === 0 ? [] : effectOf(decided),
    premises: {
      // Who owns the settings, and that it is still the same object.
      ...(holder !== undefined && {
        'owner of the settings': { ...subjectOf(holder.object), uid: holder.object.metadata.uid ?? null },
      }),
      ...(deletes !== undefined && { [`MigrationPolicy ${deletes.metadata.name}`]: deletes.metadata.uid ?? null }),
      ...(reverts !== undefined && { 'taken back': `change ${reverts.id} of ${reverts.at}` }),
      ...(creates.length > 0 && { 'migration policies': policyNames(snapshot) }),
    },
  };
}

/** Which policy a VM gets depends on all of them. */
function policyNames(snapshot: Snapshot): string[] {
  return itemsOf(snapshot.lists.migrationPolicies)
    .map(({ metadata }) => metadata.name)
    .sort();
}

function objectsOf({ decision, creates, deletes }: Undrafted): ObjectChange[] {
  const ofPolicy = (verb: 'create' | 'delete', policy: MigrationPolicy): ObjectChange => ({
    verb,
    apiVersion: policy.apiVersion,
    object: { kind: 'MigrationPolicy', name: policy.metadata.name },
    fields: Object.entries(policy.spec ?? {}).map(([name, value]: [string, unknown]) =>
      verb === 'create'
        ? { path: `.spec.${name}`, from: null, to: value }
        : { path: `.spec.${name}`, from: value, to: null },
    ),
  });
  return [
    ...(decision === undefined || decision.changes.length === 0 ? [] : [patchedBy(decision)]),
    ...creates.map((policy) => ofPolicy('create', policy)),
    ...(deletes === undefined ? [] : [ofPolicy('delete', deletes)]),
  ];
}

function patchedBy({ holder, changes }: Decision): ObjectChange {
  return {
    verb: 'patch',
    apiVersion: holder.object.apiVersion,
    object: subjectOf(holder.object),
    fields: changes.map(({ name, from, to }) => ({
      path: fieldOf(holder.path, name),
      from: from ?? null,
      to: to ?? null,
    })),
  };
}

function summaryOf({ decision, creates, deletes, reverts }: Undrafted): string {
  const changes = decision?.changes ?? [];
  const parts = [
    ...(decision === undefined || changes.length === 0
      ? []
      : [
          `set ${changes.map(({ name, from, to }) => `${name} (${shown(from)} -> ${shown(to)})`).join(', ')} in ${nameOf(decision)}`,
        ]),
    ...(creates.length === 0 ? [] : [`create ${policiesText(creates)}`]),
    ...(deletes === undefined ? [] : [`delete ${policiesText([deletes])}`]),
  ];
  if (parts.length === 0) return 'Nothing to change: the settings are like this already.';
  const what = parts.join(', then ');
  return reverts === undefined
    ? `${what.slice(0, 1).toUpperCase()}${what.slice(1)}.`
    : `Take change ${reverts.id} back: ${what}.`;
}

function nameOf({ holder: { object } }: Decision): string {
  const { kind, metadata } = object;
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

function policiesText(policies: readonly MigrationPolicy[]): string {
  const names = policies.map(({ metadata }) => metadata.name);
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.length === 1 ? 'MigrationPolicy' : 'MigrationPolicies'} ${names.slice(0, 5).join(', ')}${more}`;
}

function effectOf({ snapshot, decision, creates, deletes }: Undrafted): string[] {
  const restarts = decision?.changes.some(({ name }) => name === 'network') === true;
  return [
    ...settingsEffect(snapshot, {
      snapshot: withPolicies(snapshot, creates, deletes),
      settings: decision?.after ?? settingsInForce(snapshot),
    }),
    ...(decision?.running ?? []),
    ...(creates.length > 0 || deletes !== undefined
      ? [
          `Migrations that begin from then on ${deletes === undefined ? 'get the policy' : 'do without the policy'}; those under way do not notice.`,
        ]
      : []),
    ...(restarts ? ['virt-handler restarts on one node after the other.'] : []),
    `What is there now is recorded in ConfigMap ${historyNamespace(snapshot)}/${HISTORY_NAME}, so that it can be put back.`,
  ];
}

function withPolicies(
  snapshot: Snapshot,
  creates: readonly MigrationPolicy[],
  deletes: MigrationPolicy | undefined,
): Snapshot {
  const { migrationPolicies } = snapshot.lists;
  if (!migrationPolicies.known || (creates.length === 0 && deletes === undefined)) return snapshot;
  const items = [...migrationPolicies.items.filter((policy) => policy !== deletes), ...creates];
  return { ...snapshot, lists: { ...snapshot.lists, migrationPolicies: { known: true, items } } };
}
