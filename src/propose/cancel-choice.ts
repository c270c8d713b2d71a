import { resources } from '../cluster/resources.ts';
import { FerryError } from '../model/errors.ts';
import { isFinal } from '../model/migrations.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { Draft } from './draft.ts';

/** A migration that is meant. */
export interface Chosen {
  migration: VirtualMachineInstanceMigration;
  /** It has ended since it was shown. */
  ended: boolean;
}

/** How somebody names a migration: by its own name or by that of its VM; without `kind`, either. */
export interface Meant {
  kind?: 'migration' | 'vm' | undefined;
  name: string;
}

export interface Choice {
  all: readonly VirtualMachineInstanceMigration[];
  /** Undefined: all namespaces. */
  namespace: string | undefined;
  /** What was shown before: a migration of it that has ended since is told to have ended, and is no error. */
  shown?: Draft | undefined;
  /** What to do if there is none. */
  hint: string;
}

/**
 * The unfinished migrations that are meant, each once: by their own name, or else by their VM's. Pure. Throws
 * FERRY_E_NOT_FOUND and FERRY_E_AMBIGUOUS.
 */
export function chooseMigrations(meant: readonly Meant[], choice: Choice): Chosen[] {
  const chosen = new Map<string, Chosen>();
  for (const each of meant) {
    const found = choose(each, choice);
    chosen.set(found.migration.metadata.uid ?? found.migration.metadata.name, found);
  }
  return [...chosen.values()];
}

function choose({ kind, name }: Meant, { all, namespace, shown, hint }: Choice): Chosen {
  const own = kind === 'vm' ? [] : all.filter(({ metadata }) => metadata.name === name);
  const ofVm = kind === 'migration' ? [] : all.filter(({ spec }) => spec.vmiName === name);
  const open =
    [own, ofVm].map((found) => found.filter((each) => !isFinal(each))).find((found) => found.length > 0) ?? [];
  const namespaces = [...new Set(open.map(({ metadata }) => metadata.namespace ?? ''))];
  if (namespaces.length > 1) {
    throw new FerryError(
      'FERRY_E_AMBIGUOUS',
      `there is a migration of ${name} in ${namespaces.length} namespaces: ${namespaces.toSorted().join(', ')}`,
      `Choose one with its namespace, for example ${namespaces.toSorted()[0]}.`,
    );
  }
  if (open[0] !== undefined) return { migration: open[0], ended: false };
  const before = shownAs({ kind, name }, shown);
  if (before !== undefined) {
    const now = all.find(({ metadata }) => metadata.uid === before.metadata.uid);
    return { migration: now ?? before, ended: true };
  }
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const ended = own[0];
  if (ended !== undefined) {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `the migration ${name}${where} has ended already: ${phaseOf(ended)}`,
      'There is nothing to cancel.',
    );
  }
  throw new FerryError(
    'FERRY_E_NOT_FOUND',
    kind === 'migration'
      ? `there is no migration ${name}${where}`
      : `there is no migration to cancel that is called ${name}, or that is of a VM ${name}${where}`,
    hint,
  );
}

/** The migration of a draft (cancel.ts) that a name stands for. */
function shownAs({ kind, name }: Meant, shown: Draft | undefined): VirtualMachineInstanceMigration | undefined {
  for (const { object } of shown?.objects ?? []) {
    const premise = shown?.premises[`migration ${object.namespace}/${object.name}`] as { uid: string; vm: string };
    const isOwn = kind !== 'vm' && object.name === name;
    const isOfVm = kind !== 'migration' && premise.vm === name;
    if (!isOwn && !isOfVm) continue;
    return {
      apiVersion: 'kubevirt.io/v1',
      kind: resources.migrations.kind,
      metadata: { name: object.name, namespace: object.namespace ?? '', uid: premise.uid },
      spec: { vmiName: premise.vm },
    };
  }
  return undefined;
}

export function phaseOf({ status }: VirtualMachineInstanceMigration): string {
  return status?.phase || 'Pending';
}
