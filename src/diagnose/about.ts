import type { Dossier } from '../model/dossier.ts';
import type { NodeView } from '../model/nodes.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsOf } from '../model/vm.ts';
import { type Diagnosis, diagnoseCluster, diagnoseMigration, diagnoseNode, diagnoseVm } from './diagnose.ts';
import { type Sources, sourcesOfCluster, sourcesOfNode, sourcesOfVm } from './sources.ts';

/** What a diagnosis can be asked for. */
export type About =
  | { kind: 'cluster' }
  | { kind: 'node'; node: NodeView }
  | { kind: 'migration'; migration: VirtualMachineInstanceMigration }
  | { kind: 'vm'; vm: Vm };

/** Reads, through `gather`, what was said about something, and diagnoses it. */
export async function diagnoseAbout(
  about: About,
  snapshot: Snapshot,
  gather: (sources: Sources) => Promise<Dossier>,
): Promise<Diagnosis> {
  if (about.kind === 'cluster') return diagnoseCluster(await gather(sourcesOfCluster(snapshot)));
  if (about.kind === 'node') return diagnoseNode(await gather(sourcesOfNode(snapshot, about.node.name)), about.node);
  if (about.kind === 'migration') {
    return diagnoseMigration(await gather(sourcesOfMigration(snapshot, about.migration)), about.migration);
  }
  const { vm } = about;
  const migrations = [...vm.unfinished.map(({ object }) => object), ...vm.finished];
  return diagnoseVm(await gather(sourcesOfVm(snapshot, vm, migrations)), vm);
}

function sourcesOfMigration(snapshot: Snapshot, migration: VirtualMachineInstanceMigration): Sources {
  const { namespace = '' } = migration.metadata;
  const vm = vmsOf(snapshot).find((each) => each.namespace === namespace && each.name === migration.spec.vmiName);
  if (vm === undefined) return { namespaces: [namespace], logs: [], words: [] };
  return sourcesOfVm(snapshot, vm, [migration]);
}
