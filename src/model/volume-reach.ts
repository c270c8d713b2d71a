import { keyOf, perSnapshot } from './memo.ts';
import { type NodeView, nodesOf, storageOf } from './nodes.ts';
import type { PersistentVolume } from './objects.ts';
import { matchesNodeTerms, type NodeSelectorTerm } from './selectors.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import type { Vm } from './vm.ts';

/** A volume of a VM that not every node can reach: the node affinity of its PersistentVolume. */
export interface BoundVolume {
  /** Of the VM's volume. */
  name: string;
  volume: PersistentVolume;
  terms: NodeSelectorTerm[];
}

interface Reach {
  byName: Map<string, PersistentVolume>;
  /** Names of the nodes that meet an affinity, by the affinity as text: thousands of volumes have few. */
  nodes: Map<string, Set<string>>;
}

const reachOf = perSnapshot((snapshot: Snapshot): Reach => {
  const bound = itemsOf(snapshot.lists.volumes).filter(({ spec }) => spec?.nodeAffinity?.required !== undefined);
  return { byName: new Map(bound.map((volume) => [volume.metadata.name, volume])), nodes: new Map() };
});

/** Those of a VM's volumes that only some nodes can reach. None where claims or PersistentVolumes are not known. */
export function boundVolumesOf(vm: Vm, snapshot: Snapshot): BoundVolume[] {
  const { byName } = reachOf(snapshot);
  if (byName.size === 0) return [];
  const { claims } = storageOf(snapshot);
  const found: BoundVolume[] = [];
  for (const { name, claimName } of vm.volumes) {
    if (claimName === undefined) continue;
    const volume = byName.get(claims.get(keyOf(vm.namespace, claimName))?.spec?.volumeName ?? '');
    const terms = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms;
    if (volume !== undefined && terms !== undefined) found.push({ name, volume, terms });
  }
  return found;
}

/** A function that gives the first of the volumes that a node can't reach (the scheduler's VolumeBinding). */
export function reachObjector(
  volumes: readonly BoundVolume[],
  snapshot: Snapshot,
): (node: NodeView) => BoundVolume | undefined {
  const { nodes } = reachOf(snapshot);
  const within = volumes.map(({ terms }) => {
    const key = JSON.stringify(terms);
    let names = nodes.get(key);
    if (names === undefined) {
      const able = [...nodesOf(snapshot).values()].filter(({ name, labels }) => matchesNodeTerms(name, labels, terms));
      nodes.set(key, (names = new Set(able.map(({ name }) => name))));
    }
    return names;
  });
  return ({ name }) => volumes.find((_, index) => within[index]?.has(name) === false);
}
