import { readProgress } from '../cluster/progress.ts';
import { apiVersionOf, resources } from '../cluster/resources.ts';
import { cancelMigration } from '../cluster/writer.ts';
import { exitCodeOf, type LinkEvent, type MoveEvent, type MoveOrder, type MoveResult } from '../execute/events.ts';
import { runMoves } from '../execute/move.ts';
import { linkText, outcomeText } from '../execute/texts.ts';
import { isNotFound } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import { shortDuration } from '../model/duration.ts';
import { type ExitCode, exit, FerryError } from '../model/errors.ts';
import { at, type Finding, subjectOf } from '../model/finding.ts';
import { type MigrationRow, migrationRow } from '../model/migration-row.ts';
import { isKubeVirts } from '../model/migrations.ts';
import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { formatBytes } from '../model/quantity.ts';
import type { Chosen } from './cancel-choice.ts';
import type { Draft, Prepared } from './draft.ts';

/** A migration to be cancelled, with what is known of its VM. */
export interface Cancellable extends Chosen {
  vmi?: VirtualMachineInstance;
  /** How far it is, in a clause; absent where nobody measures it. */
  progress?: string;
}

export interface DecidedCancel {
  items: Cancellable[];
  draft: Draft;
}

export interface CancelOptions {
  signal: AbortSignal;
  /** Ms after which it is followed no longer; 0: never. */
  timeout: number;
  /** `gone`: it had ended before it could be cancelled. */
  asked: (name: string, result: 'requested' | 'gone') => void;
  emit: (event: MoveEvent | LinkEvent) => void;
}

/**
 * Decides on cancelling migrations. Pure. Throws FERRY_E_REFUSED for one that is in post-copy: libvirt can't abort it
 * (facts/kubevirt.md C1).
 */
export function decideCancel(items: readonly Cancellable[]): DecidedCancel {
  for (const { migration, vmi, ended } of items) if (!ended) requireNotPostCopy(migration, vmi);
  const draft: Draft = {
    summary: summaryOf(items.map(({ migration }) => migration)),
    objects: items.map(({ migration }) => ({
      verb: 'delete',
      apiVersion: apiVersionOf(resources.migrations),
      object: subjectOf({ kind: resources.migrations.kind, metadata: migration.metadata }),
      fields: [],
    })),
    findings: items.filter(({ ended }) => !ended).flatMap(({ migration }) => madeAgain(migration)),
    effect: items.map(effectOf),
    premises: Object.fromEntries(
      items.map(({ migration: { metadata, spec } }) => [
        `migration ${metadata.namespace}/${metadata.name}`,
        { uid: metadata.uid ?? null, vm: spec.vmiName ?? '' },
      ]),
    ),
  };
  return { items: [...items], draft };
}

/** The VMs of chosen migrations. Throws the client's KubeError. */
export async function readCancellables(
  client: KubeClient,
  chosen: readonly Chosen[],
  signal: AbortSignal,
): Promise<Cancellable[]> {
  return await Promise.all(
    chosen.map(async (each) => {
      const { metadata, spec } = each.migration;
      const options = { namespace: metadata.namespace ?? '', signal };
      const vmi = await client
        .get<VirtualMachineInstance>(resources.virtualMachineInstances, spec.vmiName ?? '', options)
        .catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
      return { ...each, ...(vmi !== undefined && { vmi }) };
    }),
  );
}

/** With how far those are that run, as far as virt-handler may be asked. Never an error. */
export async function withProgress(
  client: KubeClient,
  items: readonly Cancellable[],
  signal: AbortSignal,
): Promise<Cancellable[]> {
  const labelSelector = 'kubevirt.io=virt-handler';
  const handlers = await client.list<Pod>(resources.pods, { labelSelector, signal }).catch(() => undefined);
  if (handlers === undefined) return [...items];
  return await Promise.all(
    items.map(async (each) => {
      const { phase, source, vm, namespace } = migrationRow(each.migration, each.vmi);
      if (each.ended || phase !== 'Running' || source === undefined) return each;
      const watched = { namespace, vmi: vm, sourceNode: source };
      const found = await readProgress(client, handlers.items, watched, { signal });
      if (found === undefined) return each;
      return {
        ...each,
        progress: `${formatBytes(found.processedBytes)} copied, ${formatBytes(found.remainingBytes)} left`,
      };
    }),
  );
}

/** Cancelling as a write that can be confirmed. */
export function preparedCancel(client: KubeClient, decided: DecidedCancel): Prepared {
  return {
    draft: decided.draft,
    rehearse: async (signal) => {
      await rehearseCancel(client, decided, signal);
    },
    carryOut: async ({ signal, tell }) => {
      const results = await carryOutCancel(client, decided, {
        signal,
        timeout: 0,
        asked: (name, result) => tell(askedText(name, result)),
        emit: (event) => {
          if (!('vm' in event)) tell(linkText(event));
          else if (event.type === 'done') tell(endText(event.vm.name, event.outcome));
        },
      });
      return {
        exit: cancelExit(results),
        summary: results.map(({ vm, outcome }) => `${endText(vm.name, outcome)}.`).join(' '),
        details: { migrations: results.map(({ vm, outcome }) => ({ vm, ...outcome })) },
      };
    },
  };
}

/** Asks the API server whether it would delete the migrations; deletes none. */
export async function rehearseCancel(
  client: KubeClient,
  { items }: DecidedCancel,
  signal: AbortSignal,
): Promise<('requested' | 'gone')[]> {
  const results: ('requested' | 'gone')[] = [];
  for (const { migration, ended } of items)
    results.push(ended ? 'gone' : await cancelMigration(client, named(migration), { dryRun: true, signal }));
  return results;
}

