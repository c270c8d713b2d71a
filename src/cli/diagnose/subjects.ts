import { readDossier } from '../../cluster/dossier.ts';
import { type About, diagnoseAbout } from '../../diagnose/about.ts';
import type { Diagnosis } from '../../diagnose/diagnose.ts';
import type { Sources } from '../../diagnose/sources.ts';
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
  const subjects = await subjectsOf(reading, text);
  return await Promise.all(
    subjects.map((about) => diagnoseAbout(about, reading.snapshot, (sources) => gather(io, reading, sources))),
  );
}

async function subjectsOf(reading: Reading, text: string): Promise<About[]> {
  const { snapshot } = reading;
  if (text === 'cluster') return [{ kind: 'cluster' }];
  const { kind, name } = parseName(text, ['vm', 'migration', 'node']);
  if (kind === 'node') {
    requireNode(snapshot, name);
    const node = nodesOf(snapshot).get(name);
    if (node === undefined) throw new FerryError('FERRY_E_API', 'the nodes are not known', 'Read the cluster again.');
    return [{ kind: 'node', node }];
  }
  const migration = kind === 'vm' ? undefined : findMigration(reading, name);
  if (migration !== undefined && (kind === 'migration' || !hasVm(reading, name))) {
    return [{ kind: 'migration', migration }];
  }
  if (kind === 'migration') {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `there is no migration ${name}`,
      'See: get migrations -A. KubeVirt keeps five ended ones a VM.',
    );
  }
  const vms = await selectVms(reading, [text]);
  return vms.map((vm): About => ({ kind: 'vm', vm }));
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
