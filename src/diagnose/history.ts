import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import { compareText } from '../model/memo.ts';
import { isFinal } from '../model/migrations.ts';
import type { MigrationState, VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { VmCase } from './case.ts';
import { atEvent } from './cause.ts';
import { type Provenance, provenanceOf } from './provenance.ts';
import { evacuationTrigger, type Trigger, updateTrigger } from './started-by.ts';

/** One thing that happened to where a VM runs. */
export interface HistoryEntry {
  /** RFC 3339: when it ended; when it was created, if it has not ended. */
  at: string;
  /** `moved`: to another node; `failed`: it stayed; `unfinished`: a migration that still waits or runs; `started`: its VMI began, on no matter which node. */
  kind: 'moved' | 'failed' | 'unfinished' | 'started';
  /** Name of the migration; absent where KubeVirt does not keep it any more. */
  migration?: string;
  from?: string;
  to?: string;
  who?: Provenance['who'];
  /** What made KubeVirt create the migration, of those that it creates by itself. */
  trigger?: Trigger['what'];
  /** Why, as a clause. */
  because: string;
  evidence: Evidence[];
}

const MIGRATED = /^The VirtualMachineInstance migrated to node (\S+?)\.$/;
const CREATED = /^Created Migration (\S+)/;
/** An event and the end of the migration it tells of are not written at the same moment, ms. */
const APART = 60_000;
/** A VMI that is younger than its VM by more than that was not the VM's first, ms. */
const RESTARTED = 60_000;

/** Where a VM has been, the oldest first: from the migrations that KubeVirt keeps (five), and from events, which OpenShift keeps for three hours. */
export function historyOf(each: VmCase): HistoryEntry[] {
  const { vm } = each;
  const kept = [...vm.finished, ...vm.unfinished.map(({ object }) => object)].map((object) => entryOf(each, object));
  const entries = [...started(each), ...forgotten(each, kept), ...kept];
  return entries.sort((a, b) => compareText(a.at, b.at));
}

function entryOf(each: VmCase, migration: VirtualMachineInstanceMigration): HistoryEntry {
  const { name, creationTimestamp = '' } = migration.metadata;
  const state = stateOf(each, migration);
  const { phase } = migration.status ?? {};
  const kind = phase === 'Succeeded' ? 'moved' : isFinal(migration) ? 'failed' : 'unfinished';
  const { who, because, evidence, trigger } = reasonOf(each, migration);
  const ended = state?.endTimestamp ?? finalSince(migration);
  return {
    at: kind === 'unfinished' ? creationTimestamp : (ended ?? creationTimestamp),
    kind,
    migration: name,
    ...(state?.sourceNode !== undefined && { from: state.sourceNode }),
    ...(state?.targetNode !== undefined && { to: state.targetNode }),
    who,
    ...(trigger !== undefined && { trigger }),
    because,
    evidence: [atField(migration, '.status.phase', phase), ...evidence],
  };
}

/** Who asked for a migration, and what made them; of what KubeVirt did by itself, what made it. */
function reasonOf(
  each: VmCase,
  migration: VirtualMachineInstanceMigration,
): Pick<HistoryEntry, 'because' | 'evidence' | 'trigger'> & { who: Provenance['who'] } {
  // What the VMI says of an eviction is about one that has not ended.
  const { who, message, evidence } = provenanceOf(migration, isFinal(migration) ? undefined : each.vmi);
  const trigger =
    who === 'volume-migration' ? undefined : (evacuationTrigger(each, migration) ?? updateTrigger(each, migration));
  if (trigger === undefined) return { who, because: message, evidence: [evidence] };
  const { what, because } = trigger;
  return {
    who: what === 'descheduler' ? 'descheduler' : who,
    trigger: what,
    because,
    evidence: trigger.evidence,
  };
}

/** Of this very migration: its own once it has one, the VMI's while that is about it. */
function stateOf(each: VmCase, migration: VirtualMachineInstanceMigration): MigrationState | undefined {
  const { uid } = migration.metadata;
  const own = migration.status?.migrationState;
  if (own?.migrationUid === uid) return own;
  const last = each.vmi?.status?.migrationState;
  return last?.migrationUid === uid ? last : own;
}

function finalSince({ status }: VirtualMachineInstanceMigration): string | undefined {
  return status?.phaseTransitionTimestamps?.find(({ phase }) => phase === status.phase)?.phaseTransitionTimestamp;
}

/** Moves that only events still tell of. */
function forgotten(each: VmCase, kept: HistoryEntry[]): HistoryEntry[] {
  const arrivals = each.events.flatMap((event) => {
    const to = event.reason === 'Migrated' ? MIGRATED.exec(event.message)?.[1] : undefined;
    return to === undefined ? [] : [{ event, to }];
  });
  return arrivals.flatMap(({ event, to }): HistoryEntry[] => {
    const isKept = kept.some(
      (entry) => entry.to === to && Math.abs(Date.parse(entry.at) - Date.parse(event.last)) <= APART,
    );
    if (isKept) return [];
    const creation = each.events.findLast(
      ({ last, message }) => CREATED.test(message) && Date.parse(last) <= Date.parse(event.last),
    );
    const name = creation === undefined ? undefined : CREATED.exec(creation.message)?.[1];
    // A creation that belongs to a migration that is still kept tells nothing of this one.
    const own = name !== undefined && !kept.some(({ migration }) => migration === name) ? name : undefined;
    const who = own?.startsWith('kubevirt-evacuation-')
      ? 'evacuation'
      : own?.startsWith('kubevirt-workload-update-')
        ? 'workload-update'
        : undefined;
    const because =
      who === 'evacuation'
        ? 'it was evacuated'
        : who === 'workload-update'
          ? 'KubeVirt updated it'
          : 'KubeVirt does not keep its migration any more';
    return [
      {
        at: event.last,
        kind: 'moved',
        to,
        ...(who !== undefined && { who }),
        because,
        evidence: [atEvent(event), ...(creation !== undefined && who !== undefined ? [atEvent(creation)] : [])],
      },
    ];
  });
}

/** Its last start, where it is not its first. */
function started({ vm, vmi }: VmCase): HistoryEntry[] {
  const begun = vmi?.metadata.creationTimestamp;
  const created = vm.vm?.metadata.creationTimestamp;
  if (vmi === undefined || begun === undefined || created === undefined) return [];
  if (Date.parse(begun) - Date.parse(created) <= RESTARTED) return [];
  return [
    {
      at: begun,
      kind: 'started',
      because: 'a VirtualMachineInstance was created for it, by a start, a restart or after its last one had ended',
      evidence: [atField(vmi, '.metadata.creationTimestamp', begun)],
    },
  ];
}