/** Cancels the migrations and follows them until they are over. Throws the client's KubeError. */
export async function carryOutCancel(
  client: KubeClient,
  { items }: DecidedCancel,
  { signal, timeout, asked, emit }: CancelOptions,
): Promise<MoveResult[]> {
  const orders: MoveOrder[] = [];
  for (const { migration, vmi, ended } of items) {
    const { namespace, name } = named(migration);
    // Of one that has ended, the record stays.
    const result = ended ? 'gone' : await cancelMigration(client, named(migration), { signal });
    asked(name, result);
    orders.push({
      vm: { namespace, name: migration.spec.vmiName ?? '' },
      vmiUid: vmi?.metadata.uid ?? '',
      source: vmi?.status?.nodeName ?? '',
      migration: result === 'requested' ? deleted(migration, client.serverNow()) : migration,
    });
  }
  const plan = {
    orders,
    budgets: { cluster: 0, outbound: 0, inbound: 0 },
    lastNode: new Map(),
    hostnames: new Map(),
    everywhere: { migrations: false, vmis: false },
    handlers: [],
  };
  return await runMoves(client, plan, { runId: '', timeout, signal, emit });
}

/** Whichever way a migration ended, none is under way any more: that is what was asked for. */
export function cancelExit(results: readonly MoveResult[]): ExitCode {
  const code = exitCodeOf(results);
  return code === exit.partial || code === exit.failedSafe ? exit.ok : code;
}

/** `web: cancelled; the VM runs on worker-1`. */
export function endText(vm: string, outcome: MoveResult['outcome']): string {
  return `${vm}: ${outcome.result === 'succeeded' ? 'too late to cancel: ' : ''}${outcomeText(outcome)}`;
}

export function askedText(name: string, result: 'requested' | 'gone'): string {
  return result === 'gone' ? `${name} had ended before it could be cancelled` : `${name} is being cancelled`;
}

function named({ metadata }: VirtualMachineInstanceMigration): { namespace: string; name: string; uid: string } {
  return { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid ?? '' };
}

/** A migration as it is once its deletion was accepted. */
function deleted(migration: VirtualMachineInstanceMigration, now: number): VirtualMachineInstanceMigration {
  return { ...migration, metadata: { ...migration.metadata, deletionTimestamp: new Date(now).toISOString() } };
}

function requireNotPostCopy(migration: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance | undefined): void {
  const { mode, name, vm, namespace } = migrationRow(migration, vmi);
  if (mode !== 'PostCopy') return;
  throw new FerryError(
    'FERRY_E_REFUSED',
    `migration ${namespace}/${name} of VM ${vm} is in post-copy and cannot be cancelled: the guest runs on the target already, and parts of its memory are on the source only`,
    'Wait until it has ended; do not restart the VM or either node before.',
  );
}

/** KubeVirt's own migrations come back for as long as what they are for is wanted (facts/kubevirt.md C1, C2). */
function madeAgain(migration: VirtualMachineInstanceMigration): Finding[] {
  if (!isKubeVirts(migration)) return [];
  const subject = subjectOf({ kind: resources.migrations.kind, metadata: migration.metadata });
  const { annotations = {} } = migration.metadata;
  const drained = 'kubevirt.io/evacuationMigration' in annotations;
  return [
    {
      check: 'cancel/made-again',
      severity: 'warning',
      subject,
      message: `KubeVirt made migration ${migration.metadata.name} itself, ${drained ? 'to empty a node' : 'to update the VM'}, and will make another one`,
      evidence: [
        at(
          subject,
          '.metadata.annotations',
          Object.keys(annotations).filter((key) => key.startsWith('kubevirt.io/')),
        ),
      ],
      remedy: drained
        ? 'End the drain first; from KubeVirt 1.7 on, the subresource evacuate/cancel of the VM then takes its wish to leave back.'
        : 'Take LiveMigrate out of .spec.workloadUpdateStrategy of the KubeVirt CR for as long as it must not move.',
    },
  ];
}

function effectOf({ migration, vmi, progress, ended }: Cancellable): string {
  const row = migrationRow(migration, vmi);
  const what = `${row.namespace}/${row.name}`;
  if (ended) return `${what} has ended already.`;
  const stays = `VM ${row.vm} goes on running ${row.source === undefined ? 'where it is' : `on ${row.source}`}`;
  if (row.phase === 'Cancelling') return `${what} is being cancelled already; ${stays}.`;
  return `${what} is ${row.phase}${farness(row, progress)}: what was copied is thrown away, and ${stays}.`;
}

function farness({ source, target, created, started }: MigrationRow, progress: string | undefined): string {
  const parts = [
    ...(target === undefined ? [] : [`${source ?? '?'} -> ${target}`]),
    ...(created !== undefined && started !== undefined
      ? [`copying began ${shortDuration((Date.parse(started) - Date.parse(created)) / 1000)} after its creation`]
      : []),
    ...(progress === undefined ? [] : [progress]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function summaryOf(migrations: readonly VirtualMachineInstanceMigration[]): string {
  const names = migrations.map(({ metadata, spec }) => `${metadata.namespace}/${metadata.name} of VM ${spec.vmiName}`);
  if (names.length === 1) return `Cancel migration ${names[0]}; the VM stays where it is.`;
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `Cancel ${names.length} migrations: ${names.slice(0, 5).join(', ')}${more}; the VMs stay where they are.`;
}
