import { readDossier } from '../../cluster/dossier.ts';
import {
  type Diagnosis,
  diagnoseCluster,
  diagnoseMigration,
  diagnoseNode,
  diagnoseVm,
} from '../../diagnose/diagnose.ts';
import { type Sources, sourcesOfCluster, sourcesOfNode, sourcesOfVm } from '../../diagnose/sources.ts';
import type { Dossier } from '../../model/dossier.ts';
import { FerryError } from '../../model/errors.ts';
import { nodesOf } from '../../model/nodes.ts';
import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { vmsOf } from '../../model/vm.ts';
import type { Reading } from '../cluster.ts';
import type { Io } from '../context.ts';
import { parseName } from '../names.ts';
import { ambiguous, requireNode, selectVms } from '../select-vms.ts';

/** Finds what is named, reads what was said about it, and diagnoses it. A plain name is a VM's, or else a migration's. */
export async function diagnoseSubjects(io: Io, reading: Reading, text: string): Promise<Diagnosis[]> {
  const { snapshot } = reading;
  if (text === 'cluster') return [diagnoseCluster(await gather(io, reading, sourcesOfCluster(snapshot)))];
  const { kind, name } = parseName(text, ['vm', 'migration', 'node']);
  if (kind === 'node') {
    requireNode(snapshot, name);
    const node = nodesOf(snapshot).get(name);
    if (node === undefined) throw new FerryError('FERRY_E_API', 'the nodes are not known', 'Read the cluster again.');
    return [diagnoseNode(await gather(io, reading, sourcesOfNode(snapshot, name)), node)];
  }
  const migration = kind === 'vm' ? undefined : findMigration(reading, name);
  if (migration !== undefined && (kind === 'migration' || !hasVm(reading, name))) {
    const { namespace } = migration.metadata;
    const vm = vmsOf(snapshot).find((each) => each.namespace === namespace && each.name === migration.spec.vmiName);
    const sources =
      vm === undefined
        ? { namespaces: [namespace ?? ''], logs: [], words: [] }
        : sourcesOfVm(snapshot, vm, [migration]);
    return [diagnoseMigration(await gather(io, reading, sources), migration)];
  }
  if (kind === 'migration') {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `there is no migration ${name}`,
      'See: get migrations -A. KubeVirt keeps five ended ones a VM.',
    );
  }
  const vms = await selectVms(reading, [text]);
  return await Promise.all(
    vms.map(async (vm) => {
      const migrations = [...vm.unfinished.map(({ object }) => object), ...vm.finished];
      return diagnoseVm(await gather(io, reading, sourcesOfVm(snapshot, vm, migrations)), vm);
    }),
  );
}

function hasVm({ snapshot, namespace }: Reading, name: string): boolean {
  return vmsOf(snapshot).some((vm) => vm.name === name && (namespace === undefined || vm.namespace === namespace));
}

function findMigration({ snapshot, namespace }: Reading, name: string): VirtualMachineInstanceMigration | undefined {
  const found = itemsOf(snapshot.lists.migrations).filter(
    ({ metadata }) => metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
  );
  if (found.length > 1) {
    throw ambiguous(
      name,
      found.map(({ metadata }) => metadata.namespace ?? ''),
      'migration',
    );
  }
  return found[0];
}

/** A saved Snapshot has neither events nor logs: the diagnosis says what it did not see. */
async function gather(io: Io, { snapshot, client }: Reading, sources: Sources): Promise<Dossier> {
  if (client !== undefined) return await readDossier(client, snapshot, { ...sources, signal: io.signal });
  const absent = { known: false, why: 'failed', message: 'a snapshot does not hold them' } as const;
  return { snapshot, events: absent, logs: absent };
}
