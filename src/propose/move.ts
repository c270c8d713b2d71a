import { type CheckItem, checkVms } from '../assess/assess.ts';
import { createMigration } from '../cluster/writer.ts';
import { exitCodeOf, type MoveOrder } from '../execute/events.ts';
import { migrationOf } from '../execute/migration-of.ts';
import { runMoves } from '../execute/move.ts';
import { nextMigrationName } from '../execute/name.ts';
import { prepareMoves } from '../execute/prepare.ts';
import type { MovePlan } from '../execute/run.ts';
import { newRunId } from '../execute/run-id.ts';
import { eventText, linkText } from '../execute/texts.ts';
import { verdictLine } from '../execute/verdict.ts';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { verdictOf } from '../model/finding.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Vm } from '../model/vm.ts';
import type { Draft, Prepared } from './draft.ts';
import { moveEffect } from './move-effect.ts';

/** Live moves that were decided, allowed or not. */
export interface DecidedMoves {
  plan: MovePlan;
  /** What the checks say of each VM, in the order of the plan. */
  checked: CheckItem[];
  /** The migration that will be created for each. */
  names: string[];
  draft: Draft;
}

/**
 * Decides on live moves to `target`, or wherever the scheduler puts the VMs. Pure. Throws FERRY_E_NOT_FOUND for an
 * unknown target, FERRY_E_REFUSED where KubeVirt can't be told one.
 */
export function decideMoves(snapshot: Snapshot, vms: readonly Vm[], target?: string): DecidedMoves {
  const plan = prepareMoves(snapshot, vms, target);
  const checked = checkVms(snapshot, vms, target === undefined ? {} : { target }).items;
  for (const item of checked) forgiveOwn(item, vms, target);
  const names = plan.orders.map(({ vm, vmiUid }, index) =>
    nextMigrationName(vm.name, vmiUid, vms[index]?.finished ?? []),
  );
  const draft: Draft = {
    summary: summaryOf(plan.orders),
    objects: plan.orders.map(({ vm, target }, index) => ({
      verb: 'create',
      apiVersion: 'kubevirt.io/v1',
      object: { kind: 'VirtualMachineInstanceMigration', namespace: vm.namespace, name: names[index] ?? '' },
      fields: [
        { path: '.spec.vmiName', from: null, to: vm.name },
        ...(target === undefined ? [] : [{ path: '.spec.addedNodeSelector', from: null, to: target.selector }]),
      ],
    })),
    findings: checked.flatMap(({ findings }) => findings.filter(({ severity }) => severity !== 'info')),
    effect: moveEffect(snapshot, plan.orders),
    premises: Object.fromEntries(
      plan.orders.map(({ vm, vmiUid, source }) => [`VM ${vm.namespace}/${vm.name}`, { vmi: vmiUid, node: source }]),
    ),
  };
  return { plan, checked, names, draft };
}

/** Those that can't be moved live. */
export function refusedOf({ checked }: Pick<DecidedMoves, 'checked'>): CheckItem[] {
  return checked.filter(({ verdict }) => verdict !== 'live');
}

/** Throws FERRY_E_REFUSED unless every VM can live-migrate; `hint` says what to do. */
export function requireLive(
  { checked, plan }: Pick<DecidedMoves, 'checked' | 'plan'>,
  hint: (refused: readonly CheckItem[]) => string,
): void {
  const refused = refusedOf({ checked });
  if (refused.length === 0) return;
  const what =
    checked.length === 1
      ? `VM ${refused[0]?.vm.name} cannot be moved live`
      : `${refused.length} of ${checked.length} VMs cannot be moved live`;
  const target = plan.orders[0]?.target?.node;
  const to = target === undefined ? '' : ` to ${target}`;
  throw new FerryError('FERRY_E_REFUSED', `${what}${to}; nothing was moved`, hint(refused));
}

/** The same as a write that can be confirmed. Throws FERRY_E_REFUSED, naming the reasons, unless all can live-migrate. */
export function preparedMoves(client: KubeClient, decided: DecidedMoves, runId = newRunId()): Prepared {
  requireLive(decided, reasons);
  const { plan, draft } = decided;
  return {
    draft,
    rehearse: (signal) => rehearseMoves(client, decided, runId, signal),
    carryOut: async ({ signal, tell }) => {
      const results = await runMoves(client, plan, {
        runId,
        timeout: 0,
        signal,
        emit: (event) =>
          tell('vm' in event ? `${event.vm.namespace}/${event.vm.name}: ${eventText(event)}` : linkText(event)),
      });
      const moves = results.map(({ vm, outcome }) => ({ vm, ...outcome }));
      return { exit: exitCodeOf(results), summary: verdictLine(results, 'ferry'), details: { run: runId, moves } };
    },
  };
}

/** Asks the API server whether it would create the migrations; creates none. */
export async function rehearseMoves(
  client: KubeClient,
  { plan, names }: DecidedMoves,
  runId: string,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, order] of plan.orders.entries())
    await createMigration(client, migrationOf(order, names[index] ?? '', runId), { dryRun: true, signal });
}

/**
 * The migration that this very move would create may exist already: its creator was interrupted. Then it is followed
 * instead of refused (execute/decide.ts).
 */
function forgiveOwn(item: CheckItem, vms: readonly Vm[], target: string | undefined): void {
  const vm = vms.find((each) => each.name === item.vm.name && each.namespace === item.vm.namespace);
  const [own] = vm?.unfinished ?? [];
  if (vm === undefined || own === undefined) return;
  const goesThere = target === undefined || own.targetNode === undefined || own.targetNode === target;
  if (own.name !== nextMigrationName(vm.name, vm.vmi?.metadata.uid ?? '', vm.finished) || !goesThere) return;
  item.findings = item.findings.filter(({ check }) => check !== 'vm/unfinished-migration');
  item.verdict = verdictOf(item.findings);
}

function summaryOf(orders: readonly MoveOrder[]): string {
  const [first] = orders;
  const to = first?.target === undefined ? 'to a node that the scheduler chooses' : `to ${first.target.node}`;
  if (orders.length === 1 && first !== undefined)
    return `Move VM ${first.vm.namespace}/${first.vm.name} live from ${first.source} ${to}.`;
  const named = orders.slice(0, 5).map(({ vm, source }) => `${vm.namespace}/${vm.name} from ${source}`);
  const more = orders.length > 5 ? ` and ${orders.length - 5} more` : '';
  return `Move ${orders.length} VMs live ${to}: ${named.join(', ')}${more}.`;
}

/** The blockers, as far as a few sentences hold them. */
function reasons(refused: readonly CheckItem[]): string {
  const told = refused.flatMap(({ vm, verdict, findings }) =>
    findings
      .filter(({ severity }) => severity === 'blocker')
      .map(({ message, remedy, check }) => `${vm.namespace}/${vm.name} (${verdict}): ${message} [${check}] ${remedy}`),
  );
  return told.length > 5 ? [...told.slice(0, 5), `... and ${told.length - 5} more`].join('\n') : told.join('\n');
}
