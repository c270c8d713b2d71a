import { ASSUMED_GBPS, linkSpeeds } from '../../model/links.ts';
import { isFinal } from '../../model/migrations.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { WRITES_PER_SECOND } from '../../physics/measured.ts';

/** What the lab takes for granted because the Snapshot does not tell it, a sentence each. */
export function assumptionsOf(snapshot: Snapshot): string[] {
  return [
    ...unknownLists(snapshot),
    ...links(snapshot),
    ...guests(snapshot),
    ...volumes(snapshot),
    ...running(snapshot),
  ];
}

function unknownLists({ lists }: Snapshot): string[] {
  const unknown = Object.entries(lists).flatMap(([name, listing]) =>
    !listing.known && listing.why !== 'missing' ? [name] : [],
  );
  return unknown.length === 0 ? [] : [`There are no ${unknown.sort().join(', ')}: the snapshot could not read them.`];
}

function links(snapshot: Snapshot): string[] {
  const known = linkSpeeds(snapshot);
  const nodes = itemsOf(snapshot.lists.nodes).filter(({ metadata }) => !known.has(metadata.name));
  if (nodes.length === 0) return [];
  return [
    `The NIC of ${count(nodes.length, 'node')} carries ${ASSUMED_GBPS} Gbit/s: no NodeNetworkState tells its speed.`,
  ];
}

function guests({ lists, guests: measured }: Snapshot): string[] {
  const vmis = itemsOf(lists.virtualMachineInstances).filter(({ status }) => status?.phase === 'Running');
  const rates = new Set(
    measured?.known === true
      ? measured.items.flatMap(({ namespace, name, dirtyRate }) =>
          (dirtyRate ?? 0) > 0 ? [`${namespace}/${name}`] : [],
        )
      : [],
  );
  const told = vmis.filter(({ metadata }) => rates.has(`${metadata.namespace}/${metadata.name}`)).length;
  const sentences: string[] = [];
  if (told > 0) {
    sentences.push(
      `${count(told, 'guest')} ${told === 1 ? 'rewrites' : 'rewrite'} what virt-handler measured in a second, each page ${WRITES_PER_SECOND} times a second, and nothing else.`,
    );
  }
  if (told < vmis.length) {
    sentences.push(
      `${count(vmis.length - told, 'guest')} ${vmis.length - told === 1 ? 'rewrites a 64th of its' : 'rewrite a 64th of their'} memory every 8 s: no dirty rate was measured.`,
    );
  }
  return sentences;
}

function volumes({ lists }: Snapshot): string[] {
  return lists.volumes.known || itemsOf(lists.claims).length === 0
    ? []
    : ['Every volume can be attached on every node: the snapshot has no PersistentVolumes.'];
}

function running({ lists }: Snapshot): string[] {
  const unfinished = itemsOf(lists.migrations).filter((migration) => !isFinal(migration)).length;
  return unfinished === 0
    ? []
    : [`${count(unfinished, 'migration')} that had begun ${unfinished === 1 ? 'copies' : 'copy'} from the start.`];
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
