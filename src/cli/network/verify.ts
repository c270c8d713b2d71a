import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import type { KubeObject, NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../../model/objects.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { verifyNetwork } from '../../network/verify.ts';
import { fileError, withSnapshot } from '../cluster.ts';
import type { Io } from '../context.ts';
import type { ConnectionFlags, OutputFlags, SnapshotFlag } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { knownNetworks } from './plan.ts';
import { indentQuoted } from './quoted.ts';
import { reportText } from './render.ts';

export type VerifyFlags = ConnectionFlags & OutputFlags & SnapshotFlag & { filename?: string[] };

export async function runVerify(io: Io, flags: VerifyFlags): Promise<ExitCode> {
  const files = await readObjects(io, flags.filename ?? []);
  return await withSnapshot(io, { ...flags, everyNamespace: true }, async ({ snapshot, client }) => {
    const known = await knownNetworks(client, io.signal);
    const planned = files.filter(
      (one): one is NetworkAttachmentDefinition => one.kind === 'NetworkAttachmentDefinition',
    );
    const report = verifyNetwork(withObjects(snapshot, files), known, planned);
    if (flags.output === 'table') io.stdout.write(reportText(report));
    else io.stdout.write(await renderDocument(document('NetworkReport', report), flags.output as 'json' | 'yaml'));
    return report.findings.some(({ severity }) => severity !== 'info') ? exit.findings : exit.ok;
  });
}

/** The Snapshot as it would be with these objects in it. */
function withObjects(snapshot: Snapshot, objects: readonly KubeObject[]): Snapshot {
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

async function readObjects(io: Io, files: readonly string[]): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const file of files) objects.push(...(await objectsIn(io, file)));
  const wanted = objects.filter(({ kind }) => kind === 'NetworkAttachmentDefinition');
  if (files.length > 0 && wanted.length === 0) {
    throw new FerryError(
      'FERRY_E_USAGE',
      'there is no NetworkAttachmentDefinition in these files',
      'Name the file that has it; a policy alone can’t be looked at.',
    );
  }
  return objects;
}

async function objectsIn(io: Io, file: string): Promise<KubeObject[]> {
  const [{ readFile }, { parseAllDocuments }] = await Promise.all([import('node:fs/promises'), import('yaml')]);
  let text = '';
  if (file === '-') for await (const chunk of io.stdin) text += String(chunk);
  else {
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      throw fileError(file, error);
    }
  }
  const strict = parseAllDocuments(text);
  const documents = strict.some(({ errors }) => errors.length > 0) ? parseAllDocuments(indentQuoted(text)) : strict;
  return documents.flatMap((parsed): KubeObject[] => {
    const [problem] = parsed.errors;
    if (problem !== undefined) {
      throw new FerryError(
        'FERRY_E_FILE',
        `${file} is not YAML: ${problem.message.split('\n')[0] ?? ''}`,
        'Correct it.',
      );
    }
    const value = parsed.toJS() as KubeObject | null;
    if (value === null) return [];
    if (typeof value.kind !== 'string' || typeof value.metadata?.name !== 'string') {
      throw new FerryError(
        'FERRY_E_FILE',
        `${file} holds something that is no Kubernetes object`,
        'Every document needs kind and metadata.name.',
      );
    }
    return [value];
  });
}
