import { readObject } from '../cluster/object-writer.ts';
import { resources } from '../cluster/resources.ts';
import type { KubeClient, Resource, StoredObject } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { nodesOf } from '../model/nodes.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { vmsOf } from '../model/vm.ts';
import { lintAttachment } from '../network/lint.ts';
import { readForChange } from '../settings/reading.ts';
import { at, fieldOf, holdersOf, hyperConvergedPath, KUBEVIRT_PATH } from '../settings/target.ts';
import type { Draft, Prepared } from './draft.ts';
import { type Given, refused } from './given.ts';
import { decideMoves, requireLive } from './move.ts';
import { decideObject, preparedObject, requireFresh, requireUnblocked, type Said, type Where } from './object.ts';
import { applied, isFields, type Told } from './object-diff.ts';
import { decideSettings } from './settings.ts';
import { preparedSettings } from './settings-run.ts';
import { together } from './several.ts';

type Fields = Record<string, unknown>;

/** What deciding on objects takes. */
export interface ObjectsContext {
  client: KubeClient;
  signal: AbortSignal;
  /** What was shown, if it is decided a second time. */
  shown?: Draft | undefined;
  /** Throws for what may not be written. */
  resourceOf: (apiVersion: string, kind: string) => Promise<Resource>;
  /** The VMs of a namespace, or all settings. */
  read: { vms: (namespace: string) => Promise<Snapshot>; settings: () => Promise<Snapshot> };
  told: Told;
}

/** The writes that objects stand for, as one that can be confirmed. Reads the cluster, and changes nothing. */
export async function preparedObjects(context: ObjectsContext, all: readonly Given[]): Promise<Prepared> {
  const prepared: Prepared[] = [];
  for (const given of all) prepared.push(await preparedOne(context, given));
  return together(prepared);
}

async function preparedOne(context: ObjectsContext, given: Given): Promise<Prepared> {
  const { client, signal, told, shown } = context;
  const resource = await context.resourceOf(given.apiVersion, given.kind);
  const where: Where = {
    resource,
    ...(resource.namespaced && { namespace: given.namespace ?? client.namespace }),
  };
  const { name } = given;
  const present = name === undefined ? undefined : await readObject(client, { ...where, name }, { signal });
  // The person who confirms has seen every value; then those count, and not the version.
  if (shown === undefined) requireFresh(given, present);
  const isOf = (known: { group: string; plural: string }): boolean =>
    known.group === resource.group && known.plural === resource.plural;
  if (isOf(resources.hyperConvergeds) || isOf(resources.kubeVirts))
    return await preparedSettingsObject(context, given, where, present);
  if (isOf(resources.migrationPolicies)) return await preparedPolicy(context, given, present);
  if (isOf(resources.nodes)) requireLabelsOnly(given);
  if (isOf(resources.virtualMachines)) requireNoLifecycle(given, present);
  const said: Said =
    isOf(resources.migrations) && present === undefined
      ? await saidOfMigration(context, given, where)
      : isOf(resources.networkAttachments)
        ? saidOfAttachment(given, where, present)
        : {};
  return preparedObject(client, decideObject(given, where, present, told, said), told);
}

/** HyperConverged and KubeVirt's CR: what is a live-migration setting is changed so that it can be taken back. */
async function preparedSettingsObject(
  context: ObjectsContext,
  given: Given,
  where: Where,
  present: StoredObject | undefined,
): Promise<Prepared> {
  const { client, told } = context;
  const { kind, apiVersion } = given;
  const snapshot = await context.read.settings();
  const { hyperConverged, kubeVirt } = holdersOf(snapshot);
  if (present === undefined) {
    const there = kind === 'HyperConverged' ? hyperConverged : kubeVirt;
    throw refused(
      `another ${kind} than the one there is`,
      there === undefined
        ? 'Install OpenShift Virtualization or KubeVirt first.'
        : `It is ${there.metadata.namespace}/${there.metadata.name}.`,
    );
  }
  if (kind === 'KubeVirt' && hyperConverged !== undefined) {
    throw refused(
      "KubeVirt's CR, which HyperConverged owns: it would undo it",
      `Change HyperConverged ${hyperConverged.metadata.namespace}/${hyperConverged.metadata.name}.`,
    );
  }
  const decided = decideObject(given, where, present, told);
  const path = kind === 'HyperConverged' ? hyperConvergedPath(apiVersion) : KUBEVIRT_PATH;
  const settings = at(decided.patch, path);
  const fields = decided.draft.objects.flatMap((each) => each.fields);
  const others = fields.filter((each) => !each.path.startsWith(`${fieldOf(path)}.`) && each.path !== fieldOf(path));
  if (!isFields(settings)) return preparedObject(client, decided, told);
  if (others.length > 0) {
    throw refused(
      `live-migration settings together with ${others[0]?.path}`,
      'Make it two calls: settings are recorded, so that they can be taken back.',
    );
  }
  const nested = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), settings) as Fields;
  const document = { apiVersion, kind, metadata: present.metadata, ...nested };
  return await recorded(context, snapshot, document);
}

