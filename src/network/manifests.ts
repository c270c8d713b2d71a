import { FerryError } from '../model/errors.ts';
import type { KubeObject, NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { indentQuoted } from './quoted.ts';

/** The Kubernetes objects of a text of YAML documents (or JSON). Throws FERRY_E_FILE; `where` says what was read. */
export async function parseManifests(text: string, where: string): Promise<KubeObject[]> {
  const { parseAllDocuments } = await import('yaml');
  const strict = parseAllDocuments(text);
  const documents = strict.some(({ errors }) => errors.length > 0) ? parseAllDocuments(indentQuoted(text)) : strict;
  return documents.flatMap((parsed): KubeObject[] => {
    const [problem] = parsed.errors;
    if (problem !== undefined) {
      throw new FerryError(
        'FERRY_E_FILE',
        `${where} is not YAML: ${problem.message.split('\n')[0] ?? ''}`,
        'Correct it.',
      );
    }
    const value: unknown = parsed.toJS();
    return value === null ? [] : [requireObject(value, where)];
  });
}

function requireObject(value: unknown, where: string): KubeObject {
  const object = value as Partial<KubeObject>;
  if (typeof object.kind === 'string' && typeof object.metadata?.name === 'string') return value as KubeObject;
  throw new FerryError(
    'FERRY_E_FILE',
    `${where} holds something that is no Kubernetes object`,
    'Every document needs kind and metadata.name.',
  );
}

/** The networks among objects that are to be looked at before they are applied. Throws FERRY_E_USAGE if there is none. */
export function plannedNetworks(objects: readonly KubeObject[], where: string): NetworkAttachmentDefinition[] {
  const wanted = objects.filter(
    (one): one is NetworkAttachmentDefinition => one.kind === 'NetworkAttachmentDefinition',
  );
  if (wanted.length > 0) return wanted;
  throw new FerryError(
    'FERRY_E_USAGE',
    `there is no NetworkAttachmentDefinition in ${where}`,
    'Give the one that is to be used; a policy alone can’t be looked at.',
  );
}

/** The Snapshot as it would be with these objects in it. */
export function withObjects(snapshot: Snapshot, objects: readonly KubeObject[]): Snapshot {
  if (objects.length === 0) return snapshot;
  const { networkAttachments, nodeNetworkPolicies } = snapshot.lists;
  const of = <T extends KubeObject>(kind: string, present: T[]): T[] => {
    const mine = objects.filter((one) => one.kind === kind) as T[];
    const same = (a: T, b: T): boolean =>
      a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;
    return [...present.filter((one) => !mine.some((other) => same(one, other))), ...mine];
  };
  return {
    ...snapshot,
    lists: {
      ...snapshot.lists,
      networkAttachments: { known: true, items: of('NetworkAttachmentDefinition', itemsOf(networkAttachments)) },
      nodeNetworkPolicies: {
        known: true,
        items: of<NodeNetworkConfigurationPolicy>('NodeNetworkConfigurationPolicy', itemsOf(nodeNetworkPolicies)),
      },
    },
  };
}