async function preparedPolicy(
  context: ObjectsContext,
  { apiVersion, kind, name, body }: Given,
  present: StoredObject | undefined,
): Promise<Prepared> {
  if (name === undefined) throw refused('a MigrationPolicy without a name', 'Give it one in metadata.name.');
  // A part of a policy that is there is to leave the rest as it is; whether it differs is for the settings to say.
  const spec = isFields(body['spec']) ? body['spec'] : {};
  const now = (present as { spec?: unknown } | undefined)?.spec;
  const wanted = isFields(now) ? applied(now, spec) : spec;
  const metadata = { name, ...(isFields(body['metadata']) ? body['metadata'] : {}) };
  return await recorded(context, await context.read.settings(), { apiVersion, kind, metadata, spec: wanted });
}

/** A change of settings: written down before it is made, so that `ferry settings revert` takes it back. */
async function recorded({ client, signal }: ObjectsContext, snapshot: Snapshot, document: unknown): Promise<Prepared> {
  const reading = await readForChange(client, snapshot, signal);
  return preparedSettings(client, decideSettings(reading, { documents: [document] }));
}

function requireLabelsOnly({ body, kind }: Given): void {
  const other = Object.keys(body).find((key) => key !== 'metadata');
  if (other === undefined) return;
  throw refused(
    `.${other} of a ${kind}`,
    'Give only its metadata.labels and metadata.annotations. To empty a node, cordon it with kubectl.',
  );
}

function requireNoLifecycle({ body, name }: Given, present: StoredObject | undefined): void {
  for (const field of ['running', 'runStrategy']) {
    const wanted = at(body, ['spec', field]);
    if (present === undefined || wanted === undefined || wanted === at(present, ['spec', field])) continue;
    throw refused(
      `.spec.${field} of VM ${name}`,
      'Use vm_lifecycle: start, stop and restart say what becomes of the guest.',
    );
  }
}

/** A migration goes through the checks of a move. */
async function saidOfMigration(context: ObjectsContext, { body }: Given, { namespace = '' }: Where): Promise<Said> {
  const snapshot = await context.read.vms(namespace);
  const vmiName = at(body, ['spec', 'vmiName']);
  const vm = vmsOf(snapshot).find((each) => each.name === vmiName && each.namespace === namespace);
  if (vm === undefined) {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `there is no VM ${String(vmiName)} in namespace ${namespace}`,
      'Name it in spec.vmiName, and its namespace in metadata.namespace.',
    );
  }
  const decided = decideMoves(snapshot, [vm], targetIn(snapshot, at(body, ['spec', 'addedNodeSelector'])));
  requireLive(decided, (refused) =>
    refused
      .flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'blocker'))
      .map(({ message, check, remedy }) => `${message} [${check}] ${remedy}`)
      .join('\n'),
  );
  const { findings, effect, premises } = decided.draft;
  return { findings, effect, premises };
}

/** The node that a selector leaves, if it is one. */
function targetIn(snapshot: Snapshot, selector: unknown): string | undefined {
  if (!isFields(selector) || Object.keys(selector).length === 0) return undefined;
  const fitting = [...nodesOf(snapshot).values()].filter(({ labels }) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value),
  );
  return fitting.length === 1 ? fitting[0]?.name : undefined;
}

/**
 * A network goes through the linter: Multus finds out only when a pod wants it. Whether it is to be the migration network
 * is not known here, so that only what is of no use to any pod is refused.
 */
function saidOfAttachment({ apiVersion, kind, name, body }: Given, { namespace }: Where, present?: StoredObject): Said {
  const spec = applied(
    (present as { spec?: Fields } | undefined)?.spec ?? {},
    isFields(body['spec']) ? body['spec'] : undefined,
  );
  const metadata = { name: name ?? '', ...(namespace !== undefined && { namespace }) };
  const found = lintAttachment({ apiVersion, kind, metadata, spec });
  requireUnblocked(found.filter(({ check }) => check === 'network/attachment-json'));
  return {
    findings: found.map((each) =>
      each.severity === 'blocker'
        ? { ...each, severity: 'warning', remedy: `Before it is made the migration network: ${each.remedy}` }
        : each,
    ),
  };
}
